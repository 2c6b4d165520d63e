"""Three fiscal years of a register's work and the ten years until the law has ended all of it, day by day on a clock moved by hand.

The key service is the real one over SoftHSM, the store is on the disk, witnesses sign with keys of their own, and what is exported
is looked at by the verifier alone, as an auditor would. Nothing of the log is written but by the register itself.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import header_of
from daemon.audit.journal import leaf_of, sequence
from daemon.audit.purged import State
from daemon.clock import JST, ManualClock, day_of, fiscal_year
from daemon.commands.caller import Caller, Role
from daemon.contract import keys as contract
from daemon.contract.console import LOOKUP, Affair, Lookup
from daemon.contract.keys import CarryOut, Propose, SignProposal
from daemon.contract.note import origin_of
from daemon.register.rows import Register
from daemon.rehearsal.pki import Pki
from daemon.rehearsal.witness import Log, Witness
from daemon.store.engine import Table
from hsm.client import KeyClient
from hsm.fake import FakeKeyService
from hsm.protocol import RotateSeal
from tests.audit.exporting import taken
from tests.commands.reading.auditing import show
from tests.commands.witnessing import hand_in, offered, witnessed
from tests.conftest import Bench, configured
from tests.contract.witnessing import Key
from tests.hsm.kit import CUSTODIANS, HOLDERS, folder, served
from tests.peers.nation import Nation, arrive, code, emptied, pump
from tests.retention import years

BUILD = Path(__file__).parents[2] / "packaging" / "verifier.py"
BEGIN = datetime(2026, 11, 24, 9, tzinfo=JST)
ORIGIN = origin_of("honnin", 1)
LOST_FROM = date(2027, 10, 1)
"""From then on the second witness never asks again."""
RIPE = timedelta(hours=73)
RESTART = timedelta(days=45)
"""So often the register is started anew: that is also when it makes keys ahead."""


@dataclass(frozen=True)
class Verified:
    """What the verifier said of an export."""

    status: int
    text: str


@dataclass
class Decade:
    """The register, its witnesses, and what the auditor keeps."""

    bench: Bench
    kept: Path
    witnesses: list[Witness]
    verifier: Path
    receipts: list[Path] = field(default_factory=list)
    known: list[Path] = field(default_factory=list)
    """Checkpoints of each export, as the auditor keeps them."""
    _started: datetime = BEGIN
    _people: int = 0

    # Days.

    @property
    def today(self) -> date:
        return day_of(self.bench.clock.now())

    async def until(self, end: date, *, work: bool, step: int = 1) -> None:
        """Day after day (or each `step` days), to the night before `end`."""
        while self.today < end:
            if work and self.today.weekday() == 0:
                await self.work()
            await self.night()
            self.bench.clock.advance(min(timedelta(days=step), end - self.today))

    async def work(self) -> None:
        """What happens on a Monday: somebody moves in, somebody is looked up, the log is signed and witnessed."""
        self._people += 1
        await arrive(self.bench, self._people)
        await emptied(pump(self.bench, Nation()))
        asked = Lookup(
            affair="plain", purpose="旅券の審査", application=f"A-{self._people}", code=code(self._people)
        )
        await self.bench.open.desk.handlers[LOOKUP](operator(), asked)
        await self.bench.open.signer.sign()
        for witness in self.witnesses:
            if witness is self.witnesses[0] or self.today < LOST_FROM:
                await self._cosign(witness)

    async def night(self) -> None:
        """What the register does by itself."""
        if self.bench.clock.now() - self._started >= RESTART:
            await self.restart()
        await self.bench.open.purging.look()
        await self.bench.open.signer.sign()
        await self.bench.open.upkeep.thinner.look()
        await self.bench.open.custody.look()

    async def restart(self) -> None:
        await self.bench.stop()
        self._started = self.bench.clock.now()
        await self.bench.start()
        await self.begin()

    async def begin(self) -> None:
        """What a register writes when it serves."""
        await self.bench.open.writer.log(Act(Action.REGISTER_STARTED, "jukurad"))
        await self.bench.open.signer.sign()

    async def _cosign(self, witness: Witness) -> None:
        offer = await offered(self.bench, witness.code, witness.last(ORIGIN))
        note = witness.cosign(offer, Log(ORIGIN, await self.seals()), self.bench.clock.now())
        await hand_in(self.bench, witness.code, note)

    # Deeds.

    async def seals(self) -> list[bytes]:
        """The public halves of every seal there ever was."""
        pairs = (await self.bench.service.keys()).pairs
        return [pair.public for pair in pairs if pair.name.startswith("seal.")]

    async def rotate_seal(self) -> None:
        """Two custodians agree, wait their 72 hours and carry it out."""
        custodian = replace(operator(), operator="kagi01", roles=frozenset({Role.CUSTODIAN}))
        desk = self.bench.open.desk.handlers
        proposal = await desk[contract.PROPOSE](custodian, Propose(RotateSeal()))
        for holder in HOLDERS[:2]:
            signed = SignProposal(proposal.id, holder.id, holder.sign(proposal.text))
            await desk[contract.SIGN](custodian, signed)
        self.bench.clock.advance(RIPE)
        await desk[contract.CARRY_OUT](custodian, CarryOut(proposal.id))
        await self.bench.open.custody.look()

    async def hand_out_receipt(self, seq: int) -> None:
        """Somebody gets the proof of an entry, and keeps it."""
        file = self.kept / f"{seq}.tlog-proof"
        file.write_text((await show(self.bench, seq)).proof, "utf-8")
        self.receipts.append(file)

    async def export(self, name: str) -> Path:
        """A whole export; its checkpoints are put by."""
        made = await taken(self.bench, self.kept / name)
        self.known.append(made / "checkpoints.txt")
        return made

    # Looking.

    @staticmethod
    def checkpoints(files: Sequence[Path]) -> int:
        """How many are in these files."""
        return sum(file.read_text("utf-8").count(f"{ORIGIN}\n") for file in files)

    def verify(self, made: Path, *known: Path, pin: str) -> Verified:
        """What the verifier alone says, given what the auditor kept and the fingerprint of the first key."""
        words = [str(made), "--key", pin]
        if known:
            together = self.kept / "known.txt"
            together.write_text("".join(file.read_text("utf-8") for file in known), "utf-8")
            words += ["--known", str(together)]
        words += [word for each in self.witnesses for word in ("--witness", each.cosigner.vkey())]
        words += [word for each in self.receipts for word in ("--receipt", str(each))]
        ran = subprocess.run(
            [sys.executable, "-I", self.verifier, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Verified(ran.returncode, ran.stdout + ran.stderr)

    async def numbers(self) -> list[int]:
        return await years.numbers(self.bench)

    async def state(self) -> State:
        return await years.state(self.bench)

    async def log_keys(self) -> set[str]:
        return {name for name in await years.names(self.bench) if name.startswith("log.")}

    async def entries_of(self, year: int) -> list[int]:
        """Which are left of a fiscal year."""
        seqs = await self.numbers()
        headers = [(await self._header_time(seq), seq) for seq in seqs]
        return [seq for moment, seq in headers if fiscal_year(day_of(moment)) == year]

    async def _header_time(self, seq: int) -> datetime:
        key = sequence(seq)
        value = (await self.bench.open.engine.get_many(Table.LOG, [key]))[key]
        return header_of(leaf_of(value)[0]).time


def operator() -> Caller:
    """Somebody with an affair for as long as this lasts."""
    affair = Affair(
        id="plain", title="旅券", basis="住基法30条の15第1項1号", number=False, code=True, abroad=False,
        valid_from=BEGIN.date(), valid_until=date(2040, 3, 31),
    )  # fmt: skip
    return Caller("op1", "名前", "市町課", frozenset({Role.OPERATOR}), {"plain": affair}, "T01")


@asynccontextmanager
async def decade(pki: Pki, tmp: Path) -> AsyncIterator[Decade]:
    """A register that begins on 24 November 2026, over a token of SoftHSM."""
    clock, state, kept = ManualClock(BEGIN), tmp / "state", tmp / "kept"
    state.mkdir()
    kept.mkdir()
    verifier = tmp / "jukura-verify.pyz"
    subprocess.run([sys.executable, BUILD, verifier], check=True, timeout=30)
    with folder() as tokens:
        async with served(tokens, clock=clock, custodians=CUSTODIANS) as service:
            client = KeyClient(service.path)
            bench = Bench(
                configured(Register.HONNIN, pki, state), state, clock, cast("FakeKeyService", client)
            )
            witnesses = [Witness(kept, each) for each in ("35201", "35203")]
            keys: dict[str, Any] = {each.code: Key(each.cosigner, each._key) for each in witnesses}
            try:
                await bench.start()
                await witnessed(bench, keys, hours=24 * 8)
                play = Decade(bench, kept, witnesses, verifier)
                await play.begin()
                yield play
            finally:
                await bench.stop()
                await client.close()
