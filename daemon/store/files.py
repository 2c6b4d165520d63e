"""SQLite files on the disk: their companions, putting one in another's place, and the room there is. All durable."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from daemon.errors import StateError

NEXT = ".next"
"""What follows the name of a file that is being written to take another's place."""
RENEWED = ".renewed"
"""The same of the projection's file when it is written anew with what the memory holds: both may be under way."""
COMPANIONS = ("-wal", "-shm")
SLACK = 10  # percent
"""A second file has other pages half full than the first."""

Free = Callable[[], int]
"""Bytes free on the disk of the files."""


def successor(file: Path) -> Path:
    """The file that is being written to take the place of `file`."""
    return file.with_name(file.name + NEXT)


def renewed(file: Path) -> Path:
    """The file that is being written to take the place of `file`, by a renewal."""
    return file.with_name(file.name + RENEWED)


def exists(file: Path) -> bool:
    """Whether there is a `file`."""
    return file.exists()


def remove(file: Path) -> None:
    """Delete `file` and its companions, whichever there are."""
    for part in parts(file):
        part.unlink(missing_ok=True)


def replace(file: Path, new: Path) -> None:
    """Put `new` in the place of `file`, in the same folder. Both are closed, and all that they hold is in the files themselves.

    A kill or a power cut at any point leaves the old file or the new one, whole. A log of the old pages must never
    lie beside the new file, so it is gone for good before the name changes.
    """
    for part in (*_companions(file), *_companions(new)):
        part.unlink(missing_ok=True)
    sync(new)
    sync(file.parent)
    new.replace(file)
    sync(file.parent)


def size(file: Path) -> int:
    """Bytes of `file` with its companions."""
    return sum(part.stat().st_size for part in parts(file) if part.exists())


def require_room(file: Path, free: Free, floor: int, *, more: int = 1) -> None:
    """Raise unless `more` files like `file` fit on the disk and leave `floor` bytes free."""
    if free() < size(file) * more * (100 + SLACK) // 100 + floor:
        raise StateError("store.no_room")


def free_beside(folder: Path) -> Free:
    """How many bytes are free where `folder` lies."""
    return lambda: shutil.disk_usage(folder).free


def parts(file: Path) -> list[Path]:
    """`file` and its companions, there or not."""
    return [file, *_companions(file)]


def _companions(file: Path) -> list[Path]:
    return [file.with_name(file.name + end) for end in COMPANIONS]


def sync(path: Path) -> None:
    """Return when all of a file, or what a folder lists, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
