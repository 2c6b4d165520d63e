"""The ballast: a file that holds room on the disk, given up when the log would find none.

Its blocks are allocated, not merely promised (posix_fallocate), so that deleting it gives as much back. It holds nothing.
"""

import os
from pathlib import Path

from daemon.store.files import sync

_BLOCK = 512  # bytes, in which st_blocks counts whatever the file system


class Ballast:
    """A file of `size` bytes. Each call waits for the disk."""

    def __init__(self, file: Path, size: int) -> None:
        self._file = file
        self.size = size

    def held(self) -> int:
        """Bytes that it holds; 0 where there is none."""
        try:
            found = self._file.lstat()
        except FileNotFoundError:
            return 0
        return min(self.size, found.st_size, found.st_blocks * _BLOCK)

    def make(self) -> None:
        """Make it, or what it lacks. OSError where the disk has no room: then there is none at all."""
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(handle, min(self.size, os.fstat(handle).st_size))
            os.posix_fallocate(handle, 0, self.size)
            os.fsync(handle)
        except OSError:
            self.release()
            raise
        finally:
            os.close(handle)
        sync(self._file.parent)

    def release(self) -> None:
        """Give the room back."""
        self._file.unlink(missing_ok=True)
