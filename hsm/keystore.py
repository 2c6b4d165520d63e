"""The key service's own file: wrapped data keys, public keys, destroyed names, and what was signed last.

One SQLite file, `synchronous=FULL`, mode 0600, held exclusively, so that there is one witness only. Each method is
one transaction, on the disk when it returns. Nothing in it opens anything without the token. Used by one thread
at a time. Every failure of the disk is `hsm.store_failed`.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from daemon.errors import StateError
from hsm import policy
from hsm.protocol import KeyInfo

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

_VERSION = 1
_SCHEMA = """
CREATE TABLE token (serial TEXT PRIMARY KEY, model TEXT NOT NULL, enrolled TEXT NOT NULL) STRICT;
CREATE TABLE key (name TEXT PRIMARY KEY, lawful INTEGER NOT NULL, made TEXT NOT NULL, uses INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE wrapped (name TEXT NOT NULL REFERENCES key ON DELETE CASCADE, serial TEXT NOT NULL REFERENCES token,
    wrapped BLOB NOT NULL, PRIMARY KEY (name, serial)) STRICT;
CREATE TABLE pair (name TEXT NOT NULL REFERENCES key ON DELETE CASCADE, serial TEXT NOT NULL REFERENCES token,
    public BLOB NOT NULL, PRIMARY KEY (name, serial)) STRICT;
CREATE TABLE destroyed (name TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
CREATE TABLE witness (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, size INTEGER NOT NULL,
    root BLOB NOT NULL, key TEXT NOT NULL, note TEXT NOT NULL) STRICT;
"""
_KEYS = """
SELECT key.name, lawful, made, uses, public FROM key LEFT JOIN pair ON pair.name = key.name AND pair.serial = ?
ORDER BY made, key.name
"""
_ADD = {True: "INSERT INTO pair VALUES (?, ?, ?)", False: "INSERT INTO wrapped VALUES (?, ?, ?)"}


def _guarded(
    method: Callable[Concatenate["Keystore", P], T],
) -> Callable[Concatenate["Keystore", P], T]:
    """Run `method` in one transaction; its failure undoes it and is ours."""

    @wraps(method)
    def run(self: "Keystore", /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._transaction():
            return method(self, *args, **kwargs)

    return run


class Keystore:
    """The file at `path`, made if it is not there; None keeps everything in memory, for the fake."""

    def __init__(self, path: Path | None) -> None:
        with _edge():
            self._db = _opened(path)
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            self._db.close()
            raise StateError("hsm.store_version")
        if version == 0:
            with self._transaction():
                for statement in _SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {_VERSION}")

    @_guarded
    def tokens(self) -> dict[str, str]:
        """Serial to model of every enrolled token."""
        return dict(self._db.execute("SELECT serial, model FROM token"))

    @_guarded
    def enrol(self, serial: str, model: str, at: datetime) -> None:
        """Keep that this token is ours."""
        self._db.execute("INSERT INTO token VALUES (?, ?, ?)", (serial, model, at.isoformat()))

    @_guarded
    def add(self, serial: str, made: Iterable[tuple[str, bytes]], at: datetime) -> None:
        """Keep what one token made: of each name the wrapped copy of the data key, or the public key (DER)."""
        for name, value in made:
            row = (name, policy.lawful(name), at.isoformat())
            self._db.execute("INSERT INTO key (name, lawful, made) VALUES (?, ?, ?)", row)
            self._db.execute(_ADD[policy.is_pair(name)], (name, serial, value))

    @_guarded
    def names(self) -> frozenset[str]:
        """Every key that exists."""
        return frozenset(name for (name,) in self._db.execute("SELECT name FROM key"))

    @_guarded
    def wrapped(self, serial: str) -> Mapping[str, bytes]:
        """The wrapped copies of one token, by name."""
        return dict(self._db.execute("SELECT name, wrapped FROM wrapped WHERE serial = ?", (serial,)))

    @_guarded
    def public(self, name: str, serial: str) -> bytes | None:
        """The public key of one token's pair."""
        found = self._db.execute(
            "SELECT public FROM pair WHERE name = ? AND serial = ?", (name, serial)
        ).fetchone()
        return bytes(found[0]) if found else None

    @_guarded
    def keys(self, serial: str) -> list[KeyInfo]:
        """Every key, oldest first, with the public keys of one token."""
        return [
            KeyInfo(
                name=name, lawful=bool(lawful), made=datetime.fromisoformat(made), uses=uses, public=public
            )
            for name, lawful, made, uses, public in self._db.execute(_KEYS, (serial,))
        ]

    @_guarded
    def used(self, names: Iterable[str]) -> None:
        """Count one use of each."""
        self._db.executemany("UPDATE key SET uses = uses + 1 WHERE name = ?", [(name,) for name in names])

    @_guarded
    def bury(self, name: str, at: datetime) -> None:
        """Forget a key and keep its name as destroyed, for ever. The token's secret is the caller's to destroy."""
        self._db.execute("INSERT INTO destroyed VALUES (?, ?) ON CONFLICT DO NOTHING", (name, at.isoformat()))
        self._db.execute("DELETE FROM key WHERE name = ?", (name,))

    @_guarded
    def destroyed(self) -> frozenset[str]:
        """Every name that was ever destroyed."""
        return frozenset(name for (name,) in self._db.execute("SELECT name FROM destroyed"))

    @_guarded
    def last_signed(self) -> policy.Last | None:
        """What was signed last; None before the first signature."""
        found = self._db.execute("SELECT epoch, size, root, key, note FROM witness").fetchone()
        return policy.Last(*found) if found else None

    @_guarded
    def signed(self, last: policy.Last) -> None:
        """Keep what is being signed, and count the use. Its signature may leave only after this returned."""
        row = (last.epoch, last.size, last.root, last.key, last.note)
        self._db.execute("INSERT OR REPLACE INTO witness VALUES (1, ?, ?, ?, ?, ?)", row)
        self._db.execute("UPDATE key SET uses = uses + 1 WHERE name = ?", (last.key,))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _edge():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:  # a COMMIT on a full disk leaves it open as well
                    self._db.execute("ROLLBACK")


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
    db.executescript(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;"
    )
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
