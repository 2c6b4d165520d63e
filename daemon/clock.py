"""The clock, as an argument: nothing in the register asks the machine for the time by itself.

One operation takes the time once and passes it on, so that no run straddles a midnight.
"""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Protocol

JST = timezone(timedelta(hours=9), "JST")
"""Japan has no summer time; every 年月日 of the law is a day in this zone."""


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed point; never goes back."""
        ...


class SystemClock:
    """The machine's own clock; only the composition root makes one."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that tests and drills move by hand."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, by: timedelta) -> None:
        """Move both the wall clock and the monotonic clock forward by `by`."""
        self._now += by
        self._elapsed += by.total_seconds()


@lru_cache(maxsize=64)
def day_of(moment: datetime) -> date:
    """The Japanese calendar day on which `moment` falls."""
    return moment.astimezone(JST).date()


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour of UTC in which `moment` lies."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def fiscal_year(day: date) -> int:
    """The fiscal year (会計年度, 1 April to 31 March; 地方自治法208条) that `day` lies in."""
    return day.year if day.month >= 4 else day.year - 1  # noqa: PLR2004 - April
