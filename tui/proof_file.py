"""Keeping the proof of an entry: a file of its own, `<register>-<number>.tlog-proof` (C2SP tlog-proof), all of it or nothing."""

import os
from pathlib import Path

from daemon.errors import InputError, StateError


def name_of(register: str, seq: int) -> str:
    """What the file is called."""
    return f"{register}-{seq}.tlog-proof"


def open_folder(path: Path) -> int:
    """A descriptor of the folder `path`; StateError where it cannot be opened."""
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StateError("console.folder_unwritable", field="to") from error


def keep(folder: int, name: str, proof: str) -> None:
    """Write `proof` into the open folder, which is closed then.

    InputError where a file of that name is there already, StateError where there is no proof yet.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        if not proof:
            raise StateError("console.no_proof_yet")
        with os.fdopen(os.open(name, flags, 0o600, dir_fd=folder), "wb") as file:
            try:
                file.write(proof.encode())
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
