"""The next version (更新順番号) of what a register knows of a person, with the items that the register itself gives."""

from datetime import datetime

from msgspec.structs import asdict

from daemon.clock import day_of
from daemon.register.derived import fuhyo_derived, honnin_derived
from daemon.register.rows import FuhyoRow, HonninRecord, HonninRow, Record, Row

OPERATOR = "CS"
"""操作者ID of whatever comes from a 市町村CS: nobody operates (the assessment)."""


def next_row(
    record: Record, last: Row | None, *, received: datetime, terminal: str, applied: datetime | None = None
) -> Row:
    """The row that applies `record`, checked and judged, after `last`.

    `received` (aware) is when the notice came: the Japanese day from which the term of retention runs (住基法30条の6第3項).
    `applied` is when it is applied, タイムスタンプ: the same moment, but where it was held meanwhile. `terminal` is
    操作端末ID, in `honnin` only.
    """
    given = {
        "received_on": day_of(received),
        "updated_at": applied or received,
        "serial": last.serial + 1 if last else 1,
    }
    if isinstance(record, HonninRecord):
        derived = honnin_derived(record)
        own = {
            "operator_id": OPERATOR,
            "terminal_id": terminal,
            # The 150 years of a 消除 run from its own notice; any other row waits for its successor's.
            "retention_flag": derived["struck_flag"],
        }
        items = asdict(record)
        items.update(derived, **given, **own)
        return HonninRow(**items)
    return FuhyoRow(**asdict(record) | fuhyo_derived(record) | given)
