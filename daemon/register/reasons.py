"""Whether a record may follow the last row of the same person: the one reader of the transition tables.

Pure: it decides and changes nothing. The order of the questions is fixed: is there such a reason, are its date, its
municipality and its old code possible, may it come to a person who stands so, from this municipality, does it change only
what it may, and all that it must. `record` has passed `checks.check`, and `last` is the newest row under its
住民票コード, under the old one where that changes.

A 転出 dated ahead counts from its date, or from the 転入 that comes first (標準仕様書 j50). Until then the person is
present: a death, a 消除, a new date of departure or the 取消し of this one may still come; a change may not, since the row
it makes would stand after the departure and undo it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from itertools import compress
from operator import attrgetter, ne

from msgspec import Struct

from daemon.errors import ConflictError, InputError
from daemon.register.dates import number_of, span
from daemon.register.derived import STATUS, standing_after, table_of, transition_of
from daemon.register.event_dates import check_dates
from daemon.register.honnin_reasons import HONNIN_REASONS
from daemon.register.items import FUHYO, HONNIN, Item, Origin
from daemon.register.municipalities import EVERY, keeper
from daemon.register.number_rules import check_number
from daemon.register.rows import FuhyoRow, HonninRecord, HonninRow, Record, Row
from daemon.register.transitions import Sender, Standing, Transition

CANCELLED_ENTRY = "25"
"""異動の取消し（減）: the 記載 before it was a mistake."""
MUNICIPALITY = 14
"""The item that is the municipality, in both registers."""


class Decision(Struct, frozen=True):
    """Where the person will stand, and codes of what someone should look at."""

    standing: Standing
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Boundary:
    """An announced 廃置分合・境界変更: people of `old` belong to `new` (5 digits) from the day `on` (YYYYMMDD)."""

    old: str
    new: str
    on: int


class Code(Struct, frozen=True):
    """What is known of the codes of a notice: the old one that it names, or "", and who has or ever had its 住民票コード.

    In `fuhyo` the old one is an item of the record (13), and not looked for here.
    """

    old: str = ""
    holder: Row | None = None


NO_CODE = Code()
"""A notice that names no old code, with a 住民票コード that nobody ever had."""

_STATUS_MEANS = {status: standing for standing, status in STATUS.items()}
_ABOUT_THE_NOTICE = frozenset({"reason", "event_date", "former_code", "notice_kind"})


def _compared(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(
        item for item in items if item.origin is Origin.SENDER and item.name not in _ABOUT_THE_NOTICE
    )


_HONNIN_COMPARED, _FUHYO_COMPARED = _compared(HONNIN), _compared(FUHYO)
_HONNIN_VALUES, _FUHYO_VALUES = (
    attrgetter(*(item.name for item in compared)) for compared in (_HONNIN_COMPARED, _FUHYO_COMPARED)
)


def standing_of(row: Row, *, on: date | None = None) -> Standing:
    """Where the newest row leaves the person; with `on`, as of that day: present until a 転出 dated ahead comes."""
    if isinstance(row, FuhyoRow):
        return _STATUS_MEANS[row.status]
    if on is not None and _departs_after(row, on):
        return Standing.PRESENT
    return HONNIN_REASONS[row.reason].after


def changes_code(record: Record) -> bool:
    """Whether it gives the person another 住民票コード."""
    table, reason, _ = table_of(record)
    return reason in table and table[reason].renames


def judge(
    record: Record,
    last: Row | None,
    *,
    today: date,
    received: date | None = None,
    code: Code = NO_CODE,
    announced: Collection[Boundary] = (),
) -> Decision:
    """What follows from `record`, which came on `received` and has waited since, or on `today` (Japanese days), after `last`.

    What came in time stays its municipality's own, though that is merged away since: its heir stands in its place.

    Raises InputError (unknown reason, impossible date or municipality, number or old code where none can be) or
    ConflictError (the register says no).
    """
    transition = transition_of(record)
    warnings = check_dates(record, transition, today)
    if not EVERY[record.municipality].valid(received or today):
        raise InputError("reason.municipality_not_valid", field="municipality")
    _old_code(record, transition, last, code)
    _precondition(record, transition, last, today)
    if last is None:
        if code.holder is not None:
            raise ConflictError("reason.code_in_use", field="juminhyo_code")
    else:
        elsewhere = keeper(record.municipality, today) != keeper(last.municipality, today)
        _sender(record, transition, last, announced, elsewhere=elsewhere)
        _differences(record, transition, last, elsewhere=elsewhere)
        if transition.renames and code.holder is not None:
            raise ConflictError("reason.code_in_use", field="juminhyo_code")
    if isinstance(record, HonninRecord):
        warnings += check_number(record, transition, last)
    return Decision(standing_after(record), warnings)


def _departs_after(row: HonninRow, day: date) -> bool:
    return HONNIN_REASONS[row.reason].after is Standing.OUT and span(row.event_date)[0] > number_of(day)


def _old_code(record: Record, transition: Transition, last: Row | None, code: Code) -> None:
    if isinstance(record, HonninRecord):
        field, old = "old_code", code.old
    else:
        field, old = "former_code", record.former_code
    if old and not transition.renames:
        raise InputError("reason.old_code_unasked", field=field)
    if transition.renames and (not old or (last is not None and old != last.juminhyo_code)):
        raise ConflictError("reason.old_code", field=field)


_REFUSED = {
    Standing.NONE: "reason.not_known",
    Standing.OUT: "reason.moved_out",
    Standing.DEAD: "reason.dead",
    Standing.GONE: "reason.struck",
    Standing.STRUCK: "reason.struck",
}
"""Why a person who stands so cannot have what was asked; whoever is present is in `_refusal`."""


def _precondition(record: Record, transition: Transition, last: Row | None, today: date) -> None:
    standing = standing_of(last) if last else Standing.NONE
    departing = isinstance(last, HonninRow) and _departs_after(last, today)
    possible = {standing, Standing.PRESENT} if departing else {standing}
    if departing and transition.changes:
        raise ConflictError("reason.departure_pending", field="reason")
    if not possible & transition.before:
        raise ConflictError(_refusal(record, transition, last, today), field="juminhyo_code")


def _refusal(record: Record, transition: Transition, last: Row | None, today: date) -> str:
    if transition.before == {Standing.NONE}:
        return "reason.code_in_use"
    standing = standing_of(last) if last else Standing.NONE
    if standing in _REFUSED or last is None:
        return _REFUSED[standing]
    here = keeper(record.municipality, today) == keeper(last.municipality, today)
    return "reason.present_already" if here else "reason.present_elsewhere"


def _sender(
    record: Record, transition: Transition, last: Row, announced: Collection[Boundary], *, elsewhere: bool
) -> None:
    if transition.sender is Sender.SUCCESSOR:
        _announced(record, last, announced)
        return
    anybody = transition.sender is Sender.ANYBODY
    if transition.sender is Sender.RESTORER:
        anybody = isinstance(last, HonninRow) and last.reason == CANCELLED_ENTRY
    if not anybody and elsewhere:
        raise ConflictError("reason.other_municipality", field="municipality")


def _announced(record: Record, last: Row, announced: Collection[Boundary]) -> None:
    way = (last.municipality, record.municipality)
    days = {boundary.on for boundary in announced if (boundary.old, boundary.new) == way}
    if not days:
        raise ConflictError("reason.not_announced", field="municipality")
    if span(record.event_date)[0] not in days:
        raise ConflictError("reason.boundary_date", field="event_date")


def _differences(record: Record, transition: Transition, last: Row, *, elsewhere: bool) -> None:
    if isinstance(record, HonninRecord):
        compared, values = _HONNIN_COMPARED, _HONNIN_VALUES
    else:
        compared, values = _FUHYO_COMPARED, _FUHYO_VALUES
    changed = list(compress(compared, map(ne, values(record), values(last))))
    further = transition.may_elsewhere if elsewhere else {MUNICIPALITY}
    for item in changed:
        if item.number not in transition.may and item.number not in further:
            raise ConflictError("reason.item_changed", field=item.name)
    if transition.must and transition.must.isdisjoint(item.number for item in changed):
        field = next(item.name for item in compared if item.number in transition.must)
        raise ConflictError("reason.nothing_changed", field=field)
