"""What of a notice's cost is the log's: the same notices with it and without it, in turns.

    share.py [--residents 3000] [--rounds 3] [--folder F]

Each round fills two new registers over a key service with SoftHSM, in this process, with the first notice of every resident: one as
it is, and one whose journal writes nothing (no entry, no tree, no figures of the day, no checkpoint). The difference is the log's,
on every thread: making entries, sealing them, hashing, writing their pages, signing. Prints one JSON object; `cpu` is microseconds
of this process for one notice, `share` the log's part of it.
"""

import argparse
import asyncio
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from machine import machine
from stage import batches, staged

from daemon.audit.journal import Journal
from daemon.clock import SystemClock, day_of
from daemon.rehearsal.residents import Population
from tests.hsm.kit import MODULE


async def _nothing(*_: object) -> None:
    """In place of what a group adds to the log."""


async def filled(folder: Path, population: Population, *, logged: bool) -> float:
    """Microseconds of the processor for one notice."""
    notices = batches(population)
    count = sum(len(batch) for _, batch in notices)
    with ExitStack() as without:
        if not logged:
            without.enter_context(patch.object(Journal, "merge", lambda *_: None))
            without.enter_context(patch.object(Journal, "prepare", _nothing))
        async with staged(folder, population, module=MODULE, environ={}, share=1.0) as stage:
            began = time.process_time()
            await stage.fill(notices)
            return (time.process_time() - began) / count * 1e6


def measured(folder: Path | None, residents: int, rounds: int) -> dict[str, Any]:
    """All rounds."""
    population = Population(1, residents, day_of(SystemClock().now()))
    cpu: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * rounds):
        with TemporaryDirectory(prefix="bench-", dir=folder) as place:
            logged = number % 2 == 0
            cpu[logged].append(asyncio.run(filled(Path(place), population, logged=logged)))
    shares = [1 - bare / whole for whole, bare in zip(cpu[True], cpu[False], strict=True)]
    return {
        "machine": machine(), "residents": residents,
        "cpu": {"with": [round(each) for each in cpu[True]], "without": [round(each) for each in cpu[False]]},
        "share": {"median": round(median(shares), 3), "each": [round(share, 3) for share in shares]},
    }  # fmt: skip


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--residents", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    json.dump(measured(asked.folder, asked.residents, asked.rounds), sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
