"""The service's own record of the time: what it believes when it is asked to destroy what the law has ended.

The record goes on with the wall clock as long as that agrees with the time that passed (monotonic). A wall clock
that is ahead is followed only as far as a slack allows: a day at most, which grows back by a thirtieth of the time
that is watched. A jump beyond it is not followed at all: the record goes on by the time that passes, and says so
(`jumped`), until custodians set it. A wall clock that is behind makes the record go slower, never back.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from daemon.clock import Clock

DAY = timedelta(days=1)
GROWTH = 30  # watched time to slack that grows back, and to how much slower the record goes
PERSIST = timedelta(minutes=1)
_ZERO = timedelta()


@dataclass(frozen=True)
class Record:
    """What is believed."""

    time: datetime
    slack: timedelta = DAY
    """How far a wall clock ahead is followed yet."""
    jumped: bool = False


def advance(record: Record, wall: datetime, elapsed: timedelta) -> Record:
    """The record when `elapsed` has passed and the wall clock says `wall`."""
    expected, slack = record.time + elapsed, min(DAY, record.slack + elapsed / GROWTH)
    ahead = wall - expected
    if record.jumped or ahead > slack or ahead < -DAY:
        return Record(expected, slack, jumped=True)
    if ahead >= _ZERO:
        return Record(wall, slack - ahead)
    return Record(expected - min(-ahead, elapsed / GROWTH), slack)


class Timekeeper:
    """The record, kept going. `keep` puts it on the disk; it is asked at most once a minute, or after a big step."""

    def __init__(self, clock: Clock, kept: Record | None) -> None:
        self._clock = clock
        # Nothing passed that we watched since the record was kept: all of it is a jump of the wall clock.
        self._record = kept or Record(clock.now())
        self._looked = clock.monotonic()
        self._persisted = kept

    def now(self) -> datetime:
        """The time, by the record."""
        return self.record.time

    @property
    def jumped(self) -> bool:
        """Whether the wall clock stands further from the record than was followed."""
        return self.record.jumped

    @property
    def record(self) -> Record:
        """The record at this moment."""
        looked = self._clock.monotonic()
        elapsed = timedelta(seconds=max(0.0, looked - self._looked))
        self._record, self._looked = advance(self._record, self._clock.now(), elapsed), looked
        return self._record

    def wall(self) -> datetime:
        """What the machine's clock says, believed or not."""
        return self._clock.now()

    def due(self) -> Record | None:
        """The record, if it is time to persist it."""
        record, last = self.record, self._persisted
        fresh = (
            last is not None
            and record.time - last.time < PERSIST
            and record.jumped == last.jumped
            and last.slack - record.slack < PERSIST
        )
        return None if fresh else record

    def persisted(self, record: Record) -> None:
        """It is on the disk."""
        self._persisted = record

    def set(self, moment: datetime) -> Callable[[], None]:
        """Believe `moment`, with all the slack; gives the way back, for when it cannot be kept."""
        before = self.record

        def undo() -> None:
            self._record = replace(before)

        self._record = Record(moment)
        return undo
