"""Where an export lies: a folder, or one zip file. Files are read line by line, within fixed memory."""

import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Protocol

from .faults import VerificationError
from .forms import parsed

MAX_LINE = 1024 * 1024  # bytes
BLOCK = 64 * 1024  # bytes


class Source(Protocol):
    """Named files."""

    def names(self) -> list[str]:
        """Of all files; one that is there twice is named twice."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Read a file; OSError or KeyError where it is not there."""
        ...


class Folder:
    """Files on a disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """Of all files."""
        return sorted(path.name for path in self._path.iterdir())

    def open(self, name: str) -> IO[bytes]:
        """Read a file."""
        return (self._path / name).open("rb")


class Zip:
    """Files in one zip; a folder around them is no matter."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._files = [
            (info.filename.rpartition("/")[2], info) for info in self._zip.infolist() if not info.is_dir()
        ]

    def names(self) -> list[str]:
        """Of all files; one that is there twice is named twice."""
        return sorted(name for name, _ in self._files)

    def open(self, name: str) -> IO[bytes]:
        """Read a file."""
        return self._zip.open(dict(self._files)[name])


def source(path: Path) -> Source:
    """What lies at `path`; OSError or zipfile.BadZipFile where nothing that can be read does."""
    return Folder(path) if path.is_dir() else Zip(path)


def read_lines(files: Source, name: str) -> Iterator[tuple[int, str]]:
    """(number, text) of each line; every line ends with one U+000A."""
    with opened(files, name) as file:
        number = 0
        while raw := file.readline(MAX_LINE):
            number += 1
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                raise VerificationError("line_cut", file=name, line=number) from None
            if not text.endswith("\n"):
                raise VerificationError("line_cut", file=name, line=number)
            yield number, text[:-1]


def read_objects(files: Source, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of each line of a .jsonl file; each must be canonical."""
    for number, text in read_lines(files, name):
        value = parsed(text)
        if value is None:
            raise VerificationError("not_canonical", file=name, line=number)
        yield number, value


def measured(files: Source, name: str) -> tuple[str, int]:
    """SHA-256 (hex) and bytes of a file."""
    digest, size = sha256(), 0
    with opened(files, name) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def opened(files: Source, name: str) -> IO[bytes]:
    """The file, open; `file_missing` where it is not there."""
    try:
        return files.open(name)
    except (FileNotFoundError, KeyError):
        raise VerificationError("file_missing", file=name) from None
