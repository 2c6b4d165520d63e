"""The same register as one plaintext SQLite file: what encryption, sealing and opening each hit cost is the difference.

Columns, indexes and the way in are those of the projection, since any other choice would compare two designs of an index; the
version itself stands in clear beside them, and nobody opens, verifies or compares anything again.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from itertools import count
from pathlib import Path
from sqlite3 import Connection as Plain
from typing import Any

import msgspec
import sqlcipher3.dbapi2 as sqlcipher

from daemon.register.rows import HonninRow
from daemon.register.wanted import Wanted
from daemon.rehearsal.history import History
from daemon.store.connection import Connection
from daemon.store.engine import place_of
from daemon.store.index import Known, Version, finding, known_of, projected, schema, spans
from daemon.store.rows import OF_PERSON, Stored

CACHE = 48_000  # KiB: what a reader of the register has for both of its files
TOGETHER = 2_000  # people in one transaction
MIDDLE = -place_of(b"")
"""Places begin below zero."""
ROWS = "CREATE TABLE rows (id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT"
_ROW = msgspec.msgpack.Decoder(HonninRow)


class PlainReader:
    """Stands where `daemon.store.reader.Reader` stands."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, file: Path) -> "PlainReader":
        """Over the table in `file`."""
        return cls(await Connection(partial(_connect, file), iter_chunk_size=256))

    async def find(self, wanted: Wanted, *, limit: int) -> list[Stored]:
        """Up to `limit` people, and one more where there are more."""
        return await self._connection.run(partial(_find, wanted=wanted, limit=limit + 1))

    async def by_code(self, code: str, *, on: int) -> list[Stored]:
        """By 住民票コード."""
        return await self._connection.run(partial(_by, column="code", key=int(code), on=on))

    async def by_number(self, number: str, *, on: int) -> list[Stored]:
        """By 個人番号."""
        return await self._connection.run(partial(_by, column="number", key=int(number), on=on))

    async def close(self) -> None:
        """Let go of the file."""
        await self._connection.close()


async def build(file: Path, people: AsyncIterator[History]) -> None:
    """Write everybody into a new `file`."""
    connection = await Connection(partial(_connect, file), iter_chunk_size=256)
    ids = count(1)
    try:
        await connection.run(partial(_each, statements=(*schema.TABLES, ROWS)))
        batch: list[History] = []
        async for history in people:
            batch.append(history)
            if len(batch) == TOGETHER:
                await connection.transact(partial(_put, people=batch, ids=ids))
                batch = []
                await asyncio.sleep(0)
        await connection.transact(partial(_put, people=batch, ids=ids))
        await connection.run(partial(_each, statements=(*schema.INDEXES, *schema.FILL, "ANALYZE")))
    finally:
        await connection.close()


def _connect(file: Path) -> Any:  # noqa: ANN401 - another module's connection, of the same kind
    connection = sqlcipher.connect(str(file), isolation_level=None)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "temp_store = MEMORY",
        f"cache_size = -{CACHE}",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


# What runs on the connection's thread.


def _each(connection: Plain, *, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.execute(statement)


def _put(connection: Plain, *, people: list[History], ids: "count[int]") -> None:
    versions: list[tuple[Any, ...]] = []
    aliases: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    for history in people:
        code = history[0].juminhyo_code.encode()
        known: Known | None = None
        projections: list[Version] = []
        for row in history:
            version = next(ids)
            stored = Stored(version.to_bytes(8, "big") + bytes(8), bytes(OF_PERSON) + code, row)
            projections.append(projected(stored, known))
            known = known_of(projections[-1])
            rows.append((version, msgspec.msgpack.encode(row)))
        for version, (until, open_) in zip(projections, spans(projections), strict=True):
            number = place_of(version.row) + MIDDLE
            versions.append(schema.row_of(number, version, until, open_=open_))
            aliases += schema.aliases_of(number, version)
    schema.put(connection, "versions", versions)
    schema.put(connection, "aliases", aliases)
    schema.put(connection, "rows", rows)


def _find(connection: Plain, *, wanted: Wanted, limit: int) -> list[Stored]:
    return _rows(
        connection,
        [place + MIDDLE for place in finding.find(connection, wanted=wanted, limit=limit)],
    )


def _by(connection: Plain, *, column: str, key: int, on: int) -> list[Stored]:
    sql = f"SELECT id FROM versions WHERE open AND {column} = ? AND {column} > 0 AND since <= ? AND until > ?"  # noqa: S608
    return _rows(connection, [number for (number,) in connection.execute(sql, (key, on, on)).fetchall()])


def _rows(connection: Plain, ids: list[int]) -> list[Stored]:
    marks = ",".join("?" * len(ids))
    sql = f"SELECT id, value FROM rows WHERE id IN ({marks})"  # noqa: S608 - marks only
    found = dict(connection.execute(sql, ids).fetchall())
    return [
        Stored(number.to_bytes(16, "big"), b"", _ROW.decode(found[number])) for number in dict.fromkeys(ids)
    ]
