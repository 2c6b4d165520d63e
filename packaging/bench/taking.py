"""What the event loop computes for one notice: from the bytes of a request to its verdicts, durable, without TLS and delivery.

    taking.py [--rounds 12] [--residents 6000] [--seed 1] [--folder F]

A register of this program over a key service with SoftHSM, in this process; ten municipalities' residents move house, fifty notices a request,
each municipality one request after the other, all bodies made before the clock runs. `loop` is the processor's time of the thread that computes, `process`
of all of this process's, in microseconds a notice, round by round. On a machine that does other things too, run two programs in turns, compare the smallest
of each, and say how far the turns lie apart: `notices.py`, which has every program run, swings by a third there.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from machine import machine
from posting import moves, moves_in
from stage import key_service, opened

from daemon.clock import SystemClock, day_of
from daemon.contract.peer import Outcome
from daemon.open import Parts
from daemon.pace import keep, settle
from daemon.peers.decode import parse
from daemon.register.rows import HonninRecord, Register
from daemon.rehearsal.residents import Population
from tests.hsm.kit import MODULE

BATCH = 50  # notices in one request
REQUESTS = 4  # of one municipality in one round
CITIES = 10
MOST = 250  # residents of one of them

Bodies = Sequence[tuple[str, bytes]]
"""Of one municipality, with its code."""


def cities(seed: int, residents: int) -> dict[str, list[HonninRecord]]:
    """The residents of the first of them."""
    found: dict[str, list[HonninRecord]] = {}
    for one in Population(seed, residents, day_of(SystemClock().now())).residents:
        if one.honnin is not None:
            found.setdefault(one.honnin.municipality, []).append(one.honnin)
    large = {code: people[:MOST] for code, people in sorted(found.items()) if len(people) >= BATCH}
    return {code: large[code][: len(large[code]) // BATCH * BATCH] for code in list(large)[:CITIES]}


async def taken(parts: Parts, lanes: Sequence[Bodies]) -> int:
    """Every request, each municipality's in order; how many notices were applied."""

    async def lane(bodies: Bodies) -> int:
        applied = 0
        for sender, body in bodies:
            verdicts = await parts.notices.receive(sender, parse(body, Register.HONNIN))
            applied += sum(verdict.outcome is Outcome.APPLIED for verdict in verdicts)
        return applied

    return sum(await asyncio.gather(*map(lane, lanes)))


async def measured(folder: Path, asked: argparse.Namespace) -> dict[str, object]:
    """All rounds."""
    settle()
    loop, process = [], []
    today = day_of(SystemClock().now())
    people = cities(asked.seed, asked.residents)
    endless = {code: moves(some, BATCH, today) for code, some in people.items()}
    with key_service(folder, MODULE, {}):
        async with opened(folder) as register:
            await taken(
                register.parts,
                [[(code, body) for body in moves_in(some, BATCH)] for code, some in people.items()],
            )
            keep()
            for _ in range(asked.rounds):
                lanes = [[(code, next(bodies)) for _ in range(REQUESTS)] for code, bodies in endless.items()]
                began, worked = time.thread_time(), time.process_time()
                count = await taken(register.parts, lanes)
                if count != BATCH * REQUESTS * len(lanes):
                    raise SystemExit("some notices were not applied")
                loop.append((time.thread_time() - began) / count * 1e6)
                process.append((time.process_time() - worked) / count * 1e6)
    return {
        "machine": machine(),
        "loop": {"least": round(min(loop)), "median": round(median(loop))},
        "process": {"least": round(min(process)), "median": round(median(process))},
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--residents", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="jb-", dir=asked.folder) as folder:
        result = asyncio.run(measured(Path(folder), asked))
    json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
