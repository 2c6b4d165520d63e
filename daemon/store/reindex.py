"""The projection under a new page key, written into a second file while the register works, then put in its place.

It is copied from the projection in use, since that has been opened and projected already; what changes meanwhile is
taken in from the truth, as after a kill. The order does not matter: the highest serial of a person is the latest.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from daemon.errors import IntegrityError, StateError
from daemon.store import catchup, files
from daemon.store.engine import Engine
from daemon.store.index import SHAPE, Index, Version
from daemon.store.pages import PageKey, Pages, closed_on_error
from daemon.store.rows import RowCodec
from daemon.store.truth import KEPT_CHANGES, Truth
from daemon.store.writer import Writer

BATCH = 500  # versions in one step
EVERY = 8  # steps of copying for one of catching up
NEAR = 20  # commits; no more than these are left for the moment between two groups

_COLUMNS = ", ".join(Version._fields)
_MARK = "UPDATE copied SET row = ?, count = ?"
_READ = f"SELECT {_COLUMNS} FROM versions WHERE row > ? ORDER BY row LIMIT ?"  # noqa: S608 - fixed columns


@dataclass(frozen=True)
class Sources:
    """What a projection is made from and kept level with."""

    engine: Engine
    truth: Truth
    codec: RowCodec


class Reindex:
    """The copy of one projection on its way to take its place."""

    def __init__(
        self, index: Index, writer: Writer, sources: Sources, *, copy: Index, key: PageKey, total: int
    ) -> None:
        self._index = index
        self._writer = writer
        self._sources = sources
        self._copy: Index | None = copy
        self._key = key
        self._total = total
        self._done = 0
        self._whole = False
        """Whether every version was copied."""
        self._steps = 0
        self._turn = asyncio.Lock()
        """Held while the files are exchanged."""

    @classmethod
    async def begin(
        cls, index: Index, writer: Writer, sources: Sources, *, key: PageKey, total: int
    ) -> "Reindex":
        """Go on with the copy that was left, or start one."""
        file = files.successor(index.pages.file)
        copy = await _left(file, key, sources.truth)
        if copy is None:
            files.remove(file)
            copy = Index(await Pages.open(file, key, SHAPE))
            async with closed_on_error(copy):
                await writer.between(partial(_start, copy, sources.truth))
        return cls(index, writer, sources, copy=copy, key=key, total=total)

    def left(self) -> int:
        """How many versions are still to be copied."""
        return max(self._total - self._done, 0)

    async def step(self) -> bool:
        """Copy some; whether there may be more to do. The last step puts the copy in the projection's place."""
        if self._copy is None:
            return False
        self._steps += 1
        if not self._whole:
            await self._range(self._copy)
            if self._steps % EVERY == 0:
                await self._level(self._copy)
            return True
        if await self._level(self._copy) > NEAR:
            return True
        await self._copy.pages.settle()
        await self._writer.between(self._exchange)
        return False

    async def close(self) -> None:
        """Let go of the copy; it stays for the next time."""
        async with self._turn:
            if self._copy is not None:
                await self._copy.close()
                self._copy = None

    async def _range(self, copy: Index) -> None:
        after, done = await _copied(copy)
        async with self._index.pages.reading(apart=True) as connection:
            rows = [Version(*row) for row in await connection.execute_fetchall(_READ, (after, BATCH))]
        self._whole, self._done = not rows, done + len(rows)
        if rows:
            await copy.begin()
            await copy.add(rows)
            await copy.pages.writer.execute(_MARK, (rows[-1].row, self._done))
            await copy.commit()

    async def _level(self, copy: Index) -> int:
        """Take in what has changed; by how many commits the copy was behind."""
        at, sources = await copy.position(), self._sources
        start = at[1] if at is not None else 0
        if sources.truth.head - start > KEPT_CHANGES:
            # Nobody lists any more what the copy lacks.
            raise StateError("store.left_behind")
        end = await catchup.catch_up(copy, sources.engine, sources.truth, sources.codec, start)
        return end - start

    async def _exchange(self) -> None:
        """Between two groups: take in the rest and put the copy in the projection's place."""
        async with self._turn:
            if self._copy is None:
                return
            await self._level(self._copy)
            copy, self._copy = self._copy, None
            await copy.close()
            await self._index.pages.replace(self._key)


async def versions(index: Index) -> int:
    """How many versions there are."""
    async with index.pages.reading(apart=True) as connection:
        ((count,),) = await connection.execute_fetchall("SELECT count(*) FROM versions")
    return int(count)


async def _left(file: Path, key: PageKey, truth: Truth) -> Index | None:
    """The copy that was left, if it can still be brought level with this truth."""
    if not files.exists(file):
        return None
    try:
        copy = Index(await Pages.open(file, key, SHAPE))
    except IntegrityError:
        return None
    async with closed_on_error(copy):
        at = await copy.position()
    if at is not None and at[0] == truth.id and 0 <= truth.head - at[1] <= KEPT_CHANGES:
        return copy
    await copy.close()
    return None


async def _start(copy: Index, truth: Truth) -> None:
    """Between two groups: what is copied from now on holds every commit up to the last."""
    await copy.begin()
    await copy.move_to(truth.id, truth.head)
    await copy.pages.writer.execute("INSERT INTO copied VALUES (?, 0)", (b"",))
    await copy.commit()


async def _copied(copy: Index) -> tuple[bytes, int]:
    """The last version that was copied, and how many were."""
    ((row, count),) = await copy.pages.reader.execute_fetchall("SELECT row, count FROM copied")
    return row, count
