"""The connections to one SQLite file in use: one writes, a few read, one is for long reads, one keeps the WAL short."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from daemon.errors import StateError
from daemon.store import migrations
from daemon.store.closing import close_all
from daemon.store.connection import Connection, connector

READERS = 2
"""So that one slow search does not stand in everybody's way; each has a cache of its own."""
APART = 4_000  # KiB of pages for long reads: each is needed once
KEEPER = 256  # KiB: whoever moves the WAL moves it as it lies, encrypted
SAFETY = 16_000  # pages in the WAL from which a commit moves it itself, should nobody else do so
LENT = 30.0  # seconds until whoever waits for a reader hears that none came free


@dataclass(frozen=True)
class Shape:
    """What kind of file it is."""

    steps: Sequence[migrations.Step]
    synchronous: str
    cache: int
    """KiB of pages, for each connection that is not for long reads."""
    settle: int = 4_000
    """Rows written until the WAL is worth moving: five hundred searches, of which the one or two that come just then wait for it."""


@dataclass(frozen=True)
class PageKey:
    """A key for pages, and the name it has in the key service."""

    raw: bytes = field(repr=False)
    name: str = ""


@dataclass(frozen=True)
class Connections:
    """Each with a thread of its own."""

    writer: Connection
    readers: tuple[Connection, ...]
    apart: Connection
    keeper: Connection
    _free: asyncio.LifoQueue[Connection] = field(default_factory=asyncio.LifoQueue)
    """The readers that nobody uses. The one used last comes first: its cache is the warmest."""

    def __post_init__(self) -> None:
        for reader in self.readers:
            self._free.put_nowait(reader)

    @asynccontextmanager
    async def free(self) -> AsyncIterator[Connection]:
        """A reader that nobody else uses meanwhile; StateError if none comes free."""
        reader = await self._next()
        try:
            yield reader
        finally:
            self._free.put_nowait(reader)

    async def _next(self) -> Connection:
        if not self._free.empty():
            return self._free.get_nowait()
        try:
            async with asyncio.timeout(LENT):
                return await self._free.get()
        except TimeoutError:
            raise StateError("store.too_slow") from None

    async def close(self) -> None:
        """Let go of the file; the one that writes goes last and leaves no WAL behind.

        A thread of one that were left would never end.
        """
        await close_all(self.keeper, self.apart, *self.readers, self.writer)


async def connect(file: Path, key: PageKey, shape: Shape) -> Connections:
    """The connections to `file`, its tables made or migrated; all or none. IntegrityError if `key` does not fit."""
    cache = f"cache_size = -{shape.cache}"
    safety = f"synchronous = {shape.synchronous}"
    async with AsyncExitStack() as opened:

        async def one(*pragmas: str) -> Connection:
            connection = Connection(lambda: connector(file, key.raw, pragmas), iter_chunk_size=256)
            await connection
            opened.push_async_callback(connection.close)
            return connection

        reading = "query_only = ON"
        writer = await one(safety, f"wal_autocheckpoint = {SAFETY}", cache)
        await migrations.run(writer, shape.steps)
        connections = Connections(
            writer,
            tuple([await one(reading, cache) for _ in range(READERS)]),
            await one(reading, f"cache_size = -{APART}"),
            await one(safety, "wal_autocheckpoint = 0", f"cache_size = -{KEEPER}"),
        )
        opened.pop_all()
    return connections
