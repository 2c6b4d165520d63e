"""A register in a folder that can be set back, and two custodians: for the tests of a log that is behind."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import ManualClock
from daemon.config import Spooled
from daemon.contract.console import Reason, State, Status
from daemon.contract.epochs import Loss
from daemon.contract.keys import Proposal, SignProposal
from daemon.contract.log_epochs import AskEpoch
from daemon.open import Parts
from daemon.register.rows import Register
from daemon.rehearsal.pki import Pki
from hsm.fake import FakeKeyService
from tests.commands.notices.test_notices import notice
from tests.conftest import Bench, configured
from tests.hsm.kit import CUSTODIANS, Holder
from tests.register.people import HONNIN
from tests.test_app import Scene, running

LOST = 40
WITNESS = "35201"


@dataclass
class Place:
    """A register whose folder can be set back."""

    pki: Pki
    folder: Path
    clock: ManualClock
    service: FakeKeyService
    patch: pytest.MonkeyPatch
    aside: Path
    witnesses: dict[str, str] = field(default_factory=dict)
    spool: Spooled | None = None

    def running(self) -> AbstractAsyncContextManager[Scene]:
        more = {"witnesses": self.witnesses} if self.witnesses else {}
        return running(self.pki, self.folder, self.clock, self.service, self.patch, spool=self.spool, **more)

    def bench(self) -> Bench:
        config = configured(Register.HONNIN, self.pki, self.folder)
        config = replace(config, peers=replace(config.peers, witnesses=self.witnesses), spool=self.spool)
        return Bench(config, self.folder, self.clock, self.service)

    async def filled(self, first: int, count: int) -> int:
        """So many more notices, signed and stopped in order; the size of the log."""
        bench = self.bench()
        parts = await bench.start()
        if parts.spooling is not None:
            async with asyncio.timeout(10):
                while parts.spooling.code:
                    await asyncio.sleep(0.01)
        for _ in range(3):
            await parts.writer.log(Act(Action.KEY_MADE, "test"))
        batch = [notice(f"n{first + number}") for number in range(count)]
        await parts.notices.receive(HONNIN.municipality, batch)
        await parts.signer.sign()
        size = parts.journal.tree.size
        await bench.stop()
        return size

    def copy(self) -> None:
        shutil.copytree(self.folder, self.aside)

    def put_back(self) -> None:
        for file in self.folder.glob("*.db*"):
            file.unlink()
        shutil.copytree(self.aside, self.folder, dirs_exist_ok=True)

    async def set_back(self) -> tuple[int, int]:
        """A register as an older backup has it: how many entries there are, and how many were signed."""
        kept = await self.filled(0, 0)
        self.copy()
        signed = await self.filled(3, LOST)
        self.put_back()
        return kept, signed


@pytest.fixture
async def place(
    pki: Pki,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Place]:
    made = FakeKeyService("honnin", clock=clock, custodians=CUSTODIANS)

    async def kept() -> None:
        """The daemon lets go of it at each stop; the test keeps it."""

    monkeypatch.setattr(made, "close", kept)
    monkeypatch.setattr("daemon.console.server.admit", lambda *_: None)  # whoever runs the tests, root too
    aside = tmp_path_factory.mktemp("aside") / "copy"
    yield Place(pki, tmp_path, clock, made, monkeypatch, aside)
    await FakeKeyService.close(made)


def sealed(status: Status) -> bool:
    return Reason.STORE_UNTRUSTED in status.reasons


def serving(status: Status) -> bool:
    return status.state in {State.READY, State.DEGRADED}


def due(parts: Parts) -> bool:
    """Whether the first word of a new epoch is yet to be written."""
    return parts.journal.opening


async def ask(scene: Scene) -> Proposal:
    return await scene.app._epochs.ask(AskEpoch(Loss.RESTORED))


async def sign(scene: Scene, proposal: Proposal, *holders: Holder) -> Proposal:
    for holder in holders:
        given = SignProposal(proposal.id, holder.id, holder.sign(proposal.text))
        proposal = await scene.app._epochs.sign(given)
    return proposal
