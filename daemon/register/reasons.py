"""Whether a record may follow the last row of the same person: the one reader of the transition tables.

Pure: it decides and changes nothing. The order of the questions is fixed: is there such a reason, is its date
possible, may it come to a person who stands so, from this municipality, does it change only what it may, and all
that it must. `record` has passed `checks.check`, and `last` is the newest row under its 住民票コード.

A 転出 dated ahead counts from its date, or from the 転入 that comes first (標準仕様書 j50). Until then the person is
present: a death, a 消除 or a new date of departure may still come; a change may not, since the row it makes would
stand after the departure and undo it.
"""

from dataclasses import dataclass
from datetime import date

from daemon.errors import ConflictError, InputError
from daemon.register.dates import is_calendar, is_complete, number_of, span
from daemon.register.derived import STATUS, standing_after, transition_of
from daemon.register.honnin_reasons import HONNIN_REASONS
from daemon.register.items import FUHYO, HONNIN, Item, Origin
from daemon.register.rows import FuhyoRow, HonninRecord, HonninRow, Record, Row
from daemon.register.transitions import EventDate, Number, Standing, Transition

FUTURE_DEPARTURE = "reason.future_departure"
NUMBER_CHANGED = "reason.number_changed"


@dataclass(frozen=True)
class Decision:
    """Where the person will stand, and codes of what someone should look at."""

    standing: Standing
    warnings: tuple[str, ...] = ()


_STATUS_MEANS = {status: standing for standing, status in STATUS.items()}
_ABOUT_THE_NOTICE = frozenset({"reason", "event_date", "former_code", "notice_kind"})


def _compared(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(
        item for item in items if item.origin is Origin.SENDER and item.name not in _ABOUT_THE_NOTICE
    )


_HONNIN_COMPARED, _FUHYO_COMPARED = _compared(HONNIN), _compared(FUHYO)


def standing_of(row: Row, *, on: date | None = None) -> Standing:
    """Where the newest row leaves the person; with `on`, as of that day: present until a 転出 dated ahead comes."""
    if isinstance(row, FuhyoRow):
        return _STATUS_MEANS[row.status]
    if on is not None and _departs_after(row, on):
        return Standing.PRESENT
    return HONNIN_REASONS[row.reason].after


def judge(record: Record, last: Row | None, *, today: date) -> Decision:
    """What follows from `record`, which came on `today` (Japanese day), after `last`.

    Raises InputError (unknown reason, impossible date, number where none can be) or ConflictError (the register
    says no).
    """
    transition = transition_of(record)
    warnings = _dates(record, transition, today)
    _precondition(record, transition, last, today)
    _differences(record, transition, last)
    if isinstance(record, HonninRecord):
        warnings += _number(record, transition, last)
    return Decision(standing_after(record), warnings)


def _departs_after(row: HonninRow, day: date) -> bool:
    return HONNIN_REASONS[row.reason].after is Standing.OUT and span(row.event_date)[0] > number_of(day)


def _dates(record: Record, transition: Transition, today: date) -> tuple[str, ...]:
    day = number_of(today)
    born, event = span(record.birth), span(record.event_date)
    if born[0] > day:
        raise InputError("reason.birth_in_future", field="birth")
    if transition.date is not EventDate.VAGUE and not is_calendar(record.event_date):
        incomplete = not is_complete(record.event_date)
        raise InputError(
            "reason.date_incomplete" if incomplete else "reason.date_not_in_calendar", field="event_date"
        )
    if event[1] < born[0]:
        raise InputError("reason.before_birth", field="event_date")
    if event[0] <= day:
        return ()
    if transition.date is EventDate.AHEAD:
        return (FUTURE_DEPARTURE,)
    raise InputError("reason.date_in_future", field="event_date")


_REFUSED = {
    Standing.NONE: "reason.not_known",
    Standing.OUT: "reason.moved_out",
    Standing.DEAD: "reason.dead",
    Standing.GONE: "reason.struck",
    Standing.STRUCK: "reason.struck",
}
"""Why a person who stands so cannot have what was asked; whoever is present is in `_precondition`."""


def _precondition(record: Record, transition: Transition, last: Row | None, today: date) -> None:
    standing = standing_of(last) if last else Standing.NONE
    departing = isinstance(last, HonninRow) and _departs_after(last, today)
    possible = {standing, Standing.PRESENT} if departing else {standing}
    if departing and not transition.enters and not transition.strikes:
        raise ConflictError("reason.departure_pending", field="reason")
    if not possible & transition.before:
        raise ConflictError(_refusal(record, transition, last, standing), field="juminhyo_code")
    if last and not transition.enters and record.municipality != last.municipality:
        raise ConflictError("reason.other_municipality", field="municipality")


def _refusal(record: Record, transition: Transition, last: Row | None, standing: Standing) -> str:
    if transition.before == {Standing.NONE}:
        return "reason.code_in_use"
    if standing in _REFUSED or last is None:
        return _REFUSED[standing]
    here = record.municipality == last.municipality
    return "reason.present_already" if here else "reason.present_elsewhere"


def _differences(record: Record, transition: Transition, last: Row | None) -> None:
    if last is None:
        return
    compared = _HONNIN_COMPARED if isinstance(record, HonninRecord) else _FUHYO_COMPARED
    changed = [item for item in compared if getattr(record, item.name) != getattr(last, item.name)]
    for item in changed:
        if item.number not in transition.may:
            raise ConflictError("reason.item_changed", field=item.name)
    if transition.must and transition.must.isdisjoint(item.number for item in changed):
        field = next(item.name for item in compared if item.number in transition.must)
        raise ConflictError("reason.nothing_changed", field=field)


def _number(record: HonninRecord, transition: Transition, last: Row | None) -> tuple[str, ...]:
    before = last.kojin_bango if isinstance(last, HonninRow) else ""
    rule = transition.number
    if record.kojin_bango and (rule is Number.NOT_YET or (rule is Number.NOT_YET_AT_FIRST and last is None)):
        raise InputError("reason.number_too_early", field="kojin_bango")
    if rule is Number.GIVEN and before:
        raise ConflictError("reason.number_known", field="kojin_bango")
    if rule is Number.REPLACED and not (before and record.kojin_bango):
        raise ConflictError("reason.number_missing", field="kojin_bango")
    return (NUMBER_CHANGED,) if transition.enters and before and before != record.kojin_bango else ()
