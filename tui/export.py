"""Writes the streamed log into a folder: all of it, or nothing.

The folder must be empty or new. File names come from the register and are believed only in one narrow form.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from daemon.contract.console import ExportLine
from daemon.errors import InputError, IntegrityError, StateError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.(?:jsonl|txt|json|pem|note)|checkpoint")
"""A file of an export: no path, no hidden file."""


def make_folder(path: Path) -> int:
    """A descriptor of the folder `path`, made if it is not there; InputError if something lies in it."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if any(path.iterdir()):
            raise InputError("console.folder_not_empty", field="to")
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StateError("console.folder_unwritable", field="to") from error


class ExportFolder:
    """The files of one export, written through the folder's descriptor. Leaves nothing behind unless `finish`ed."""

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}
        self._finished = False
        self.lines: dict[str, int] = {}
        """Lines written, by file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        if not self._finished:
            for name in self._files:
                with suppress(OSError):
                    os.unlink(name, dir_fd=self._folder)
        os.close(self._folder)

    def add(self, line: ExportLine) -> None:
        """Append one line to its file."""
        try:
            file = self._files.get(line.file) or self._open(line.file)
            file.write(line.line.encode() + b"\n")
        except OSError as error:
            raise StateError("console.folder_unwritable", field="to") from error
        self.lines[line.file] += 1

    def finish(self) -> None:
        """Make what was written last: on disk, files and folder."""
        try:
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
            os.fsync(self._folder)
        except OSError as error:
            raise StateError("console.folder_unwritable", field="to") from error
        self._finished = True

    def _open(self, name: str) -> BinaryIO:
        if not NAME.fullmatch(name):
            raise IntegrityError("console.bad_file_name")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.fdopen(os.open(name, flags, 0o600, dir_fd=self._folder), "wb")
        self._files[name] = file
        self.lines[name] = 0
        return file
