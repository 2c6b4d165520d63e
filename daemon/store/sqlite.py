"""The truth in one SQLite file with encrypted pages: WAL, synchronous=FULL, one writer, readers beside it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiosqlite.core import Connection

from daemon.store import migrations
from daemon.store.engine import Changes, Reads, Table
from daemon.store.pages import Errors, PageKey, Pages, Shape

CHUNK = 500  # keys in one SELECT
SHAPE = Shape(migrations.TRUTH, synchronous="FULL", cache=16_000)


class SqliteReads:
    """Reads of one file, on the connection of short reads or on the one apart."""

    def __init__(self, pages: Pages, *, apart: bool) -> None:
        self._pages = pages
        self._is_apart = apart

    async def get_many(self, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            marks = ",".join("?" * len(chunk))
            # The table's name comes from the enum of tables, never from outside.
            sql = f"SELECT key, value FROM {table} WHERE key IN ({marks})"  # noqa: S608
            found |= {row[0]: row[1] for row in await self._all(sql, chunk)}
        return found

    async def scan(
        self,
        table: Table,
        *,
        first: bytes = b"",
        last: bytes | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[tuple[bytes, bytes]]:
        order = "DESC" if reverse else "ASC"
        bound = "" if last is None else "AND key < ?"
        sql = f"SELECT key, value FROM {table} WHERE key >= ? {bound} ORDER BY key {order} LIMIT ?"  # noqa: S608
        given = (first, limit) if last is None else (first, last, limit)
        return [(key, value) for key, value in await self._all(sql, given)]

    async def count(self, table: Table) -> int:
        rows = await self._all(f"SELECT count(*) FROM {table}")  # noqa: S608
        return int(next(iter(rows))[0])

    async def _all(self, sql: str, given: Sequence[object] = ()) -> Iterable[Any]:
        async with self._pages.reading(apart=self._is_apart) as connection:
            return await connection.execute_fetchall(sql, given)


class SqliteEngine(SqliteReads):
    """An `Engine` over `register.db`."""

    def __init__(self, pages: Pages) -> None:
        super().__init__(pages, apart=False)
        self._beside = SqliteReads(pages, apart=True)

    @classmethod
    async def open(cls, file: Path, key: bytes) -> "SqliteEngine":
        """Open `file`, make or migrate its tables; IntegrityError if `key` does not fit."""
        return cls(await Pages.open(file, PageKey(key), SHAPE))

    @property
    def pages(self) -> Pages:
        """The file itself."""
        return self._pages

    @property
    def apart(self) -> Reads:
        return self._beside

    async def apply(self, changes: Changes) -> None:
        writer = self._writer
        await writer.execute("BEGIN IMMEDIATE")
        try:
            for table, pairs in changes.items():
                await _change(writer, table, pairs)
            await writer.execute("COMMIT")
        except BaseException:
            # Whoever gave up while the COMMIT was under way cannot know whether anything is left to take back.
            with suppress(*Errors):
                await writer.execute("ROLLBACK")
            raise

    async def close(self) -> None:
        await self._pages.close()

    @property
    def _writer(self) -> Connection:
        return self._pages.writer


async def _change(writer: Connection, table: Table, pairs: Mapping[bytes, bytes | None]) -> None:
    if puts := [(key, value) for key, value in pairs.items() if value is not None]:
        sql = f"INSERT INTO {table} VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"  # noqa: S608
        await writer.executemany(sql, puts)
    if deletes := [(key,) for key, value in pairs.items() if value is None]:
        await writer.executemany(f"DELETE FROM {table} WHERE key = ?", deletes)  # noqa: S608
