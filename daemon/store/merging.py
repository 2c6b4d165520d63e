"""The projection follows the truth: each group goes into memory at once, and all of it into a new file now and then.

The file is not changed in place, because its pages would tell a thief of two copies whom the notices between them were about
(`daemon.store.index.renewal`). It is written anew once enough waits, or once a day; what a kill takes from the memory is read again
at the start from the list of changes, which is kept for as long as the file lacks them. What a new file cannot take in (a full
disk) stays in memory and is tried again; past a bound no version may be added until it is written.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import sqlcipher3.dbapi2 as sqlcipher

from daemon.errors import StateError
from daemon.store.index import UNCHANGED, Index, LogChange, Version
from daemon.store.pages import PageKey

log = logging.getLogger(__name__)

MERGED = 10_000  # versions and removals in memory that are worth a new file
PRESSING = 40_000  # of them, which do not wait until the last new file was long enough ago
MANY_ENTRIES = 100_000  # entries of the log in memory, 300 bytes each, that are worth a new file
FILLING = 80_000  # past it municipalities are told to come again
MOST = 100_000  # in memory, 2 kB each; past it their notices wait
LEISURE = 4
"""So many times as long as a new file took nobody writes the next: on a day with a million notices that is a fifth of one core."""
REST = 86_400.0  # seconds from the first that waits to the new file
AGAIN = 60.0  # seconds until a file that could not be written is tried again

Passing = (sqlcipher.OperationalError, StateError, OSError)
"""What may be better in a while: a full disk, a lock. Anything else says that the file cannot be used."""

Between = Callable[[Callable[[], Awaitable[bool]]], Awaitable[bool]]
"""Calls what it is given at a moment at which nothing is committed."""


class Merger:
    """Keeps the projection level. Both truth and projection have come up to the commit `head`, its file up to `merged`."""

    def __init__(
        self, index: Index, head: int, merged: int, *, require_room: Callable[[], None] = lambda: None
    ) -> None:
        """`require_room` raises StateError where the disk cannot hold one more such file and what it must leave free."""
        self._index = index
        self._require_room = require_room
        self._head = head
        self.merged = merged
        """The commit up to which the file has come."""
        self._turn = asyncio.Lock()
        """Held by whoever exchanges the file."""
        self._some = asyncio.Event()
        self._many = asyncio.Event()
        self._pressing = asyncio.Event()
        self._leisure = 0.0
        """Seconds until the next new file is worth it."""
        self._end = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._patience: asyncio.Timeout | None = None
        """Of the new file that is being written."""
        self._wake()

    # The writer's side.

    @property
    def filling(self) -> bool:
        """Whether the memory will soon be full,"""
        return self._index.waiting >= FILLING

    @property
    def full(self) -> bool:
        """or is."""
        return self._index.waiting >= MOST

    async def follow(
        self,
        commit: int,
        versions: Sequence[Version],
        removed: Sequence[bytes],
        log: LogChange = UNCHANGED,
    ) -> None:
        """Take in a group that is durable: visible to every search on return."""
        self._index.mentioned.take(log)
        if versions or removed:
            await self._index.remember(versions, commit, removed=removed)
        else:
            self._index.pass_by(commit)
        self._head = commit
        self._wake()

    def _wake(self) -> None:
        if self._index.waiting >= MERGED or self._index.waiting_entries >= MANY_ENTRIES:
            self._many.set()
        if self._index.waiting >= PRESSING:
            self._pressing.set()
        if self._index.waiting or self._index.waiting_entries:
            self._some.set()

    # In the background.

    async def run(self) -> None:
        """Write the file anew whenever that is due, until `close`."""
        self._ended.clear()
        try:
            while not self._end.is_set():
                await self._some.wait()
                await _within(REST, self._many)
                await _within(self._leisure, self._pressing)
                if self._end.is_set():
                    break
                if not await self._try():
                    await _within(AGAIN, self._end)
                # Of what was counted meanwhile much is in the file now.
                for due in (self._some, self._many, self._pressing):
                    due.clear()
                self._wake()
        finally:
            self._ended.set()

    async def merge(self) -> None:
        """Bring everything that is in memory now into a new file."""
        async with self._turn:
            head = self._head
            # With nothing in memory the file stays as it is, and so does what it says of how far it has come.
            if await self._index.merge():
                self.merged = head

    async def exchange(self, between: Between, key: PageKey, finish: Callable[[], Awaitable[None]]) -> None:
        """Put the successor of the file, written under `key`, in its place, at a moment that `between` gives.

        `finish` leaves the successor level with the truth, and closed.
        """
        while not await between(partial(self._exchanged, key, finish)):
            # Until the file that is being written is done.
            async with self._turn:
                pass

    async def _exchanged(self, key: PageKey, finish: Callable[[], Awaitable[None]]) -> bool:
        """Whether it is done; not while a new file is being written, since nothing is committed meanwhile."""
        if self._turn.locked():
            return False
        async with self._turn:
            await finish()
            await self._index.pages.replace(key)
            # Whatever is in memory is in the successor too.
            self._index.let_go()
            self.merged = self._head
        return True

    async def close(self) -> None:
        """End. What is in memory the next start reads from the list of changes."""
        self._end.set()
        self._some.set()
        self._many.set()
        self._pressing.set()
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())
        await self._ended.wait()

    async def _try(self) -> bool:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            self._require_room()
            async with asyncio.timeout(None) as self._patience:
                await self.merge()
        except TimeoutError:
            return False
        except Passing as error:
            log.warning("merge waits", extra={"count": self._index.waiting, "error": type(error).__name__})
            return False
        finally:
            self._patience = None
            self._leisure = LEISURE * (loop.time() - began)
        return True


async def _within(seconds: float, event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
