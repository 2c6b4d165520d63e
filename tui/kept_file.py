"""Keeping what the register hands out in a file of its own: all of it or nothing, for its owner alone, never over another."""

import os
from pathlib import Path

from daemon.errors import InputError, StateError


def proof_name(register: str, seq: int) -> str:
    """What the file of an entry's proof is called (C2SP tlog-proof)."""
    return f"{register}-{seq}.tlog-proof"


def open_folder(path: Path) -> int:
    """A descriptor of the folder `path`; StateError where it cannot be opened."""
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StateError("console.folder_unwritable", field="to") from error


def keep_proof(folder: int, name: str, proof: str) -> None:
    """As `keep`; StateError where there is no proof yet."""
    if not proof:
        os.close(folder)
        raise StateError("console.no_proof_yet")
    keep(folder, name, proof)


def keep(folder: int, name: str, text: str) -> None:
    """Write `text` into the open folder, which is closed then.

    InputError where a file of that name is there already, StateError where the folder takes none.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(name, flags, 0o600, dir_fd=folder), "wb") as file:
            try:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.unlink(name, dir_fd=folder)
                raise
        os.fsync(folder)
    except FileExistsError:
        raise InputError("console.file_there", field="to") from None
    except OSError as error:
        raise StateError("console.folder_unwritable", field="to") from error
    finally:
        os.close(folder)
