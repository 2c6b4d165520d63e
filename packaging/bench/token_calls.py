"""What a slow token costs: notices a second with 0 ms and with 20 ms a call, and token calls per checkpoint.

    token_calls.py [--notices 10000] [--searches 1000] [--delay 20]

A register with the real key service over SoftHSM behind the hostile module of the tests, which makes every PKCS#11 call
as late as it is told. The notices come in slices, with searches between them, one slice with the delay and the next
without, so that both see the same machine. Prints one JSON object.
"""

import argparse
import asyncio
import json
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from stage import BATCH, Stage, batches, staged

from daemon.clock import SystemClock, day_of
from daemon.rehearsal.residents import Population
from daemon.store.engine import Table
from tests.hsm.hostile.control import Hostile, hostile

SLICE = 2  # batches of notices
LATE = (1, 2)
"""Which of four slices see the delay: on time, late, late, on time, so that a register that grows favours neither."""
NAME = "libsofthsm2-late.so"
"""A token is only made on the spot for SoftHSM, and the module's name is what says so."""


async def measure(notices: int, searches: int, delay: int, folder: Path, late: Hostile) -> dict[str, object]:
    """The whole bench in `folder`."""
    module = folder / NAME
    shutil.copy(late.module, module)
    population = Population(1, notices, day_of(SystemClock().now()))
    async with staged(folder, population, module=str(module), environ=late.environ, share=0.5) as stage:
        work = batches(population)
        slices = [work[at : at + SLICE] for at in range(0, len(work), SLICE)]
        each = -(-searches // len(slices))
        seconds, sent = {0: 0.0, delay: 0.0}, {0: 0, delay: 0}
        calls, signed = await _calls(stage), await _checkpoints(stage)
        for number, part in enumerate(slices):
            now = delay if number % 4 in LATE else 0
            late.delay(now)
            seconds[now] += await stage.fill(part)
            sent[now] += sum(len(batch) for _, batch in part)
            await asyncio.gather(*(stage.search(number * each + at) for at in range(each)))
        late.delay(0)
        checkpoints = await _checkpoints(stage) - signed
        used = await _calls(stage) - calls
    rate = {name: sent[name] / seconds[name] for name in (0, delay)}
    return {
        "notices": sum(sent.values()),
        "searches": each * len(slices),
        "batch": BATCH,
        "notices_per_second": {f"{name}_ms": round(rate[name]) for name in rate},
        "ratio": round(rate[delay] / rate[0], 3),
        "token_calls": used,
        "checkpoints": checkpoints,
        "calls_per_checkpoint": round(used / checkpoints, 3) if checkpoints else None,
    }


async def _calls(stage: Stage) -> int:
    return (await stage.service.ping()).token_calls


async def _checkpoints(stage: Stage) -> int:
    return await stage.parts.engine.count(Table.CHECKPOINTS)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--notices", type=int, default=10_000)
    parser.add_argument("--searches", type=int, default=1_000)
    parser.add_argument("--delay", type=int, default=20, help="milliseconds")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="bench-") as name, hostile(Path(name)) as late:
        result = asyncio.run(measure(asked.notices, asked.searches, asked.delay, Path(name), late))
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
