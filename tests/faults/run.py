"""The fault run: a register under load whose token and key service fail again and again, and what is left afterwards.

Real processes throughout: `jukurad`, `jukura-hsm` and its worker, SoftHSM behind `p11-kit server`, municipalities and
national server over mutual TLS. At the end the log is exported and verified as an auditor would.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from daemon.clock import SystemClock, day_of
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.ledger import Entry, read_ledger
from daemon.rehearsal.residents import Population
from daemon.rehearsal.users import users
from daemon.tasks import Tasks
from tests.faults.cycles import Cycle, Cycles, Watch
from tests.faults.feeder import Answers, Feeder
from tests.faults.stage import REGISTER, FarStage, far_away

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LEVEL = 120.0  # seconds for the outbox to empty and the log's head to be signed
PER_CYCLE = 8.0  # seconds of load that one cycle may take


@dataclass(frozen=True)
class Plan:
    """What is tried."""

    cycles: int
    rate: float = 30.0
    """Notices a second."""
    seed: int = 1

    @property
    def people(self) -> int:
        """Enough of them, with a notice each, to last."""
        return round((self.cycles + 2) * PER_CYCLE * self.rate)


@dataclass(frozen=True)
class Left:
    """What is left of a run."""

    cycles: list[Cycle]
    answers: Answers
    rows: int
    ledger: dict[str, Entry]
    leaves: list[dict[str, object]]
    """The log's entries, as anyone may see them."""
    sizes: list[int]
    """Of the checkpoints, in the order in which they stand."""
    verify: "subprocess.CompletedProcess[str]"


async def run(root: Path, plan: Plan, *, told: Callable[[Cycle], None] = lambda _: None) -> Left:
    """One run under `root`, a short path that everyone may enter."""
    clock = SystemClock()
    stage = FarStage(Layout(root), users(os.geteuid(), [CHECKOUT, Path(sys.prefix), root]), now=clock.now)
    stage.set_up()
    people = Population(plan.seed, plan.people, day_of(clock.now()))
    dice = Dice(plan.seed, "faults")
    with far_away(root / "far", stage.pin) as far:
        try:
            await stage.start_over(far)
            async with _watching(stage) as watch, _feeding(stage, people, plan.rate) as answers:
                faults = Cycles(stage, far.line, watch, dice)
                cycles = []
                for _ in range(plan.cycles):
                    cycles.append(await faults.one())
                    told(cycles[-1])
            await _levelled(stage)
            status = _status(stage)
            folder = root / "export"
            _jukura(stage, "export", "take", "--basis", "試験", "--to", str(folder), operator="kansa01")
        finally:
            await stage.stop()
    return Left(
        cycles=cycles,
        answers=answers,
        rows=status["counts"]["rows"],
        ledger=read_ledger(stage.folder.ledger_file),
        leaves=[json.loads(json.loads(line)["leaf"]) for line in _entries(folder)],
        sizes=[int(note.split("\n")[1]) for note in _notes(folder / "checkpoints.txt")],
        verify=_run([str(BIN / "jukura-verify"), str(folder)]),
    )


def go(root: Path, plan: Plan, *, told: Callable[[Cycle], None] = lambda _: None) -> Left:
    """`run` in a loop of its own."""
    return asyncio.run(run(root, plan, told=told))


@asynccontextmanager
async def _watching(stage: FarStage) -> AsyncIterator[Watch]:
    """A watcher that runs as the console's user."""
    script = [sys.executable, str(CHECKOUT / "tests/faults/watcher.py"), str(stage.folder.root)]
    watcher = await asyncio.create_subprocess_exec(
        *stage.users.command("jukura-console", script), stdout=asyncio.subprocess.PIPE
    )
    watch, tasks = Watch(), Tasks()
    assert watcher.stdout is not None
    tasks.start(watch.listen(watcher.stdout), name="watch")
    try:
        yield watch
    finally:
        watcher.kill()
        await watcher.wait()
        await tasks.stop(within=5)


@asynccontextmanager
async def _feeding(stage: FarStage, people: Population, rate: float) -> AsyncIterator[Answers]:
    """Notices that flow meanwhile; ends when each that was sent has been answered."""
    clients = stage.clients(REGISTER)
    feeder = Feeder(people.initial(REGISTER), clients, rate)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(feeder.run(), name="feeder")
            try:
                yield feeder.answers
            finally:
                feeder.stop()
    finally:
        for client in clients.values():
            await client.close()


async def _levelled(stage: FarStage) -> None:
    """Wait until the national server has everything and the log is signed to its end."""
    async with asyncio.timeout(LEVEL):
        while (counts := _status(stage)["counts"])["outbox"] or counts["log_signed"] != counts["log_size"]:
            await asyncio.sleep(0.5)


def _status(stage: FarStage) -> dict[str, dict[str, int]]:
    status: dict[str, dict[str, int]] = json.loads(_jukura(stage, "status", "--json"))
    return status


def _jukura(stage: FarStage, *words: str, operator: str = "") -> str:
    """What the command line says."""
    signed = ["--operator", operator, "--password-file", str(stage.passwords[operator])] if operator else []
    run = _run([str(BIN / "jukura"), *words, "--state", str(stage.folder.root), *signed])
    assert run.returncode == 0, run.stderr
    return run.stdout


def _run(argv: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


def _entries(folder: Path) -> Iterator[str]:
    """The lines of every file of entries."""
    for file in sorted(folder.glob("entries-*.jsonl")):
        yield from _lines(file)


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines()


def _notes(file: Path) -> list[str]:
    return [note for note in file.read_text("utf-8").split("\n\n") if note and not note.startswith("—")]
