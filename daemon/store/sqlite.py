"""The truth in one SQLite file with encrypted pages: WAL, synchronous=FULL, one writer, one reader beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aiosqlite.core import Connection

from daemon.store import migrations
from daemon.store.engine import Changes, Table
from daemon.store.pages import pair

CHUNK = 500  # keys in one SELECT


class SqliteEngine:
    """An `Engine` over `register.db`."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    @classmethod
    async def open(cls, file: Path, key: bytes) -> "SqliteEngine":
        """Open `file`, make or migrate its tables; IntegrityError if `key` does not fit."""
        return cls(*await pair(file, key, migrations.TRUTH, synchronous="FULL", cache=16_000))

    async def get_many(self, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            marks = ",".join("?" * len(chunk))
            # The table's name comes from the enum above, never from outside.
            sql = f"SELECT key, value FROM {table} WHERE key IN ({marks})"  # noqa: S608
            found |= {row[0]: row[1] for row in await self._reader.execute_fetchall(sql, chunk)}
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
        return [(key, value) for key, value in await self._reader.execute_fetchall(sql, given)]

    async def count(self, table: Table) -> int:
        rows = await self._reader.execute_fetchall(f"SELECT count(*) FROM {table}")  # noqa: S608
        return int(next(iter(rows))[0])

    async def apply(self, changes: Changes) -> None:
        await self._writer.execute("BEGIN IMMEDIATE")
        try:
            for table, pairs in changes.items():
                await self._change(table, pairs)
            await self._writer.execute("COMMIT")
        except BaseException:
            await self._writer.execute("ROLLBACK")
            raise

    async def _change(self, table: Table, pairs: Mapping[bytes, bytes | None]) -> None:
        if puts := [(key, value) for key, value in pairs.items() if value is not None]:
            sql = f"INSERT INTO {table} VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"  # noqa: S608
            await self._writer.executemany(sql, puts)
        if deletes := [(key,) for key, value in pairs.items() if value is None]:
            await self._writer.executemany(f"DELETE FROM {table} WHERE key = ?", deletes)  # noqa: S608

    async def close(self) -> None:
        await self._reader.close()
        await self._writer.close()
