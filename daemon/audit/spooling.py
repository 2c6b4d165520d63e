"""Keeps the spool level with the log: each group's entries are on the second disk before the group is committed.

The second disk may be away: then the log goes on without it, the register says so, and when it is back what it missed is read from the truth.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any, TypeVar

from daemon.audit import purged
from daemon.audit.journal import Journal, sequence
from daemon.audit.spool import Spool
from daemon.clock import Clock, day_of
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.store.draft import Draft, Group
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

T = TypeVar("T")

BEHIND = "spool.behind"
DEADLINE = 5.0  # seconds for the second disk; past it the log goes on without
LOOK = 15.0  # seconds between two tries to catch up
BATCH = 2000  # entries read from the truth at once
CLOSE = 2000  # entries behind that are made good while nothing is committed


class Spooling:
    """Takes part in every group of the writer."""

    def __init__(self, spool: Spool, journal: Journal, engine: Engine, clock: Clock, *, days: int) -> None:
        self._spool = spool
        self._journal = journal
        self._engine = engine
        self._clock = clock
        self._days = timedelta(days=days)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._turn = asyncio.Lock()
        self._busy: asyncio.Future[Any] | None = None
        """What the disk was asked for and has not answered."""
        self.code = BEHIND
        """Why it is not level with the log; empty where it is."""
        self._end = 0
        """Entries that are there,"""
        self._ahead = 0
        """with those of the open group,"""
        self._known = journal.tree.size
        """and how many of what may be there were committed: what lies beyond never happened, or nobody knows."""
        self._pruned: date | None = None

    @property
    def away(self) -> bool:
        """Whether the second disk cannot be used; while it only catches up, all is well."""
        return self.code not in ("", BEHIND)

    # A participant of the writer's groups.

    def begin(self) -> None:
        """Nothing: what a group means is known at its end."""

    def merge(self, draft: Draft, group: Group) -> None:
        """Nothing: the journal does."""

    async def prepare(self, group: Group) -> None:
        """The group's entries, on the second disk."""
        new = group.changes.get(Table.LOG, {})
        values = [
            value for key in sorted(new) if (value := new[key]) is not None and key >= sequence(self._end)
        ]
        if self.code or not values:
            return
        try:
            await self._append(day_of(group.now), values)
            self._ahead = self._end + len(values)
        except JukuraError as error:
            self._away(error)

    def commit(self) -> None:
        if not self.code:
            self._end = self._known = self._ahead

    def rollback(self) -> None:
        if not self.code and self._ahead != self._end:
            # What was written there never happened: it is cut off before anything else is written.
            self.code = BEHIND

    async def _append(self, day: date, values: list[bytes]) -> None:
        first = self._end
        record = self._spool.record(day, first, values)
        await self._asked(lambda: self._spool.append(day, first, record))

    # In the background.

    async def run(self, writer: Writer) -> None:
        """Catch up whenever it is behind, until cancelled."""
        while True:
            if self.code:
                try:
                    await self.catch_up(writer)
                except JukuraError as error:
                    self._away(error)
            else:
                await self._prune()
            await asyncio.sleep(LOOK)

    async def catch_up(self, writer: Writer) -> None:
        """Level the spool with the log; the last step while nothing is committed."""
        self._end = await self._asked(self._spool.open)
        if self._end > self._known:
            await self._asked(lambda: self._spool.cut(self._known))
            self._end = self._known
        begin = (await purged.load(self._engine)).purged.end
        if self._end > begin:
            await self._same_log()
        # What is purged was never missed.
        self._end = max(self._end, begin)
        while self._journal.tree.size - self._end > CLOSE:
            await self._fill()
        await writer.between(self._level)

    async def close(self) -> None:
        """Let go of the thread, also where the disk never answers."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _level(self) -> None:
        size = self._journal.tree.size
        while self._end < size:
            await self._fill()
        self._ahead = self._known = self._end
        log.info("spool level", extra={"size": size})
        self.code = ""

    async def _fill(self) -> None:
        pairs = await self._engine.scan(Table.LOG, first=sequence(self._end), limit=BATCH)
        run = [value for n, (key, value) in enumerate(pairs) if key == sequence(self._end + n)]
        if not run:
            raise IntegrityError("log.cut")
        day = day_of(self._clock.now())
        await self._append(day, run)
        self._end += len(run)

    async def _same_log(self) -> None:
        """The last entry that both have must be the same; `spool.other_log` where it is not."""
        last = self._end - 1
        if last < 0:
            return
        held = await self._engine.get_many(Table.LOG, [sequence(last)])
        there = await self._asked(lambda: next(self._spool.read(last), (last, b"")))
        if there[1] != held.get(sequence(last)):
            raise IntegrityError("spool.other_log")

    async def _prune(self) -> None:
        today = day_of(self._clock.now())
        if self._pruned != today:
            try:
                await self._asked(lambda: self._spool.prune(today - self._days))
                self._pruned = today
            except JukuraError as error:
                self._away(error)

    async def _asked(self, work: Callable[[], T]) -> T:
        """The answer of the disk's thread; StateError where it fails or does not answer in time."""
        async with self._turn:
            if self._busy is not None and not self._busy.done():
                raise StateError("spool.silent")
            asked: asyncio.Future[T] = asyncio.get_running_loop().run_in_executor(self._thread, work)
            self._busy = asked
            asked.add_done_callback(_heard)
            try:
                return await asyncio.wait_for(asyncio.shield(asked), DEADLINE)
            except TimeoutError:
                raise StateError("spool.silent") from None
            except OSError:
                raise StateError("spool.away") from None

    def _away(self, error: JukuraError) -> None:
        if self.code != error.code:
            log.warning("spool not level", extra={"code": error.code})
        self.code = error.code


def _heard(answer: asyncio.Future[Any]) -> None:
    """An answer that came too late for whoever asked is of no use, also where it is an error."""
    if not answer.cancelled():
        answer.exception()
