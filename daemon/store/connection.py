"""One connection to an SQLite file with encrypted pages (SQLCipher: AES-256, HMAC-SHA-256 per page), with its own thread.

The key is random, so no key derivation is wanted: it goes in raw. Temporary results stay in memory, deleted bytes
are overwritten, and a wrong key shows at once, not at the first query. `cipher_memory_security` stays off, as it is by
default: it would wipe and lock each single allocation of SQLite (writing takes twice as long), while this process locks all of
its memory, may not be traced and leaves no core (`daemon.memory`), and holds the opened rows in that memory anyway.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import aiosqlite.core
import sqlcipher3.dbapi2 as sqlcipher

from daemon.errors import IntegrityError, StateError
from daemon.store.faults import Errors, told

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""What runs on a connection's thread; it must not keep the connection."""

PAGE = 4096  # bytes
MAC = "HMAC_SHA256"
"""Of each page, with a key and a tag of 256 bits. SQLCipher's default, HMAC-SHA-512, takes longer (of a read 11 µs in 35, of
writing rows a quarter) wherever the processor has instructions for SHA-256.
"""
BUSY = 10.0  # seconds that one connection waits for a lock of another
STATEMENTS = 256  # prepared, per connection


class Connection(aiosqlite.core.Connection):
    """A connection that takes whole functions: one trip to its thread each, whatever they do there."""

    busy = 0
    """Pieces of work that somebody waits for."""

    async def _connect(self) -> aiosqlite.core.Connection:
        try:
            return await super()._connect()
        except BaseException:
            # Its thread may be at work on the file; whoever was cancelled may delete that next.
            await asyncio.to_thread(self._thread.join)
            raise

    async def run(self, work: Work[T]) -> T:
        """What `work` returns or raises. Who is cancelled meanwhile leaves no long statement behind."""
        try:
            return await self._there(work)
        except asyncio.CancelledError:
            self._conn.interrupt()
            raise

    async def glance(self, work: Work[T]) -> T:
        """As `run`, of what takes no time: it is left to end, since what runs next here may be somebody else's."""
        return await self._there(work)

    async def transact(self, work: Work[T]) -> T:
        """As `run`, in one transaction: all of it, or nothing. Who is cancelled cannot know which."""
        return await self._there(partial(_transact, work=work))

    async def _there(self, work: Work[T]) -> T:
        """On the connection's thread."""
        self.busy += 1
        try:
            return cast("T", await self._execute(self._call, work))  # type: ignore[no-untyped-call]
        finally:
            self.busy -= 1

    def _call(self, work: Work[T]) -> T:
        return work(self._conn)


def _transact(connection: sqlite3.Connection, work: Work[T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have ended it already.
        with suppress(*Errors):
            connection.execute("ROLLBACK")
        raise
    return result


def connector(file: Path, key: bytes, pragmas: Sequence[str]) -> sqlite3.Connection:
    """A DB-API connection to `file` under `key`; IntegrityError if the key does not fit the file, StateError if the disk fails."""
    connection: Any = sqlcipher.connect(
        str(file), timeout=BUSY, isolation_level=None, cached_statements=STATEMENTS
    )
    try:
        # Its own lines on standard error would stand among ours; what is wrong is raised.
        connection.execute("PRAGMA cipher_log_level = NONE")
        # As defaults of the process, so that a file which is attached to another has them too.
        connection.execute(f"PRAGMA cipher_default_page_size = {PAGE}")
        connection.execute(f"PRAGMA cipher_default_hmac_algorithm = {MAC}")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for pragma in ("journal_mode = WAL", "temp_store = MEMORY", "secure_delete = ON", *pragmas):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except Errors as error:
        connection.close()
        fault = told(error)
        raise fault if isinstance(fault, StateError) else IntegrityError("store.cannot_open") from error
    return cast("sqlite3.Connection", connection)
