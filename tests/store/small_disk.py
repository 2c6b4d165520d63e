"""A small disk of its own for a test (tmpfs), filled and emptied at will."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

MIB = 1024 * 1024
BLOCK = 4096  # bytes


@dataclass(frozen=True)
class SmallDisk:
    """Where it is mounted."""

    folder: Path

    def free(self) -> int:
        """Bytes."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, *, but: int = 0) -> None:
        """Leave `but` bytes free, in whole blocks."""
        filler = self.folder / "filler"
        with filler.open("ab") as file:
            while (more := (self.free() - but) // BLOCK * BLOCK) > 0:
                # Others write meanwhile: what was free a moment ago may not be any more.
                with suppress(OSError):
                    os.posix_fallocate(file.fileno(), file.tell(), more)
                    return

    def free_again(self) -> None:
        """Take away what filled it."""
        (self.folder / "filler").unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """A disk of `size` bytes at `folder`; the test is skipped where nothing may be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False, timeout=30).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=30)
