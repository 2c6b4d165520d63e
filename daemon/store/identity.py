"""Whether a file in use is still the one that was opened, by its names, its sizes and who has written to it.

A program goes on writing to a file that was deleted, renamed or replaced, and all of it is lost when it ends. So it is looked at before
each commit, inside its transaction, and every few seconds; whoever was told that something is kept has it under its name. Nobody but
the one connection that writes may commit: SQLite counts the commits of others (PRAGMA data_version), in whatever process they are.
What this does not see: pages changed in place. Their HMAC is checked when they are read, and the log is read back (`daemon.audit.scrub`).
"""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from daemon.errors import IntegrityError
from daemon.store.files import parts


@dataclass
class _Part:
    """The file itself, its WAL, or the index of that."""

    device: int
    inode: int
    size: int
    """Bytes when it was last looked at: neither file nor WAL ever shrinks while it is open."""


@dataclass
class Identity:
    """Of one open file. IntegrityError where it is another one now."""

    _parts: dict[Path, _Part] = field(default_factory=dict)
    _commits: int = 0
    """Of others, as this connection counts them."""

    @classmethod
    def take(cls, connection: sqlite3.Connection, file: Path) -> "Identity":
        """Of `file`, which `connection` writes; on that connection's thread."""
        # Any reading makes the WAL and its index, where they are not there yet.
        commits = _commits(connection)
        return cls({part: _look(part) for part in parts(file)}, commits)

    def require(self, connection: sqlite3.Connection) -> None:
        """Raise `store.file_gone`, `store.file_replaced`, `store.file_cut` or `store.foreign_write`; on the same thread."""
        for path, before in self._parts.items():
            now = _look(path)
            if (now.device, now.inode) != (before.device, before.inode):
                raise IntegrityError("store.file_replaced")
            if now.size < before.size:
                raise IntegrityError("store.file_cut")
            before.size = now.size
        if _commits(connection) != self._commits:
            raise IntegrityError("store.foreign_write")


def _look(path: Path) -> _Part:
    try:
        found = path.stat()
    except FileNotFoundError:
        raise IntegrityError("store.file_gone") from None
    return _Part(found.st_dev, found.st_ino, found.st_size)


def _commits(connection: sqlite3.Connection) -> int:
    ((number,),) = connection.execute("PRAGMA data_version").fetchall()
    return int(number)
