"""Where the time of a search goes: from a client's socket to the disk under the log entry, and back.

    way.py [--rows 5000] [--searches 2000] [--callers 1] [--notices 0]

A register of synthetic residents over a real SoftHSM key service serves its console on a unix socket; a client in a process of
its own asks for one resident after the other by name and birth date, each of `--callers` waiting for its answer. With
`--notices`, batches of that many come in meanwhile, one a second. Prints one JSON object, in milliseconds: what the client
waited, per search what each stage inside the register took, and how many searches fell into what else the register does
(`way_beside.py`). Stages contain those indented below them; with more than one caller they contain waiting for others, too.
"""

import argparse
import asyncio
import json
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from rekey import figures
from stage import BATCH, Stage, batches, staged
from stages import Stages
from way_beside import Beside
from way_client import OPERATOR, PASSWORD, WARM

from daemon import pace
from daemon.clock import SystemClock, day_of
from daemon.commands.caller import Role
from daemon.commands.people import Account
from daemon.commands.setup import Setup, take_in
from daemon.console.server import ConsoleServer
from daemon.contract import codec
from daemon.contract.console import Match, Search
from daemon.contract.peer import HonninNotice, Notice
from daemon.register.dates import is_complete
from daemon.rehearsal.residents import Population
from daemon.tasks import Tasks
from tests.hsm.kit import MODULE

CLIENT = Path(__file__).with_name("way_client.py")
UID = 4242
"""Who the client is taken for: root, as whom a bench may run, has no business at a console."""

Batch = tuple[str, Sequence[Notice]]


async def client(path: Path, callers: int, bodies: list[bytes]) -> list[float]:
    """Ask from a process of its own; the seconds that each answer took."""
    argv = [sys.executable, str(CLIENT), str(path), str(callers)]
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate(b"\n".join(bodies))
    if child.returncode:
        raise SystemExit("the client failed")
    waited: list[float] = json.loads(out)
    return waited


def watched(stage: Stage, server: ConsoleServer) -> Stages:
    """Timers at the stages of a search."""
    stages, parts = Stages(), stage.parts
    groups: Any = parts.writer._groups  # noqa: SLF001 - a bench looks inside
    stages.watch("serve", server, "_serve")
    stages.watch("  find", parts.reader, "find")
    stages.watch("    index", parts.index, "find")
    stages.watch("    truth", parts.engine, "get_many")
    stages.watch("  log", parts.writer, "log")
    stages.watch("    commit", groups, "commit")
    for participant in groups._participants:  # noqa: SLF001
        name = type(participant).__name__.lower()
        stages.watch(f"      {name}.merge", participant, "merge")
        stages.watch(f"      {name}.prepare", participant, "prepare")
    stages.watch("      apply", parts.engine, "apply")
    return stages


def beside(stage: Stage, server: ConsoleServer) -> Beside:
    """What else is at work: the WAL on its way into the file, and the signature under the log."""
    found, parts = Beside(), stage.parts
    pages: Any = parts.engine.pages
    found.searches(server, "_serve")
    found.watch("WAL moved beside commits", pages._connections.keeper, "run")  # noqa: SLF001 - a bench looks inside
    found.watch("WAL moved between commits", pages.writer, "run")
    found.watch("log signed", parts.signer, "sign")
    return found


async def measure(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    """The whole bench in `folder`."""
    extra = asked.notices * 60
    population = Population(1, asked.rows + extra, day_of(SystemClock().now()))
    async with staged(folder, population, module=MODULE, environ={}, share=1.0) as stage:
        given = batches(population)
        later = given[-(-asked.rows // BATCH) :] if extra else []
        first = given[: len(given) - len(later)]
        await stage.fill(first)
        await introduce(stage)
        bodies = searches(first, asked.searches + WARM)
        server, tasks = ConsoleServer(nothing, lambda: stage.parts.desk, identify=lambda _: UID), Tasks()
        stages, others = watched(stage, server), beside(stage, server)
        path = folder / "console.sock"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen()
            listening.setblocking(False)  # noqa: FBT003
            await server.start(listening)
            pace.keep()
            cpu = time.process_time()
            if later:
                tasks.start(trickle(stage, later, asked.notices), name="notices")
            waited = await client(path, asked.callers, bodies)
            cpu = time.process_time() - cpu
            await tasks.stop(within=5)
            await server.stop()
    return {
        **vars(asked),
        "waited": figures(waited),
        "register's CPU": round(cpu / len(bodies) * 1000, 3),
        "stages": stages.per(len(bodies)),
        "beside": others.figures(),
    }


async def introduce(stage: Stage) -> None:
    """Give the register the one operator and affair of the bench."""
    parts, affairs = stage.parts, list(stage.caller.affairs.values())
    account = Account(
        id=OPERATOR, name="測定", department="市町課", roles=[Role.OPERATOR], affairs=[affairs[0].id],
        password=parts.people._hasher.hash(PASSWORD),  # noqa: SLF001
    )  # fmt: skip
    await take_in(Setup(affairs, [account]), parts.engine, parts.writer, parts.people)


def searches(given: list[Batch], count: int) -> list[bytes]:
    """`count` searches for people in `given`, as they are sent."""
    people = [n.record for _, batch in given for n in batch if isinstance(n, HonninNotice)]
    people = [record for record in people if is_complete(record.birth)]
    chosen = (people[number * 7919 % len(people)] for number in range(count))
    return [
        codec.encode(
            Search(
                affair="bench", purpose="測定", application="測定",
                kana=record.kana, kana_match=Match.WHOLE, birth=record.birth.code,
            )
        )
        for record in chosen
    ]  # fmt: skip


async def trickle(stage: Stage, given: list[Batch], each: int) -> None:
    """A batch a second."""
    for sender, batch in given:
        for start in range(0, len(batch), each):
            await stage.parts.notices.receive(sender, batch[start : start + each])
            await asyncio.sleep(1.0)


async def nothing() -> NoReturn:
    """Nobody asks for the status here."""
    raise NotImplementedError


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--searches", type=int, default=2_000)
    parser.add_argument("--callers", type=int, default=1)
    parser.add_argument("--notices", type=int, default=0)
    asked = parser.parse_args()
    pace.settle()
    with TemporaryDirectory(prefix="bench-") as folder:
        result = asyncio.run(measure(asked, Path(folder)))
    json.dump(result, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
