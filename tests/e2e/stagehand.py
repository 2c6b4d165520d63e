"""Runs the whole appliance once as real processes, kills a daemon in the middle, and keeps what there is to look at."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from daemon.clock import SystemClock, day_of
from daemon.contract.console import Lookup, Match, Search
from daemon.contract.peer import Notice
from daemon.register.rows import HonninRecord, Register
from daemon.rehearsal.cohort import Totals, load
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.ledger import Entry, read_ledger
from daemon.rehearsal.programs import kill
from daemon.rehearsal.residents import Population
from daemon.rehearsal.stage import Stage
from daemon.rehearsal.users import users
from tests.e2e.questions import Question, questions
from tests.processes import mentioning

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PEOPLE = 1000
SEED = 7


@dataclass
class Played:
    """What is left of a run."""

    root: Path
    people: Population
    totals: dict[Register, Totals] = field(default_factory=dict)
    kills: dict[Register, int] = field(default_factory=dict)
    """How many notices had been acknowledged when the daemon was killed."""
    starts: dict[Register, int] = field(default_factory=dict)
    answers: list[dict[str, object]] = field(default_factory=list)
    questions: list[Search] = field(default_factory=list)
    picked: list[Question] = field(default_factory=list)
    picked_answers: list[dict[str, object]] = field(default_factory=list)
    status: dict[Register, dict[str, object]] = field(default_factory=dict)
    search_cli: subprocess.CompletedProcess[str] | None = None
    verify: dict[Register, subprocess.CompletedProcess[str]] = field(default_factory=dict)
    ledgers: dict[Register, dict[str, Entry]] = field(default_factory=dict)
    store_keys: dict[Register, bytes] = field(default_factory=dict)
    left_over: list[str] = field(default_factory=list)

    def notices(self, register: Register) -> list[Notice]:
        """Every notice that was sent."""
        return [sending.notice for sending in self.people.initial(register)]


class Play:
    """One run."""

    def __init__(self, root: Path) -> None:
        clock = SystemClock()
        plan = users(os.geteuid(), [CHECKOUT, Path(sys.prefix), root])
        self.stage = Stage(Layout(root), plan, now=clock.now)
        self.played = Played(root, Population(SEED, PEOPLE, day_of(clock.now())))

    async def run(self) -> Played:
        """From first start to last stop."""
        self.stage.set_up()
        try:
            await self.stage.start()
            for register in Register:
                await self._fill(register)
            await self._delivered()
            await self._stamped()
            self._ask()
            self._console_programs()
        finally:
            await self.stage.stop()
        for register, actors in self.stage.actors.items():
            self.played.ledgers[register] = read_ledger(actors.folder.ledger_file)
        self.played.left_over = mentioning(self.played.root)
        return self.played

    async def _fill(self, register: Register) -> None:
        """Send everybody, and kill the daemon with SIGKILL once 40 % are in."""
        clients, actors = self.stage.clients(register), self.stage.actors[register]

        def progress(_: str, done: int, whole: int) -> None:
            if register not in self.played.kills and done > whole * 0.4 and actors.daemon.pid is not None:
                self.played.kills[register] = done
                kill(actors.daemon.pid)

        self.played.totals[register] = await load(
            self.played.people, register, clients, progress=progress, batch=10
        )
        for client in clients.values():
            await client.close()
        self.played.starts[register] = actors.daemon.starts

    async def _delivered(self) -> None:
        """Wait until the national servers have everything."""
        async with asyncio.timeout(60):
            for register, actors in self.stage.actors.items():
                while self._status(register)["counts"]["outbox"]:  # type: ignore[index]
                    await asyncio.sleep(0.3)
                assert actors.daemon.pid

    async def _stamped(self) -> None:
        """Wait until the time-stamp authorities were asked."""
        async with asyncio.timeout(60):
            for register in self.stage.actors:
                while not self._status(register)["timestamps"]["last"]:  # type: ignore[index]
                    await asyncio.sleep(1)

    def _status(self, register: Register) -> dict[str, object]:
        run = self.jukura(register, "status", "--json")
        self.played.status[register] = json.loads(run.stdout)
        return self.played.status[register]

    def jukura(self, register: Register, *words: str, operator: str = "") -> subprocess.CompletedProcess[str]:
        """The CLI as anyone would call it."""
        signed = (
            ["--operator", operator, "--password-file", str(self.stage.passwords[operator])]
            if operator
            else []
        )
        state = str(self.stage.actors[register].folder.root)
        return subprocess.run(
            [str(BIN / "jukura"), *words, "--state", state, *signed],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _ask(self) -> None:
        """One question per notice, to one console; then every kind of question about some, and bad ones."""
        records = [n.record for n in self.played.notices(Register.HONNIN)]
        self.played.questions = [question(record) for record in records]  # type: ignore[arg-type]
        self.played.answers = self._answers(self.played.questions)
        self.played.picked = questions(records)  # type: ignore[arg-type]
        self.played.picked_answers = self._answers([picked.asked for picked in self.played.picked])

    def _answers(self, asked: Sequence[Search | Lookup]) -> list[dict[str, object]]:
        state = str(self.stage.actors[Register.HONNIN].folder.root)
        descriptor = os.open(self.stage.passwords["kunren01"], os.O_RDONLY)
        lines = b"\n".join(msgspec.json.encode(one) for one in asked)
        script = ["finder.py", state, "kunren01", str(descriptor)]
        try:
            answers = self._as("jukura-console", script, descriptor, lines=lines)
        finally:
            os.close(descriptor)
        return [json.loads(line) for line in answers.splitlines()]

    def _as(self, user: str, script: Sequence[str], *descriptors: int, lines: bytes = b"") -> str:
        argv = self.stage.users.command(
            user, [sys.executable, str(CHECKOUT / "tests/e2e" / script[0]), *script[1:]]
        )
        run = subprocess.run(
            argv, input=lines, capture_output=True, timeout=120, check=False, pass_fds=descriptors
        )
        assert run.returncode == 0, run.stderr.decode()
        return run.stdout.decode()

    def _console_programs(self) -> None:
        found = next(
            n.record
            for n in self.played.notices(Register.HONNIN)
            if n.record.kana and n.record.birth.era in {"3", "4"}
        )
        words = ["search", found.kana[:2], "--birth", found.birth.code, "--json", "--affair", "ryoken"]
        self.played.search_cli = self.jukura(
            Register.HONNIN, *words, "--purpose", "試験", "--application", "S-1", operator="kunren01"
        )
        for register, actors in self.stage.actors.items():
            target = self.played.root / f"export-{register}"
            asked = ("export", "take", "--basis", "試験", "--to", str(target))
            run = self.jukura(register, *asked, operator="kansa01")
            assert run.returncode == 0, run.stderr
            self.played.verify[register] = subprocess.run(
                [str(BIN / "jukura-verify"), str(target)],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            user, socket = actors.folder.user("jukurad"), str(actors.folder.keys_socket)
            self.played.store_keys[register] = bytes.fromhex(
                self._as(user, ["keyreader.py", socket, "store.1"])
            )


def question(record: HonninRecord) -> Search:
    """How someone would look for this person: the first kana and the date of birth, as far as each is known."""
    known = (
        record.birth.code
        if "00" not in {record.birth.code[:4][:2], record.birth.code[4:6], record.birth.code[6:]}
        else ""
    )
    kana = record.kana if not known else record.kana[:2].rstrip("　")
    return Search(
        affair="ryoken", purpose="旅券の審査", application="E2E-1", kana=kana,
        kana_match=Match.PREFIX if known else Match.WHOLE, birth=known,
    )  # fmt: skip


def play(root: Path) -> Played:
    """One run under `root`."""
    return asyncio.run(Play(root).run())
