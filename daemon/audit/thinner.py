"""A duty of its own: to thin out checkpoints by the rule of `daemon.audit.thinning`, a little at a time.

It has no entry in the log: a checkpoint is no act, and whatever a deleted one proved, each later one proves.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from daemon.audit.checkpoints import Signed
from daemon.audit.journal import sequence
from daemon.audit.naming import bound
from daemon.audit.thinning import Candidate, is_over, superfluous
from daemon.clock import Clock, hour_of
from daemon.errors import JukuraError
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

PAUSE = 600.0  # seconds until it is looked again
PAGE = 100  # checkpoints looked at in one step
AT_ONCE = 50  # deleted in one commit
BREATH = 0.1  # seconds between two steps
THINNED = b"thinned"
"""In META: the first checkpoint that was not looked at yet (8 bytes)."""

Hour = dict[Candidate, bytes]
"""The checkpoints of one hour, with their notes as they are stored."""


class Thinner:
    """Does the duty for one register."""

    def __init__(self, engine: Engine, writer: Writer, clock: Clock) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock
        self._first: bytes | None = None

    async def run(self) -> None:
        """Do the duty until cancelled; what fails is tried again."""
        while True:
            try:
                gone = await self.look()
            except JukuraError as error:
                log.warning("checkpoints not thinned", extra={"code": error.code})
            else:
                if gone:
                    log.info("checkpoints thinned", extra={"count": gone})
            await asyncio.sleep(PAUSE)

    async def look(self) -> int:
        """One round: every hour that is over; how many were deleted."""
        if self._first is None:
            held = await self._engine.get_many(Table.META, [THINNED])
            self._first = held.get(THINNED, sequence(0))
        now, gone = self._clock.now(), 0
        async for hour in self._hours(self._first, now):
            gone += await self._thin(hour, now)
            self._first = _after(hour)
        return gone

    async def _hours(self, first: bytes, now: datetime) -> AsyncIterator[Hour]:
        """The checkpoints of one hour after the other, as long as it is over and others follow: the newest of all stays."""
        hour: Hour = {}
        begun: datetime | None = None
        while page := await self._engine.apart.scan(Table.CHECKPOINTS, first=first, limit=PAGE):
            for key, value in page:
                one = _candidate(Signed.of(key, value))
                if one.at is not None:
                    if begun not in {None, hour_of(one.at)}:
                        yield hour
                        hour = {}
                    if not is_over(one.at, now):
                        return
                    begun = hour_of(one.at)
                hour[one] = value
            first = page[-1][0] + b"\x00"
            await asyncio.sleep(BREATH)

    async def _thin(self, hour: Hour, now: datetime) -> int:
        """Delete what is superfluous of one hour; how many those were."""
        seen = {one.size: note for one, note in hour.items()}
        sizes, gone = superfluous(list(hour), now), 0
        for start in range(0, len(sizes), AT_ONCE):
            some = {size: seen[size] for size in sizes[start : start + AT_ONCE]}
            done = _after(hour) if start + AT_ONCE >= len(sizes) else None
            gone += await self._delete(some, done)
            await asyncio.sleep(BREATH)
        return gone

    async def _delete(self, seen: Mapping[int, bytes], done: bytes | None) -> int:
        """Delete those that are still as they were `seen` and that nothing needs; how many those were. `done` is noted."""

        async def work(draft: Draft) -> int:
            stay = await bound(draft, seen)
            held = await draft.get_many(Table.CHECKPOINTS, [sequence(size) for size in seen])
            gone = [
                size for size, note in seen.items() if size not in stay and held.get(sequence(size)) == note
            ]
            for size in gone:
                draft.delete(Table.CHECKPOINTS, sequence(size))
            if done is not None:
                draft.put(Table.META, THINNED, done)
            return len(gone)

        return await self._writer.write(work)


def _candidate(signed: Signed) -> Candidate:
    return Candidate(signed.size, signed.signed_at, signed.signatures)


def _after(hour: Hour) -> bytes:
    """Where the next hour begins."""
    return sequence(max(one.size for one in hour) + 1)
