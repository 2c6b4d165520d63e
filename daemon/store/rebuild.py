"""The projection built anew from the truth, into a second file, while the register works; then put in the first one's place.

One way for three occasions: a new page key (`index.n`), damage, and a start without a usable projection.

1. The truth is read in the order of its keys, opened and projected, and waits in buckets of people (`daemon.store.staging`).
2. Bucket by bucket, everybody's versions are written in order (`daemon.store.builder`), then the secondary indexes are made.
3. Rows that changed meanwhile were noted, from the list of changes; now they are taken in, whatever became of them.
4. What the log's entries mention is made from them and written (`daemon.store.entries`).
5. Between two groups the rest is taken in and the files are exchanged.

A kill at any moment loses a few seconds of work, and a disk that fills pauses it. What is left of a truth that is not this one, or
of too long ago, is thrown away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from daemon.errors import IntegrityError, StateError
from daemon.store import files
from daemon.store.builder import Builder
from daemon.store.catchup import Sources, can_follow, catch_up, take_in
from daemon.store.closing import close_all, closed_on_error
from daemon.store.gathering import Gathering
from daemon.store.index import Index
from daemon.store.pages import PageKey
from daemon.store.staging import Staging, people_of, place

log = logging.getLogger(__name__)

TAKEN = 2000  # changed rows in one step
READS = 4  # of the log in one step
NEAR = 20  # commits; no more than these are left for the moment between two groups

Finish = Callable[[], Awaitable[None]]
Exchange = Callable[[Finish], Awaitable[None]]
"""Calls what it is given at a moment at which nothing is committed, then puts the new file in place."""


class Rebuild:
    """One such work, a step at a time."""

    def __init__(
        self, sources: Sources, exchange: Exchange, *, target: Path, key: PageKey, total: int
    ) -> None:
        self._sources = sources
        self._exchange = exchange
        self._target = target
        self._key = key
        self._total = total
        self._builder: Builder | None = None
        self._copy: Index | None = None
        """The new file, once it is a projection."""
        self._gathering: Gathering | None = None
        self._written = 0
        """Versions."""
        self._turn = asyncio.Lock()
        """Held while the new file is let go of."""

    @classmethod
    async def begin(
        cls, index: Index, sources: Sources, exchange: Exchange, *, key: PageKey, total: int
    ) -> "Rebuild":
        """Go on with what was left of such a work, or start one. `total` rows there are, about."""
        work = cls(sources, exchange, target=files.successor(index.pages.file), key=key, total=total)
        async with closed_on_error(work):
            await work._open()
        return work

    def left(self) -> int:
        """How many versions are still to be read and written, about."""
        if self._gathering is None:
            return 0
        return max(self._total - (self._gathering.read + self._written) // 2, 0)

    async def step(self) -> bool:
        """Do some; whether there may be more to do. The last step puts the new file in the old one's place."""
        if self._gathering is not None:
            await self._gathering.note()
            await self._next(self._gathering)
            return True
        return self._copy is not None and await self._level(self._copy)

    async def close(self) -> None:
        """Let go of what is held; it stays for the next time."""
        async with self._turn:
            held = [each for each in (self._gathering, self._builder, self._copy) if each is not None]
            self._gathering = self._builder = self._copy = None
            await close_all(*held)

    # What was left.

    async def _open(self) -> None:
        try:
            if not await self._resumed():
                clear(self._target)
                await self._start()
        except IntegrityError:
            log.warning("copy of the index unreadable, begins anew")
            await self.close()
            clear(self._target)
            await self._start()

    async def _start(self) -> None:
        truth = self._sources.truth
        staging = await Staging.begin(
            self._target, self._key, truth=truth.followed, head=truth.head, total=self._total
        )
        self._gathering = Gathering(self._sources, staging)

    async def _resumed(self) -> bool:
        """Whether something was left that can still be brought level with this truth; it is open then."""
        staging = await Staging.resume(self._target, self._key)
        if staging is None:
            return await self._resumed_copy()
        self._gathering = Gathering(self._sources, staging)
        progress = staging.progress
        if not self._gathering.can_follow:
            await self.close()
            return False
        if progress.whole and files.exists(self._target):
            self._builder = await Builder.resume(self._target, self._key)
            if self._builder is None:
                self._copy = await Index.open(self._target, self._key.raw)
            done = self._builder.marked if self._builder else progress.buckets
            self._written = progress.staged * done // progress.buckets
        return True

    async def _resumed_copy(self) -> bool:
        if not files.exists(self._target):
            return False
        self._copy = await Index.open(self._target, self._key.raw)
        if await can_follow(self._copy, self._sources):
            return True
        await self.close()
        return False

    # Until the new file is a projection, and has taken in what was noted.

    async def _next(self, gathering: Gathering) -> None:
        progress = gathering.staging.progress
        if not progress.whole:
            await gathering.step()
        elif self._copy is not None:
            await self._take_in(gathering.staging, self._copy)
        elif self._builder is None:
            self._builder = await Builder.begin(self._target, self._key)
        elif self._builder.marked < progress.buckets:
            versions = await gathering.staging.bucket(self._builder.marked)
            await self._builder.add(await people_of(versions), mark=self._builder.marked + 1)
            self._written += len(versions)
        elif not await self._builder.seal():
            await self._builder.finish(progress.truth, progress.head)
            self._builder = None
            self._copy = await Index.open(self._target, self._key.raw)

    async def _take_in(self, staging: Staging, copy: Index) -> None:
        """Take in rows that were noted; after the last the new file needs nothing but the list of changes."""
        if noted := await staging.noted(TAKEN):
            rows = list(dict.fromkeys(row for _, row in noted))
            head = staging.progress.head
            await take_in(copy, self._sources, copy.absorb, rows, before=head, commit=head)
            await staging.drop(noted[-1][0])
        if len(noted) == TAKEN:
            return
        await copy.absorb([], staging.progress.head)
        self._gathering = None
        await staging.close()
        files.remove(place(self._target))

    # Then.

    async def _level(self, copy: Index) -> bool:
        if not await can_follow(copy, self._sources):
            raise StateError("store.left_behind")
        entries = self._sources.entries
        if not await entries.catch_up(copy, copy.mentioned.absorb, most=READS):
            return True
        if await catch_up(copy, self._sources, copy.absorb) > NEAR:
            return True
        await copy.pages.settle()
        await self._exchange(self._last)
        return False

    async def _last(self) -> None:
        """Nothing is committed now: take in the rest and let go of the new file."""
        async with self._turn:
            if self._copy is None:
                raise StateError("state.stopping")
            await catch_up(self._copy, self._sources, self._copy.absorb)
            await self._sources.entries.catch_up(self._copy, self._copy.mentioned.absorb)
            copy, self._copy = self._copy, None
            await copy.close()


def clear(target: Path) -> None:
    """Delete what was left of such a work."""
    files.remove(target)
    files.remove(place(target))
