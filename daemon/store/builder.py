"""Writing the file of a projection from whole people: the tables first, every secondary index at the end.

An index that is made at the end is one sorted run, where a million insertions in no order would read, decrypt and encrypt a page
each. Until it is finished the file is no projection: it says so, and how far it has come, in the same transactions.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from daemon.store import files, migrations
from daemon.store.closing import closed_on_error
from daemon.store.index import Version, schema, spans
from daemon.store.pages import PageKey, Pages, Shape

BREATH = 100  # people until others on the loop get their turn
_BUILDING = (
    "CREATE TABLE building (marked INTEGER NOT NULL, counted INTEGER NOT NULL) STRICT",
    "INSERT INTO building VALUES (0, 0)",
)
# NORMAL: after a power cut the file is one that was whole a moment before.
# As many steps as a projection has: whoever takes the file for one finds it without a position, not half migrated.
_STEPS = ((*schema.TABLES, *_BUILDING), *[()] * (len(migrations.INDEX) - 1))
SHAPE = Shape(_STEPS, synchronous="NORMAL", cache=16_000)

Row = tuple[Any, ...]


class Builder:
    """One new file. For one at a time."""

    def __init__(self, pages: Pages, last: int, marked: int) -> None:
        self._pages = pages
        self._last = last
        """The id given last."""
        self.marked = marked
        """The mark that came with the last people."""

    @classmethod
    async def begin(cls, file: Path, key: PageKey) -> "Builder":
        """A new file in place of whatever is there."""
        files.remove(file)
        return cls(await Pages.open(file, key, SHAPE), 0, 0)

    @classmethod
    async def resume(cls, file: Path, key: PageKey) -> "Builder | None":
        """Go on with what lies there; None if it was finished, IntegrityError if it is not ours."""
        pages = await Pages.open(file, key, SHAPE)
        async with closed_on_error(pages):
            state = await pages.writer.run(_state)
        if state is None:
            await pages.close()
            return None
        return cls(pages, *state)

    async def add(self, people: Sequence[Sequence[Version]], *, mark: int = 0) -> None:
        """Write these people in one transaction, and `mark` with them.

        Each person whole, their versions ascending and each projected with what went before; people in any order.
        """
        versions: list[Row] = []
        aliases: list[Row] = []
        for number, person in enumerate(people, start=1):
            for version, (until, is_open) in zip(person, spans(person), strict=True):
                self._last += 1
                versions.append(schema.row_of(self._last, version, until, open_=is_open))
                aliases.extend(schema.aliases_of(self._last, version))
            if number % BREATH == 0:
                await asyncio.sleep(0)

        def write(connection: Connection) -> None:
            schema.put(connection, "versions", versions)
            schema.put(connection, "aliases", aliases)
            connection.execute("UPDATE building SET marked = ?", (mark,))

        await self._pages.write(write)
        self.marked = mark

    async def seal(self) -> bool:
        """Make one more secondary index, or count; whether there is more to do. Takes seconds where there are millions."""
        more = await self._pages.writer.transact(_seal_one)
        if not more:
            await self._pages.settle()
        return more

    async def finish(self, truth: bytes, head: int) -> None:
        """Turn the file into a projection of `truth` up to `head`, and let go of it; quick once it is sealed."""
        while await self.seal():
            pass

        def end(connection: Connection) -> None:
            connection.execute("INSERT INTO position VALUES (?, ?)", (truth, head))
            connection.execute("DROP TABLE building")
            connection.execute(migrations.mark(len(migrations.INDEX)))

        await self._pages.write(end)
        await self._pages.settle()
        await self.close()

    async def close(self) -> None:
        """Let go of the file as it is; it can be gone on with."""
        await self._pages.close()


def _state(connection: Connection) -> tuple[int, int] | None:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'building'").fetchall():
        return None
    ((last,),) = connection.execute("SELECT coalesce(max(id), 0) FROM versions").fetchall()
    ((marked,),) = connection.execute("SELECT marked FROM building").fetchall()
    return last, marked


def _seal_one(connection: Connection) -> bool:
    made = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index'").fetchall()
    missing = [sql for sql in schema.INDEXES if (sql,) not in made]
    if missing:
        connection.execute(missing[0])
        return True
    if connection.execute("SELECT counted FROM building").fetchone() == (0,):
        for statement in schema.FILL:
            connection.execute(statement)
        connection.execute("UPDATE building SET counted = 1")
    return False
