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

PAGE = 4096  # bytes
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


async def opened(file: Path, key: bytes, *pragmas: str) -> Connection:
    """`file` as an aiosqlite connection with its own thread."""
    return await Connection(lambda: connector(file, key, pragmas), iter_chunk_size=256)
