"""One SQLite file with `synchronous=FULL`, mode 0600, held exclusively, so that there is one witness only.

What a transaction did is on the disk when it returns; one inside another belongs to it. For any thread, one at a
time. Every failure of the disk is `hsm.store_failed`.
"""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.errors import StateError

log = logging.getLogger(__name__)

Row = tuple[Any, ...]


class Database:
    """The file at `path`, made if it is not there; None keeps everything in memory, for the fake."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        with _edge():
            self._db = _opened(path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is done inside, or nothing."""
        with self._lock, _edge():
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                self._depth -= 1
                if self._db.in_transaction:  # a COMMIT on a full disk leaves it open as well
                    self._db.execute("ROLLBACK")

    def run(self, statement: str, *values: object) -> int:
        """Carry out one statement; the row it added, where it added one."""
        with self.transaction():
            return self._db.execute(statement, values).lastrowid or 0

    def many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Carry out one statement for each of `rows`."""
        with self.transaction():
            self._db.executemany(statement, rows)

    def all(self, query: str, *values: object) -> list[Row]:
        """Every row that is found."""
        with self.transaction():
            return self._db.execute(query, values).fetchall()

    def one(self, query: str, *values: object) -> Row | None:
        """The first row, if there is one."""
        with self.transaction():
            found: Row | None = self._db.execute(query, values).fetchone()
            return found

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


@contextmanager
def _edge() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        log.exception("store failed", extra={"code": getattr(error, "sqlite_errorname", "")})
        raise StateError("hsm.store_in_use" if busy else "hsm.store_failed") from None


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        _touch(path)
    db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=0, check_same_thread=False)
    try:
        db.executescript(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;"
        )
    except sqlite3.Error:
        db.close()
        raise
    return db


def _touch(path: Path) -> None:
    """Make the file before SQLite does: for us alone, and its name on the disk. SQLite's own files follow its mode."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)
        os.close(descriptor)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        os.fsync(folder)
        os.close(folder)
    except OSError:
        raise StateError("hsm.store_failed") from None
