"""Whether all versions of one person, as another system kept them, can be taken over. Pure.

A history is right if each version is well formed as a record (`checks`) and states what follows from its items, and if the
versions are numbered 1, 2, 3 … in the order in which they were told, none before it happened (but a 転出). Whether each
may follow the one before (`reasons`) is looked at and told, not required: the rules are ours, the history is not. A
municipality that was abolished stands in versions that were told while it was there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from daemon.clock import day_of
from daemon.errors import ConflictError, InputError
from daemon.register.checks import check
from daemon.register.dates import number_of, span
from daemon.register.derived import transition_of
from daemon.register.municipalities import EVERY
from daemon.register.reasons import Boundary, Code, changes_code, judge
from daemon.register.rows import FuhyoRecord, FuhyoRow, HonninRecord, HonninRow, Record, Row
from daemon.register.transitions import EventDate

_EQUIPMENT = re.compile(r"[!-~]{0,20}")
"""操作者ID, 操作端末ID."""
MERGERS = frozenset(
    Boundary(place.code, place.heir, number_of(place.until)) for place in EVERY.values() if place.heir
)
"""What a 廃置分合 of the past could have told."""
_RECORDS: dict[type[Row], type[Record]] = {HonninRow: HonninRecord, FuhyoRow: FuhyoRecord}


@dataclass(frozen=True)
class Checked:
    """A history as it is to be stored."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    """Codes of what the transition table would have said, in the order of the versions."""


def checked(rows: Sequence[Row], *, of: type[Row], now: datetime) -> Checked:
    """`rows`, the versions of one person in a register of rows `of`, the oldest first.

    Raises InputError, whose field is the version's place from 1 and the item (`3.kana`).
    """
    if not rows:
        raise InputError("history.empty")
    taken: list[Row] = []
    warnings: list[str] = []
    for place, row in enumerate(rows, start=1):
        last = taken[-1] if taken else None
        try:
            stated = _record(row, of)
            record = check(stated)
            _own_items(row, place, last, now)
            _dates(row, record)
        except InputError as error:
            raise InputError(error.code, field=f"{place}.{error.field}") from error
        warnings += _warnings(record, last, row)
        taken.append(row if record is stated else _stored(row, record))
    return Checked(tuple(taken), tuple(warnings))


def _record(row: Row, of: type[Row]) -> Record:
    """What the notice said that made `row`, derived items included."""
    if type(row) is not of:
        raise InputError("history.other_register")
    kind = _RECORDS[of]
    return kind(**{name: getattr(row, name) for name in kind.__struct_fields__})


def _own_items(row: Row, place: int, last: Row | None, now: datetime) -> None:
    """The items that the register itself gave."""
    if row.serial != place:
        raise InputError("history.serial", field="serial")
    if last is not None and row.received_on < last.received_on:
        raise InputError("history.order", field="received_on")
    if row.received_on > day_of(now):
        raise InputError("history.ahead", field="received_on")
    if row.updated_at.tzinfo is None or row.updated_at > now:
        raise InputError("history.time", field="updated_at")
    if isinstance(row, HonninRow):
        for field in ("operator_id", "terminal_id"):
            if not _EQUIPMENT.fullmatch(getattr(row, field)):
                raise InputError("history.equipment", field=field)
        if row.retention_flag not in ("0", "1"):
            raise InputError("history.flag", field="retention_flag")


def _dates(row: Row, record: Record) -> None:
    ahead = span(row.event_date)[0] > number_of(row.received_on)
    if ahead and transition_of(record).date is not EventDate.AHEAD:
        raise InputError("history.untold", field="event_date")
    if not EVERY[record.municipality].valid(row.received_on):
        raise InputError("history.municipality", field="municipality")


def _warnings(record: Record, last: Row | None, row: Row) -> Sequence[str]:
    code = Code(old=last.juminhyo_code if last and changes_code(record) else "")
    try:
        judge(record, last, today=row.received_on, code=code, announced=MERGERS)
    except (InputError, ConflictError) as error:
        return (error.code,)
    return ()


def _stored(row: Row, record: Record) -> Row:
    """`row` as checks would have it: kana as hiragana, municipalities as 5 digits."""
    return replace(row, **{name: getattr(record, name) for name in record.__struct_fields__})
