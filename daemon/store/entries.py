"""Bringing what the projection knows of the log level with the log itself: entries that it lacks, and entries that went.

The log says by itself what there is: its keys count up, and META says below which one entries were deleted. So there is no list of
changes to keep for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from daemon.store.engine import Engine, Table
from daemon.store.index import UNCHANGED, Index, LogChange
from daemon.store.labels import Labels

FLOOR = b"log:floor"
"""In META: entries below this one (8 bytes) were deleted, but for those that still lie there. Absent where none was."""
KEY = 8  # bytes
AT_ONCE = 500  # entries in one read
BREATH = 50  # entries opened until others on the loop get their turn

Into = Callable[[LogChange], Awaitable[None]]
"""Where changes go: `Mentioned.absorb`, into a file that is not in use yet, or into memory."""


@dataclass(frozen=True)
class Entries:
    """The log, as far as a projection follows it."""

    engine: Engine
    labels: Labels

    async def left(self, index: Index) -> int:
        """How many entries the file of `index` lacks."""
        last = await self.engine.scan(Table.LOG, limit=1, reverse=True)
        size = int.from_bytes(last[0][0], "big") + 1 if last else 0
        return size - (await index.mentioned.position()).size

    async def catch_up(self, index: Index, into: Into, *, most: int | None = None) -> bool:
        """Take in what the file of `index` lacks, or `most` reads of it; whether that was all."""
        at = await index.mentioned.position()
        if (change := await self._deleted(index, at.floor)) is not UNCHANGED:
            await into(change)
        size, reads = at.size, 0
        while most is None or reads < most:
            change = await self._following(size)
            if change.size == size:
                return True
            await into(change)
            size, reads = change.size, reads + 1
        return False

    async def _deleted(self, index: Index, known: int) -> LogChange:
        """What became of the entries below the floor, where it has risen since the file was level."""
        floor = await floor_of(self.engine)
        if floor == known:
            return UNCHANGED
        kept: list[tuple[bytes, bytes]] = []
        first = b""
        while pairs := await self._read(first, floor.to_bytes(KEY, "big")):
            kept += pairs
            first = pairs[-1][0] + b"\x00"
        labels = [label for key, value in kept for label in self.labels.of_stored(key, value)]
        return LogChange(labels, await index.mentioned.below(floor), 0, floor)

    async def _following(self, size: int) -> LogChange:
        """The next entries from number `size` on."""
        pairs = await self._read(size.to_bytes(KEY, "big"), None)
        labels = []
        for number, (key, value) in enumerate(pairs, start=1):
            labels += self.labels.of_stored(key, value)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return LogChange(labels, (), int.from_bytes(pairs[-1][0], "big") + 1 if pairs else size)

    async def _read(self, first: bytes, last: bytes | None) -> list[tuple[bytes, bytes]]:
        return await self.engine.apart.scan(Table.LOG, first=first, last=last, limit=AT_ONCE)


async def floor_of(engine: Engine) -> int:
    """Below which entry some were deleted; 0 where none was."""
    return int.from_bytes((await engine.get_many(Table.META, [FLOOR])).get(FLOOR, b""), "big")
