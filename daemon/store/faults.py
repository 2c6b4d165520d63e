"""What SQLite says of a disk or a file that fails, as an error of the register with a code of its own.

A full disk and one that does not take what is written are states: nothing has changed, and the same may work in a while. A page that
does not verify (SQLCipher checks an HMAC over each) is an alarm, and a connection that met one answers nothing any more.
"""

from collections.abc import Callable
from types import TracebackType

import sqlcipher3.dbapi2 as sqlcipher

from daemon.errors import IntegrityError, JukuraError, StateError

Errors = (sqlcipher.DatabaseError, sqlcipher.OperationalError)

Kind = Callable[[str], JukuraError]

FAULTS: tuple[tuple[str, Kind, str], ...] = (
    ("SQLITE_FULL", StateError, "store.disk_full"),
    ("SQLITE_READONLY", StateError, "store.disk_failing"),
    ("SQLITE_CANTOPEN", StateError, "store.disk_failing"),
    # A quota that is used up (EDQUOT) is among these: SQLite tells of ENOSPC alone that it is "full".
    ("SQLITE_IOERR", StateError, "store.disk_failing"),
    ("SQLITE_CORRUPT", IntegrityError, "store.damaged"),
    ("SQLITE_NOTADB", IntegrityError, "store.damaged"),
)
"""How the name of SQLite's result code begins (https://sqlite.org/rescode.html), and what it is here."""


def told(error: BaseException) -> JukuraError | None:
    """What `error` means; None where it is no fault of disk or file."""
    name = getattr(error, "sqlite_errorname", "") if isinstance(error, Errors) else ""
    return next((kind(code) for begins, kind, code in FAULTS if name.startswith(begins)), None)


class Faults:
    """Turns SQLite's errors of one file into ours, and keeps the first that says that the file is not to be trusted."""

    def __init__(self) -> None:
        self.damage: IntegrityError | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        fault = told(error) or error
        if isinstance(fault, IntegrityError):
            self.damage = self.damage or fault
        if fault is not error:
            raise fault from error
