"""Writes the files of an export into a folder, each held against the signed manifest; what is there already is not fetched again.

File names come from the register and are believed only in the one narrow form of a manifest. Nothing of another kind is written over:
the folder is empty or new, or holds what was left of the same export. A file that is not whole has `.part` after its name.
"""

import hashlib
import os
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from daemon.contract.manifest import NAME, File, files_of
from daemon.errors import InputError, IntegrityError, StateError
from tui.apart import apart

PART = ".part"
BLOCK = 1024 * 1024  # bytes
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip, so that the same export gives the same zip."""
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_folder(path: Path) -> int:
    """A descriptor of the folder `path`, made if it is not there; InputError if something lies in it that is no export."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        names = [each.name for each in path.iterdir()]
        if names and NAME not in names and names != [NAME + PART]:
            raise InputError("console.folder_not_empty", field="to")
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StateError("console.folder_unwritable", field="to") from error


class ExportFolder:
    """The files of one export, written through the folder's descriptor."""

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self.files: list[File] = []
        """What the manifest names."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._folder)

    def begin(self, manifest: bytes) -> None:
        """Take up the export of this manifest; InputError where another one lies here, or anything else."""
        self.files = files_of(manifest)
        known = {NAME, *(file.name for file in self.files)}
        allowed = known | {name + PART for name in known}
        if not allowed.issuperset(_names(self._folder)) or self._content(NAME) not in (b"", manifest):
            raise InputError("console.folder_not_empty", field="to")
        if not self._content(NAME):
            with self._part(NAME) as file:
                file.write(manifest)
            self._settle(NAME)

    def holds(self, file: File) -> bool:
        """Whether it is there already, as the manifest says."""
        digest = hashlib.sha256()
        with suppress(FileNotFoundError), self._opened(file.name) as there:
            while block := there.read(BLOCK):
                digest.update(block)
            return digest.digest() == file.sha256
        return False

    async def write(self, file: File, chunks: AsyncIterator[bytes]) -> None:
        """Write it; IntegrityError, and nothing, where it is not what the manifest says."""
        digest, size = hashlib.sha256(), 0
        try:
            with self._part(file.name) as part:
                async for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    part.write(chunk)
            if (digest.digest(), size) != (file.sha256, file.size):
                os.unlink(file.name + PART, dir_fd=self._folder)
                raise IntegrityError("console.export_damaged", field=file.name)
            await apart(lambda: self._settle(file.name))
        except OSError as error:
            raise StateError("console.folder_unwritable", field="to") from error

    def pack(self, name: str) -> None:
        """Put all of it into the zip `name` in the same folder, instead of the files."""
        try:
            with self._part(name) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
                for each in (NAME, *(file.name for file in self.files)):
                    info = zipfile.ZipInfo(each, LONG_AGO)
                    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
                    with self._opened(each) as file, packed.open(info, "w", force_zip64=True) as into:
                        while block := file.read(BLOCK):
                            into.write(block)
            self._settle(name)
            for each in (NAME, *(file.name for file in self.files)):
                os.unlink(each, dir_fd=self._folder)
            os.fsync(self._folder)
        except OSError as error:
            raise StateError("console.folder_unwritable", field="to") from error

    def _content(self, name: str) -> bytes:
        with suppress(FileNotFoundError), self._opened(name) as file:
            return file.read(BLOCK)
        return b""

    def _opened(self, name: str) -> BinaryIO:
        return os.fdopen(os.open(name, OLD, dir_fd=self._folder), "rb")

    def _part(self, name: str) -> BinaryIO:
        """The file `name` while it is not whole, empty."""
        with suppress(FileNotFoundError):
            os.unlink(name + PART, dir_fd=self._folder)
        return os.fdopen(os.open(name + PART, NEW, 0o600, dir_fd=self._folder), "wb")

    def _settle(self, name: str) -> None:
        """It is whole: on the disk, under its own name."""
        with self._opened(name + PART) as file:
            os.fsync(file.fileno())
        os.rename(name + PART, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        os.fsync(self._folder)


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as there:
        return [each.name for each in there]
