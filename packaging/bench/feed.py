"""Histories from a process of their own, through a file or a pipe: whoever takes them in does not also make them.

    feed.py SEED RESIDENTS ROWS DAY

Writes frames to standard output: length (4 bytes), then MessagePack of the histories of some people.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO

import msgspec

from daemon.rehearsal.history import Histories, History

PEOPLE = 100  # in one frame
_DECODER = msgspec.msgpack.Decoder(list[History])


def write(file: Path, words: tuple[str, ...]) -> None:
    """Everybody into a `file`, from the words that this program takes."""
    with file.open("wb") as target:
        subprocess.run([sys.executable, __file__, *words], stdout=target, check=True)  # noqa: S603 - our own program


@contextmanager
def fed(file: Path | None, words: tuple[str, ...]) -> Iterator[AsyncIterator[History]]:
    """Everybody, one after the other: from the `file` that holds them, or made meanwhile."""
    if file is not None:
        with file.open("rb") as source:
            yield _read(source)
        return
    argv = [sys.executable, __file__, *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, bufsize=2**22) as child:  # noqa: S603 - our own program
        if child.stdout is None:
            raise SystemExit("no pipe")
        try:
            yield _read(child.stdout)
        finally:
            child.terminate()


async def _read(source: IO[bytes]) -> AsyncIterator[History]:
    while size := int.from_bytes(source.read(4), "big"):
        for history in _DECODER.decode(source.read(size)):
            yield history


def main() -> None:
    """Entry point."""
    seed, residents, rows = map(int, sys.argv[1:4])
    people = iter(Histories(seed, residents, date.fromisoformat(sys.argv[4]), rows=rows))
    out = sys.stdout.buffer
    while frame := list(islice(people, PEOPLE)):
        content = msgspec.msgpack.encode(frame)
        out.write(len(content).to_bytes(4, "big") + content)
    out.write(bytes(4))
    out.flush()


if __name__ == "__main__":
    main()
