"""A whole register in a folder of its own: real store, real crypto, real log, and keys from the in-memory service."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.audit.act import Act
from daemon.audit.fields import unknown
from daemon.audit.journal import Journal
from daemon.clock import ManualClock, day_of
from daemon.commands.caller import Caller, Role
from daemon.config import Config, Disk, Files, National, NationalIn, Peers
from daemon.contract.console import Affair
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring, first_seal, load
from daemon.open import Parts, Shown, build
from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from daemon.rehearsal.pki import NATIONAL_NAMES, Pki, make_pki
from daemon.store.draft import Group
from daemon.tasks import Tasks
from hsm.fake import FakeKeyService

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""Noon in Japan."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Certificates of every kind of peer, valid now."""
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))  # noqa: TID251 - TLS reads the real clock


@pytest.fixture(autouse=True)
def _every_entry_is_as_published(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test writes into a log has no figure and no field that the schema in docs/ lacks."""
    strays: list[tuple[str, list[str]]] = []
    append = Journal._append

    def checked(journal: Journal, act: Act, group: Group) -> None:
        if names := unknown(act.action, act.counts, act.sealed):
            strays.append((act.action, names))
        append(journal, act, group)

    monkeypatch.setattr(Journal, "_append", checked)
    yield
    assert not strays


@dataclass
class Bench:
    """One register under test, which can be closed and opened again on the same files."""

    config: Config
    state: Path
    clock: ManualClock
    service: FakeKeyService
    rebuilt: list[tuple[int, int]] = field(default_factory=list)
    away: list[bool] = field(default_factory=list)
    parts: Parts | None = None
    _tasks: Tasks = field(default_factory=Tasks)

    @property
    def open(self) -> Parts:
        assert self.parts is not None
        return self.parts

    async def start(self) -> Parts:
        """Open it; the store works, nothing else does."""
        keyring = Keyring()
        await load(keyring, self.service, classes.wanted(day_of(self.clock.now())))
        await first_seal(self.service)
        shown = Shown(away=self.away.append, progress=lambda done, total: self.rebuilt.append((done, total)))
        self.parts = await build(
            self.config, self.state, service=self.service, keyring=keyring, clock=self.clock, shown=shown
        )
        for name, work in self.parts.background().items():
            self._tasks.start(work, name=name)
        await self.parts.rotations.resume()
        return self.parts

    async def stop(self) -> None:
        """Close it in order."""
        if self.parts is not None:
            await self.parts.rotations.close()
            await self.parts.custody.close()
            await self.parts.writer.close()
            await self.parts.merger.close()
            await self._tasks.stop(within=5)
            await self.parts.close()
            self.parts = None


def configured(register: Register, pki: Pki, folder: Path) -> Config:
    """The configuration of a register that nothing outside can reach."""
    server, client = pki.register_server(register), pki.register_client(register)
    return Config(
        register=register,
        key_service=folder / "keys.sock",
        peers=Peers(
            tls=Files(certificate=server.cert, key=server.key, ca=pki.municipality_ca),
            municipalities=sorted(MUNICIPALITIES),
        ),
        national=National(
            tls=Files(certificate=client.cert, key=client.key, ca=pki.national_ca),
            socket=folder / "zenkoku.sock",
            name=NATIONAL_NAMES[register],
        ),
        national_in=NationalIn(tls=Files(certificate=server.cert, key=server.key, ca=pki.national_ca)),
        rotation_share=1.0,
        disk=Disk(ballast=1024 * 1024),
    )


async def _bench(register: Register, pki: Pki, folder: Path, clock: ManualClock) -> AsyncIterator[Bench]:
    service = FakeKeyService(register, clock=clock)
    bench = Bench(configured(register, pki, folder), folder, clock, service)
    await bench.start()
    yield bench
    await bench.stop()
    await service.close()


@pytest.fixture
async def honnin(pki: Pki, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Bench]:
    async for bench in _bench(Register.HONNIN, pki, tmp_path, clock):
        yield bench


@pytest.fixture
async def fuhyo(pki: Pki, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Bench]:
    async for bench in _bench(Register.FUHYO, pki, tmp_path, clock):
        yield bench


def affair(name: str, *, number: bool = False, code: bool = True, abroad: bool = False) -> Affair:
    """An affair that is valid around the tests' day."""
    today = NOON.date()
    return Affair(
        id=name, title=name, basis="住基法30条の15第1項1号", number=number, code=code, abroad=abroad,
        valid_from=today - timedelta(days=30), valid_until=today + timedelta(days=100),
    )  # fmt: skip


@pytest.fixture
def caller() -> Caller:
    """An operator with one affair of each kind."""
    affairs = (
        affair("plain"),
        affair("bare", code=False),
        affair("number", number=True),
        affair("abroad", abroad=True),
    )
    return Caller("op1", "名前", "市町課", frozenset({Role.OPERATOR}), {a.id: a for a in affairs}, "T01")
