"""SQLite files whose pages are encrypted (SQLCipher: AES-256, HMAC-SHA-512 per page), and exchanging one while in use.

The key is random, so no key derivation is wanted: it goes in raw. Temporary results stay in memory, deleted bytes
are overwritten, and a wrong key shows at once, not at the first query.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import sqlcipher3.dbapi2 as sqlcipher
from aiosqlite.core import Connection

from daemon.errors import IntegrityError
from daemon.store import files, migrations
from daemon.store.turnstile import Turnstile

PAGE = 4096  # bytes
CHECKPOINT = 4000  # pages in the WAL before they are moved into the file
BUSY = 10.0  # seconds that a reader waits for a checkpoint of the WAL
APART = 4_000  # KiB of pages for long reads: each is needed once

Errors = (sqlcipher.DatabaseError, sqlcipher.OperationalError)


def connector(file: Path, key: bytes, pragmas: Sequence[str]) -> sqlite3.Connection:
    """A DB-API connection to `file` under `key`; IntegrityError if the key does not fit the file."""
    connection: Any = sqlcipher.connect(str(file), timeout=BUSY, isolation_level=None)
    try:
        # Its own lines on standard error would stand among ours; what is wrong is raised.
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute(f"PRAGMA cipher_page_size = {PAGE}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for pragma in ("journal_mode = WAL", "temp_store = MEMORY", "secure_delete = ON", *pragmas):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except Errors as error:
        connection.close()
        raise IntegrityError("store.cannot_open") from error
    return cast("sqlite3.Connection", connection)


@dataclass(frozen=True)
class Shape:
    """What kind of file it is."""

    steps: Sequence[migrations.Step]
    synchronous: str
    cache: int
    """KiB of pages, for each connection that is not for long reads."""


@dataclass(frozen=True)
class PageKey:
    """A key for pages, and the name it has in the key service."""

    raw: bytes = field(repr=False)
    name: str = ""


@dataclass(frozen=True)
class _Open:
    """The connections to one file, each with a thread of its own."""

    writer: Connection
    reader: Connection
    apart: Connection

    async def close(self) -> None:
        await self.apart.close()
        await self.reader.close()
        await self.writer.close()


class Closable(Protocol):
    """What has to be closed."""

    async def close(self) -> None:
        """Let go of what is held."""
        ...


class Pages:
    """One file in use: a connection that writes, one that reads beside it, and one for long reads apart."""

    def __init__(self, file: Path, shape: Shape, key: PageKey, connections: _Open) -> None:
        self.file = file
        self._shape = shape
        self.key = key
        self._connections = connections
        self._turnstile = Turnstile()

    @classmethod
    async def open(cls, file: Path, key: PageKey, shape: Shape) -> "Pages":
        """Open `file`, make or migrate its tables; IntegrityError if `key` does not fit."""
        return cls(file, shape, key, await _connect(file, key, shape))

    @property
    def writer(self) -> Connection:
        """The one connection that changes the file, for the one who writes."""
        return self._connections.writer

    @property
    def reader(self) -> Connection:
        """The connection of short reads; where the file may be exchanged meanwhile, `reading` is the way."""
        return self._connections.reader

    @asynccontextmanager
    async def reading(self, *, apart: bool = False) -> AsyncIterator[Connection]:
        """A connection that sees what is committed; with `apart` the one on which nobody waits behind a long read."""
        async with self._turnstile.through():
            yield self._connections.apart if apart else self._connections.reader

    async def settle(self) -> None:
        """Move what is in the WAL into the file, as far as readers allow."""
        await self.writer.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")

    async def replace(self, key: PageKey) -> None:
        """Take the successor of the file, closed and written under `key`, in place of the file.

        Nothing may be writing; those who read wait. If that cannot be done the old file is in use again;
        IntegrityError if neither opens: then nothing here works any more.
        """
        async with self._turnstile.shut():
            await self._connections.close()
            try:
                await asyncio.to_thread(files.replace, self.file)
            finally:
                self.key, self._connections = await self._reopened(key)

    async def close(self) -> None:
        """Let go of the file."""
        await self._connections.close()

    async def _reopened(self, new: PageKey) -> tuple[PageKey, _Open]:
        try:
            return new, await _connect(self.file, new, self._shape)
        except IntegrityError:
            return self.key, await _connect(self.file, self.key, self._shape)


@asynccontextmanager
async def closed_on_error(held: Closable) -> AsyncIterator[None]:
    """Close `held` where what is done with it first goes wrong, or is given up."""
    try:
        yield
    except BaseException:
        await held.close()
        raise


async def open_fitting(file: Path, keys: Sequence[PageKey], shape: Shape) -> Pages:
    """Open `file` under the first of `keys` that fits; a new file is made under the first.

    IntegrityError if none fits.
    """
    there = files.exists(file)
    for key in keys[:-1] if there else ():
        try:
            return await Pages.open(file, key, shape)
        except IntegrityError as error:
            if error.code != "store.cannot_open":
                raise
    return await Pages.open(file, keys[-1] if there else keys[0], shape)


async def _connect(file: Path, key: PageKey, shape: Shape) -> _Open:
    """The connections to `file`, its tables made or migrated; all or none."""
    cache = f"cache_size = -{shape.cache}"
    opened: list[Connection] = []

    async def one(*pragmas: str) -> Connection:
        opened.append(
            await Connection(lambda: connector(file, key.raw, pragmas), iter_chunk_size=256),
        )
        return opened[-1]

    try:
        writer = await one(f"synchronous = {shape.synchronous}", f"wal_autocheckpoint = {CHECKPOINT}", cache)
        await migrations.run(writer, shape.steps)
        reader = await one("query_only = ON", cache)
        return _Open(writer, reader, await one("query_only = ON", f"cache_size = -{APART}"))
    except BaseException:
        for connection in reversed(opened):
            await connection.close()
        raise
