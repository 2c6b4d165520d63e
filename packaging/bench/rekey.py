"""Re-keying while the register works: rows a second, and what a search waits, before and during.

    rekey.py [--rows 200000] [--share 0.5] [--rate 100]

A register is filled with synthetic residents over a real SoftHSM key service. Searches come at a fixed rate whether or
not those before them are answered (open loop; a late start counts as waiting), each with its log entry, first alone,
then while `live`, `store` and `index` are rotated one after the other. Prints one JSON object.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from tempfile import TemporaryDirectory

from stage import Stage, batches, staged

from daemon.clock import SystemClock, day_of
from daemon.rehearsal.residents import Population
from tests.hsm.kit import MODULE

BEFORE = 20.0  # seconds
KINDS = ("live", "store", "index")


class Searching:
    """Searches at a fixed rate until it is left; `waited` holds the seconds of each."""

    def __init__(self, stage: Stage, rate: float) -> None:
        self._stage = stage
        self._rate = rate
        self.waited: list[float] = []

    async def during(self, work: Awaitable[None]) -> dict[str, float]:
        """Search while `work` runs; the figures."""
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._start(group, ended))
            try:
                await work
            finally:
                ended.set()
        return figures(self.waited)

    async def _start(self, group: asyncio.TaskGroup, ended: asyncio.Event) -> None:
        began, number = time.perf_counter(), 0
        while not ended.is_set():
            due = began + number / self._rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(self._one(number * 7919, due))
            number += 1

    async def _one(self, number: int, due: float) -> None:
        await self._stage.search(number)
        self.waited.append(time.perf_counter() - due)


def figures(waited: list[float]) -> dict[str, float]:
    """Median, 99th percentile and longest, in milliseconds."""
    ordered = sorted(waited)
    at = {"p50": ordered[len(ordered) // 2], "p99": ordered[int(len(ordered) * 0.99)], "longest": ordered[-1]}
    return {"searches": len(ordered), **{name: round(seconds * 1000, 1) for name, seconds in at.items()}}


async def rotate(stage: Stage, kind: str) -> tuple[int, float]:
    """Rotate one kind to its end; how many values there were, and the seconds."""
    began = time.perf_counter()
    await stage.parts.rotations.start(kind)
    (run,) = stage.parts.rotations.progress()
    while stage.parts.rotations.progress():  # noqa: ASYNC110 - as a console looks
        await asyncio.sleep(0.05)
    return run.total, time.perf_counter() - began


async def measure(rows: int, share: float, rate: float, folder: Path) -> dict[str, object]:
    """The whole bench in `folder`."""
    population = Population(1, rows, day_of(SystemClock().now()))
    async with staged(folder, population, module=MODULE, environ={}, share=share) as stage:
        seconds = await stage.fill(batches(population))
        # The synthetic people are this bench's own: a register does not have them among its objects.
        gc.collect()
        gc.freeze()
        result: dict[str, object] = {"rows": rows, "share": share, "searches_per_second": rate}
        result["fill"] = {"notices_per_second": round(rows / seconds)}
        result["before"] = await Searching(stage, rate).during(asyncio.sleep(BEFORE))
        for kind in KINDS:
            done: list[tuple[int, float]] = []

            async def work(kind: str = kind, done: list[tuple[int, float]] = done) -> None:
                done.append(await rotate(stage, kind))

            waited = await Searching(stage, rate).during(work())
            ((total, took),) = done
            result[kind] = {
                "values": total,
                "seconds": round(took, 1),
                "per_second": round(total / took),
                **waited,
            }
            if stage.parts.dependents.dependents(f"{kind}.1"):
                raise SystemExit(f"something is left under {kind}.1")
        return result


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=100.0)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="bench-") as folder:
        result = asyncio.run(measure(asked.rows, asked.share, asked.rate, Path(folder)))
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
