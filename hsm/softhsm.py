"""What SoftHSM needs and a real token does not: a configuration file, a token made on first start, and fsync.

A SoftHSM token is a folder of files on this disk. It is there for development, rehearsal and tests; with it the
service always says `unprotected`.
"""

import os
from contextlib import suppress
from pathlib import Path


def configure(state: Path) -> Path:
    """Write `state`/softhsm2.conf, with the tokens in `state`/token; the file, for SOFTHSM2_CONF.

    The folder of tokens is the caller's to make, and only on the first start: one made anew in the place of one
    that is away would pass for it.
    """
    file = state / "softhsm2.conf"
    file.write_text(
        f"directories.tokendir = {token_folder(state)}\n"
        "objectstore.backend = file\n"
        "log.level = ERROR\n"
        "slots.removable = false\n",
        "utf-8",
    )
    file.chmod(0o600)
    return file


def token_folder(state: Path) -> Path:
    """Where the tokens of `configure` lie."""
    return state / "token"


class Settle:
    """Pushes the files of the tokens in `folder` to the disk: SoftHSM itself leaves that to the kernel.

    Without it a power cut could leave a wrapped data key behind whose secret never reached the disk. Remembers what
    it has pushed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pushed: dict[Path, int] = {}

    def __call__(self) -> None:
        """Push what changed since the last call."""
        for path in (self._folder, *self._folder.rglob("*")):
            with suppress(FileNotFoundError):  # a transaction of SoftHSM's that is over by now
                changed = path.stat().st_mtime_ns
                if self._pushed.get(path) != changed:
                    _sync(path)
                    self._pushed[path] = changed


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
