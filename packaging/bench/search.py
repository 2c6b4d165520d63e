"""Searching a register of a whole prefecture: what operators wait, beside the same in plaintext; load, memory, sizes.

    search.py [--residents 20000] [--rows N] [--asks 200] [--seed 1] [--folder F | --filled F] [--no-plain] [--no-sizes] [--piped]

Synthetic people with their whole histories (1.35 million residents have about 4.3 million versions) go through the
migration into a register over a real SoftHSM key service. It is then started anew, and a client in this process asks over the
console's unix socket, one question after the other, each with its entry in the log before the answer. Every question
is asked twice, of the register and of a plaintext table (`plaintext.py`) behind the same socket, session and log, in
turns; the files of both are read once before. Whoever a question is about must be in the answer. `--filled` names a folder
that stays, and is used again as it is. Prints one JSON object, in milliseconds and bytes.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import plaintext
from asking import SIDES, measure
from feed import fed, write
from filled import HOST, filled
from filling import PEOPLE, SEALED, feed_in
from host import INDEX, TABLE, TRUTH
from machine import machine
from questions import KINDS, LIMITS, questions
from stage import key_service

from daemon.clock import SystemClock, day_of
from daemon.rehearsal.history import ROWS_PER_RESIDENT, Histories
from tests.hsm.kit import MODULE

QUIET = 5.0  # seconds until a register that was just opened is at rest


@dataclass(frozen=True)
class Asked:
    """What is measured."""

    residents: int
    rows: int
    asks: int
    seed: int
    day: date
    plain: bool
    sizes: bool
    piped: bool

    @property
    def words(self) -> tuple[str, ...]:
        """What the maker of histories is told."""
        return str(self.seed), str(self.residents), str(self.rows), self.day.isoformat()


# The register.


class Host:
    """A register that serves."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child

    def ask(self, word: str = "") -> dict[str, Any]:
        """One line of its output, after one line of input if there is a `word`."""
        if self._child.stdin is None or self._child.stdout is None:
            raise SystemExit("no pipe")
        if word:
            self._child.stdin.write(f"{word}\n".encode())
            self._child.stdin.flush()
        told: dict[str, Any] = json.loads(self._child.stdout.readline())
        return told


@contextmanager
def hosted(folder: Path) -> Iterator[Host]:
    """The register in `folder` at work."""
    (folder / "console.sock").unlink(missing_ok=True)
    argv = [sys.executable, str(HOST), "serve", str(folder)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603
        try:
            yield Host(child)
        finally:
            if child.stdin is not None:
                child.stdin.close()
            child.wait(timeout=120)


def run(asked: Asked, folder: Path) -> dict[str, object]:
    """The whole bench in `folder`."""
    told: dict[str, object] = {
        "machine": machine(),
        "residents": asked.residents,
        "seed": asked.seed,
        "day": asked.day.isoformat(),
    }
    histories = Histories(asked.seed, asked.residents, asked.day, rows=asked.rows)
    by_kind = {kind: found for kind in KINDS if (found := questions(kind, histories, asked.day, asked.asks))}
    sides = SIDES if asked.plain else (SEALED,)
    if not (asked.piped or (folder / PEOPLE).exists()):
        write(folder / PEOPLE, asked.words)
    with key_service(folder, MODULE, {}):
        told["load"] = loaded = filled(folder, asked.words)
        if asked.plain and not (folder / TABLE).exists():
            asyncio.run(_plain(folder, asked))
        began = time.perf_counter()
        with hosted(folder) as host:
            opened = host.ask()
            told["start"] = {"process_seconds": round(time.perf_counter() - began, 2), **opened}
            time.sleep(QUIET)
            memory = host.ask("rest")
            host.ask("peak")
            read_once(folder)
            waits = measure(folder, by_kind, sides)
            told["memory"] = {
                "load": loaded.pop("peak_memory"),
                **memory,
                "searching": host.ask("peak")["peak"],
            }
            told["searches"] = {kind: found.figures(LIMITS.get(kind)) for kind, found in waits.items()}
            if asked.sizes:
                told["sizes"] = _per_person(host.ask("sizes"), loaded["people"])
    return told


def read_once(folder: Path) -> None:
    """Bring the files of both sides into the system's cache, as a day of use does: which side was written last must not show."""
    for name in (TRUTH, INDEX, TABLE):
        if (folder / name).exists():
            with (folder / name).open("rb") as file:
                while file.read(2**22):
                    pass


async def _plain(folder: Path, asked: Asked) -> None:
    with fed(feed_in(folder), asked.words) as people:
        await plaintext.build(folder / TABLE, people)


def _per_person(told: dict[str, Any], people: int) -> dict[str, object]:
    """Bytes for each person, residents or struck off, and where they go."""
    whole = {file: told["files"][file][file] for file in (TRUTH, INDEX)}
    return {
        "bytes": told["files"],
        "bytes_per_person": {"all": round(sum(whole.values()) / people)}
        | {file: round(size / people) for file, size in whole.items()},
        "where": {
            file: {
                name: round(size / people, 1) for name, size in told["within"][file].items() if size > people
            }
            for file in whole
        },
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument(
        "--rows", type=int, default=0, help="versions in all; as in a prefecture if not given"
    )
    parser.add_argument("--asks", type=int, default=200, help="questions of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the files lie; a temporary folder if not given")
    parser.add_argument("--filled", type=Path, help="a folder that stays; filled where it is not yet")
    parser.add_argument("--no-plain", dest="plain", action="store_false")
    parser.add_argument("--no-sizes", dest="sizes", action="store_false")
    parser.add_argument("--piped", action="store_true", help="make people while they are loaded, not before")
    given = parser.parse_args()
    asked = Asked(
        given.residents,
        given.rows or round(given.residents * ROWS_PER_RESIDENT),
        given.asks,
        given.seed,
        day_of(SystemClock().now()),
        given.plain,
        given.sizes,
        given.piped,
    )
    if given.filled:
        given.filled.mkdir(exist_ok=True)
        result = run(asked, given.filled)
    else:
        with TemporaryDirectory(prefix="bench-", dir=given.folder) as folder:
            result = run(asked, Path(folder))
    json.dump(result, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
