"""How many notices a second: from 19 municipalities over mutual TLS, applied, logged, durable, delivered to the national server.

    notices.py [--seconds 60] [--half-seconds S] [--batch 50] [--residents 20000] [--seed 1] [--folder F]

The programs of a rehearsal, as processes of their own on this machine's cores: key service over SoftHSM, register, national
server (which keeps what it gets, too), and one process that plays the municipalities (`posting.py`). First everybody moves in,
then everybody moves house again and again: as fast as answers come, and in a second run at half that rate, where the answers'
waits are taken. One operator searches meanwhile, five times a second (`operating.py`). The yardstick is the same rows in
plaintext, in one table of plain SQLite, `synchronous=FULL`, in commits of the same size, in the same run. Prints one JSON
object; waits in milliseconds.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from machine import machine
from memory import peak
from operating import searched

from daemon.clock import SystemClock, day_of
from daemon.contract import codec
from daemon.contract.console import Counts, Status
from daemon.register.rows import HonninRecord, Register
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.residents import Population
from daemon.rehearsal.run import plan_for
from daemon.rehearsal.stage import Stage

POSTING = Path(__file__).with_name("posting.py")
DRAINED = 300.0  # seconds until the last message is with the national server
MOST = 100_000  # rows of the yardstick


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """Both registers at work; the other one idles."""
    layout = Layout(folder)
    stage = Stage(layout, plan_for(layout), now=SystemClock().now)
    stage.set_up()
    try:
        await stage.start()
        yield stage
    finally:
        await stage.stop()


async def counts(stage: Stage) -> Counts:
    """What the register says of itself, to an operator: root has no business at a console."""
    root = stage.layout.register(Register.HONNIN).root
    argv = [str(Path(sys.executable).with_name("jukura")), "status", "--state", str(root), "--json"]
    child = await asyncio.create_subprocess_exec(
        *stage.users.command("jukura-console", argv), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    status = codec.decode(out, Status)
    if status.counts is None:
        raise SystemExit(f"it does not serve: {status.state}")
    return status.counts


async def drained(stage: Stage) -> Counts:
    """What the register says once its outbox is empty."""
    async with asyncio.timeout(DRAINED):
        while (now := await counts(stage)).outbox:  # noqa: ASYNC110 - another process empties it
            await asyncio.sleep(1)
    return now


def written(stage: Stage) -> int:
    """Bytes that the register has given to the disk."""
    pid = stage.actors[Register.HONNIN].daemon.pid
    lines = Path(f"/proc/{pid}/io").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])


TICKS = os.sysconf("SC_CLK_TCK")


def computed(stage: Stage, sender: int) -> dict[str, float]:
    """Seconds of CPU so far, by program."""
    actors = stage.actors[Register.HONNIN]
    programs = {
        "register": actors.daemon.pid,
        "key service": actors.keys.pid,
        "national server": actors.national.pid,
        "municipalities": sender,
    }
    told = {}
    for name, pid in programs.items():
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        told[name] = (int(fields[11]) + int(fields[12])) / TICKS
    return told


async def send(
    folder: Path, people: Sequence[bytes], seconds: float, batch: int, rate: float
) -> dict[str, Any]:
    """One run in a folder of its own: filling, flow, and until everything is delivered."""
    async with staged(folder) as stage:
        port = stage.actors[Register.HONNIN].port
        words = (str(folder), str(port), str(seconds), str(batch), str(rate))
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            str(POSTING),
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        if child.stdin is None or child.stdout is None:
            raise SystemExit("no pipe")
        child.stdin.write(b"\n".join(people) + b"\n\n")
        filled = json.loads(await child.stdout.readline())
        before, held, worked = await counts(stage), written(stage), computed(stage, child.pid)
        async with searched(stage, people) as looked:
            child.stdin.write(b"go\n")
            told: dict[str, Any] = json.loads(await child.stdout.readline())
            work, last = computed(stage, child.pid), written(stage)
        most = peak(stage.actors[Register.HONNIN].daemon.pid)
        after = await counts(stage)
        child.stdin.write_eof()
        await child.wait()
        began = time.perf_counter()
        end = await drained(stage)
        drain = time.perf_counter() - began
    notices = told["notices"]
    delivered = after.delivered - before.delivered
    return {
        "filled_per_second": round(filled["filled"] / filled["seconds"]),
        **told,
        "notices_per_second": round(notices / told["seconds"]),
        "delivered_meanwhile_per_second": round(delivered / told["seconds"]),
        "seconds_until_all_delivered": round(drain, 1),
        "delivered": end.delivered,
        "bytes_written_per_notice": round((last - held) / notices),
        "searches_meanwhile": looked,
        "most_memory_mib": round(most / 2**20),
        "microseconds_of_cpu_per_notice": {
            name: round((work[name] - worked[name]) / notices * 1e6) for name in work
        },
    }


def yardstick(folder: Path, people: Sequence[bytes], batch: int, rows: int) -> dict[str, int]:
    """The same rows in plaintext, one commit a batch."""
    with closing(sqlite3.connect(folder / "plain.db", isolation_level=None)) as plain:
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("PRAGMA synchronous = FULL")
        plain.execute("CREATE TABLE rows (id BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
        began, done = time.perf_counter(), 0
        while done < rows:
            plain.execute("BEGIN IMMEDIATE")
            for number in range(done, done + batch):
                key = number.to_bytes(8, "big") * 2
                plain.execute("INSERT INTO rows VALUES (?, ?)", (key, people[number % len(people)]))
            plain.execute("COMMIT")
            done += batch
        took = time.perf_counter() - began
    return {"rows": done, "rows_per_second": round(done / took)}


async def measure(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Everything."""
    population = Population(asked.seed, asked.residents, day_of(SystemClock().now()))
    for name in ("a", "b"):
        (folder / name).mkdir()
    people = [_line(one.honnin) for one in population.residents if one.honnin is not None]
    full = await send(folder / "a", people, asked.seconds, asked.batch, 0)
    plain = yardstick(folder, people, asked.batch, min(full["notices"], MOST))
    half = await send(
        folder / "b", people, asked.half_seconds or asked.seconds, asked.batch, full["notices_per_second"] / 2
    )
    return {
        "machine": machine(),
        "residents": len(people),
        "batch": asked.batch,
        "full": full,
        "half": half,
        "plain": plain,
        "ratio": round(plain["rows_per_second"] / full["notices_per_second"], 2),
    }


def _line(record: HonninRecord) -> bytes:
    return msgspec.json.encode(record)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--half-seconds", type=float, help="of the second run; as long as the first if not given"
    )
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="jb-", dir=asked.folder) as folder:
        Path(folder).chmod(0o755)
        result = asyncio.run(measure(asked, Path(folder)))
    json.dump(result, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
