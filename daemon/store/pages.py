"""Opening an SQLite file whose pages are encrypted (SQLCipher: AES-256, HMAC-SHA-512 per page).

The key is random, so no key derivation is wanted: it goes in raw. Temporary results stay in memory, deleted bytes
are overwritten, and a wrong key shows at once, not at the first query.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import sqlcipher3.dbapi2 as sqlcipher
from aiosqlite.core import Connection

from daemon.errors import IntegrityError
from daemon.store import migrations

PAGE = 4096  # bytes
CHECKPOINT = 4000  # pages in the WAL before they are moved into the file
BUSY = 10.0  # seconds that a reader waits for a checkpoint of the WAL

Errors = (sqlcipher.DatabaseError, sqlcipher.OperationalError)


def connector(file: Path, key: bytes, pragmas: Sequence[str]) -> sqlite3.Connection:
    """A DB-API connection to `file` under `key`; IntegrityError if the key does not fit the file."""
    connection: Any = sqlcipher.connect(str(file), timeout=BUSY, isolation_level=None)
    try:
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute(f"PRAGMA cipher_page_size = {PAGE}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for pragma in ("journal_mode = WAL", "temp_store = MEMORY", "secure_delete = ON", *pragmas):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except Errors as error:
        connection.close()
        raise IntegrityError("store.cannot_open") from error
    return cast("sqlite3.Connection", connection)


async def pair(
    file: Path, key: bytes, steps: Sequence[migrations.Step], *, synchronous: str, cache: int
) -> tuple[Connection, Connection]:
    """`file` with its tables made or migrated, as a connection that writes and one that reads beside it.

    Each has a thread of its own and `cache` KiB of pages. IntegrityError if `key` does not fit.
    """
    shared = f"cache_size = -{cache}"
    writer = await _opened(
        file, key, f"synchronous = {synchronous}", f"wal_autocheckpoint = {CHECKPOINT}", shared
    )
    try:
        await migrations.run(writer, steps)
        return writer, await _opened(file, key, "query_only = ON", shared)
    except BaseException:
        await writer.close()
        raise


async def _opened(file: Path, key: bytes, *pragmas: str) -> Connection:
    return await Connection(lambda: connector(file, key, pragmas), iter_chunk_size=256)
