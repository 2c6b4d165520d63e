"""The truth under a new page key, written into a second file while the register works, then put in the first one's place.

The copy goes table by table in ranges of keys. Meanwhile each group notes what it touched (`daemon.store.touched`),
in the same commit, and that is copied once more; so every value that stands in the truth at the end stands in the
copy. The last notes and META are copied between two groups, and there the files are exchanged. Whatever is killed at
whatever moment leaves one whole truth: the old file until the new one has its name.
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from daemon.errors import IntegrityError
from daemon.store import files
from daemon.store.closing import closed_on_error
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.pages import PageKey, Pages
from daemon.store.sqlite import SHAPE, SqliteEngine
from daemon.store.touched import Touched, is_note, notes
from daemon.store.truth import HEAD, Truth
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

BATCH = 500  # values in one step
NOTES = 100  # in one step
FEW = 20  # notes; no more than these are left for the moment between two groups
EVERY = 8  # steps of copying for one of notes

CURSOR = b"copied"
"""In the META of the copy: how far it has come."""
COPIED = tuple(table for table in Table if table is not Table.META)


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """How far the copy has come: everything in tables before `table`, and in it all keys below `first`."""

    truth: bytes
    """Of which truth it is a copy,"""
    head: int = 0
    """and of no later commit than this: a truth that was restored to before it starts another copy."""
    table: int = 0
    first: bytes = b""
    done: int = 0


class Rekey:
    """The copy of one truth on its way to take its place."""

    def __init__(
        self,
        engine: SqliteEngine,
        writer: Writer,
        touched: Touched,
        *,
        copy: SqliteEngine,
        key: PageKey,
        cursor: Cursor,
        total: int,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._touched = touched
        self._copy: SqliteEngine | None = copy
        self._key = key
        self._total = total
        self._cursor = cursor
        self._steps = 0
        self._turn = asyncio.Lock()
        """Held while the files are exchanged."""

    @classmethod
    async def begin(
        cls, engine: SqliteEngine, writer: Writer, touched: Touched, truth: Truth, *, key: PageKey, total: int
    ) -> "Rekey":
        """Go on with the copy that was left, or start one. From here on each group notes what it touches."""
        file = files.successor(engine.pages.file)
        if not touched.on:
            # Whatever lies there, nobody noted what was touched since.
            files.remove(file)
            await writer.between(touched.start)
        copy, cursor = await _open(file, key, truth)
        return cls(engine, writer, touched, copy=copy, key=key, cursor=cursor, total=total)

    def left(self) -> int:
        """How many values are still to be copied."""
        return max(self._total - self._cursor.done, 0)

    async def step(self) -> bool:
        """Copy some; whether there may be more to do. The last step puts the copy in the place of the truth."""
        if self._copy is None:
            return False
        self._steps += 1
        if self._cursor.table < len(COPIED):
            await self._range(self._copy)
            if self._steps % EVERY == 0:
                await self._noted(self._copy)
            return True
        if await self._noted(self._copy) > FEW:
            return True
        await self._copy.pages.settle()
        await self._engine.pages.settle()
        await self._writer.between(self._exchange)
        return False

    async def close(self) -> None:
        """Let go of the copy; it stays for the next time."""
        async with self._turn:
            if self._copy is not None:
                copy, self._copy = self._copy, None
                await copy.close()

    async def _range(self, copy: SqliteEngine) -> None:
        table = COPIED[self._cursor.table]
        pairs = await self._engine.apart.scan(table, first=self._cursor.first, limit=BATCH)
        self._cursor = replace(
            self._cursor,
            table=self._cursor.table + (not pairs),
            first=pairs[-1][0] + b"\x00" if pairs else b"",
            done=self._cursor.done + len(pairs),
        )
        await self._apply(copy, {table: dict(pairs)})

    async def _apply(self, copy: SqliteEngine, changes: dict[Table, Mapping[bytes, bytes | None]]) -> None:
        # Read after what is copied now, so it is of no later commit.
        head = (await self._engine.apart.get_many(Table.META, [HEAD]))[HEAD]
        self._cursor = replace(self._cursor, head=int.from_bytes(head, "big"))
        await copy.apply(changes | {Table.META: {CURSOR: msgspec.msgpack.encode(self._cursor)}})

    async def _noted(self, copy: SqliteEngine) -> int:
        """Copy what was touched, and drop the notes; how many there were."""
        found = await notes(self._engine.apart, after=b"", limit=NOTES)

        async def drop(draft: Draft) -> None:
            for key, _ in found:
                draft.delete(Table.META, key)

        if found:
            await self._again(copy, [keys for _, keys in found])
            await self._writer.write(drop)
        return len(found)

    async def _again(self, copy: SqliteEngine, noted: list[dict[Table, list[bytes]]]) -> None:
        changes: dict[Table, Mapping[bytes, bytes | None]] = {}
        for table in {table for keys in noted for table in keys}:
            keys = list(dict.fromkeys(key for each in noted for key in each.get(table, ())))
            held = await self._engine.apart.get_many(table, keys)
            changes[table] = {key: held.get(key) for key in keys}
        await self._apply(copy, changes)

    async def _exchange(self) -> None:
        """Between two groups: copy the rest and put the copy in the place of the truth."""
        async with self._turn:
            if self._copy is None:
                return
            last = b""
            while found := await notes(self._engine.apart, after=last, limit=NOTES):
                await self._again(self._copy, [keys for _, keys in found])
                last = found[-1][0]
            await self._meta(self._copy)
            copy, self._copy = self._copy, None
            await copy.close()
            await self._engine.pages.replace(self._key)
            self._touched.on = False

    async def _meta(self, copy: SqliteEngine) -> None:
        mine = await self._engine.apart.scan(Table.META, limit=1_000_000)
        theirs = await copy.scan(Table.META, limit=1_000_000)
        # The cursor stays until the rotation is done: a kill right here leaves a copy that is still known as whole.
        gone: dict[bytes, bytes | None] = dict.fromkeys((key for key, _ in theirs if key != CURSOR), None)
        await copy.apply({Table.META: gone | {key: value for key, value in mine if not is_note(key)}})


async def _open(file: Path, key: PageKey, truth: Truth) -> tuple[SqliteEngine, Cursor]:
    """The copy that was left, with how far it had come; a new one where there is none that is of use."""
    if files.exists(file):
        try:
            left = SqliteEngine(await Pages.open(file, key, SHAPE))
        except IntegrityError:
            log.warning("copy unreadable, begins anew")
        else:
            async with closed_on_error(left):
                held = await left.get_many(Table.META, [CURSOR])
            cursor = msgspec.msgpack.decode(held[CURSOR], type=Cursor) if CURSOR in held else None
            if cursor is not None and cursor.truth == truth.id and cursor.head <= truth.head:
                return left, cursor
            await left.close()
    files.remove(file)
    return SqliteEngine(await Pages.open(file, key, SHAPE)), Cursor(truth.id)
