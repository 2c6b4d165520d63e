"""From which day a version is in force, and which of a person's versions is in force on a day.

Two times are kept: when it happened (異動年月日) and when we were told (通知を受けた年月日). A version counts from the day on
which it happened; where that day is not exactly known, from the last day that it may have been, and not later than the
day we were told. A 転出 dated ahead counts from its day.

On any day the version with the highest 更新順番号 that counts by then is in force: what came later knew better. So a
correction dated back takes the place of what it corrects, and a 転入 that comes before the day of a 転出 takes the place of
that 転出 (標準仕様書 j50). Therefore a version stays in force until the first day of any version after it.
"""

from collections.abc import Iterable
from datetime import date

from daemon.register.dates import number_of, span
from daemon.register.rows import Row

FOREVER = 99999999
"""Stands for "no end": sorts after every day."""


def since(row: Row) -> int:
    """The first day (YYYYMMDD) on which `row` counts."""
    first, last = span(row.event_date)
    return first if first == last else min(last, number_of(row.received_on))


def in_force(versions: Iterable[Row], on: date) -> Row | None:
    """Of the versions of one person the one that is in force on a day; None where there was none yet."""
    counting = [row for row in versions if since(row) <= number_of(on)]
    return max(counting, key=lambda row: row.serial, default=None)
