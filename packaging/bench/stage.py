"""What the benches share: a register of synthetic residents on this disk, its key service beside it, and searches."""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

from daemon.clock import SystemClock, day_of
from daemon.commands.caller import Caller, Role
from daemon.commands.inquiries.search import Searches
from daemon.config import Config, Files, National, Peers, Reconciling
from daemon.contract.console import Affair, Match, Scope, Search
from daemon.contract.peer import Notice, Outcome
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring, first_seal, load
from daemon.errors import JukuraError, StateError
from daemon.open import Parts, Shown, build
from daemon.register.codes import MUNICIPALITIES
from daemon.register.dates import is_complete
from daemon.register.rows import Register
from daemon.rehearsal.pki import NATIONAL_NAMES, make_pki
from daemon.rehearsal.residents import Population
from daemon.tasks import Tasks
from hsm.client import KeyClient

BATCH = 250  # notices in one request
IN_FLIGHT = 4  # requests
SERVICE = Path(__file__).with_name("keyservice.py")
KEYS = "keys.sock"
SIGNED = 1.0  # seconds between two checkpoints


@dataclass(frozen=True)
class Stage:
    """A register that is open, with what searches it."""

    parts: Parts
    service: KeyClient
    searches: Searches
    population: Population
    caller: Caller

    async def fill(self, notices: Sequence[tuple[str, Sequence[Notice]]]) -> float:
        """Send these batches as municipalities would, a few at a time; seconds that it took."""
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def send(sender: str, batch: Sequence[Notice]) -> int:
            async with gate:
                verdicts = await self.parts.notices.receive(sender, batch)
            return sum(verdict.outcome is Outcome.APPLIED for verdict in verdicts)

        began = time.perf_counter()
        applied = sum(await asyncio.gather(*(send(sender, batch) for sender, batch in notices)))
        if applied != sum(len(batch) for _, batch in notices):
            raise SystemExit("some notices were not applied")
        return time.perf_counter() - began

    async def search(self, number: int) -> None:
        """Look for the resident with this number, by name and birth date."""
        record = self.population.residents[number % self.population.size].honnin
        if record is None or not is_complete(record.birth):
            return  # one in thousands, whose birth date cannot be asked for
        query = Search(
            affair="bench", purpose="測定", application="測定", kana=record.kana, kana_match=Match.WHOLE,
            birth=record.birth.code, scope=Scope.CURRENT,
        )  # fmt: skip
        await self.searches.search(self.caller, query)


def batches(population: Population) -> list[tuple[str, list[Notice]]]:
    """The first notice of every resident, by municipality, in batches that come in turn."""
    by_sender: dict[str, list[Notice]] = {}
    for sending in population.initial(Register.HONNIN):
        by_sender.setdefault(sending.sender, []).append(sending.notice)
    cut = [
        [(sender, notices[at : at + BATCH]) for at in range(0, len(notices), BATCH)]
        for sender, notices in by_sender.items()
    ]
    return list(chain.from_iterable(cut))


@asynccontextmanager
async def staged(
    folder: Path, population: Population, *, module: str, environ: Mapping[str, str], share: float
) -> AsyncIterator[Stage]:
    """A register in `folder`, empty at first, over a token of the PKCS#11 `module`."""
    clock = SystemClock()
    with key_service(folder, module, environ):
        async with opened(folder, share=share) as register:
            parts = register.parts
            searches = Searches(
                Register.HONNIN, parts.reader, parts.writer, clock,
                holds=parts.holds, require_timely=parts.signer.require_timely,
            )  # fmt: skip
            yield Stage(parts, register.service, searches, population, _caller(clock))


@dataclass(frozen=True)
class Opened:
    """A register that is open, its background at work."""

    parts: Parts
    service: KeyClient
    keyring: Keyring
    config: Config


@asynccontextmanager
async def opened(folder: Path, *, share: float = 1.0, compare_share: float = 0.8) -> AsyncIterator[Opened]:
    """The register in `folder`, whose key service runs."""
    clock, tasks = SystemClock(), Tasks()
    service, keyring, config = KeyClient(folder / KEYS), Keyring(), _config(folder, share, compare_share)
    await _unsealed(keyring, service, clock)
    shown = Shown(away=lambda _: None, progress=lambda _done, _total: None)
    parts = await build(config, folder, service=service, keyring=keyring, clock=clock, shown=shown)
    for name, work in parts.background().items():
        tasks.start(work, name=name)
    tasks.start(_sign(parts), name="signer")
    try:
        yield Opened(parts, service, keyring, config)
    finally:
        await parts.rotations.close()
        await parts.writer.close()
        await tasks.stop(within=5)
        await parts.close()
        await service.close()


@contextmanager
def key_service(folder: Path, module: str, environ: Mapping[str, str]) -> Iterator[None]:
    """A key service in a process of its own; it goes on with what an earlier one left in `folder`, whose PIN lies beside it."""
    path, state = folder / KEYS, folder / "keys"
    path.unlink(missing_ok=True)
    state.mkdir(mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        argv = [sys.executable, str(SERVICE), str(state), module, str(listening.fileno())]
        child = subprocess.Popen(  # noqa: S603 - our own program
            argv, stdin=subprocess.PIPE, pass_fds=[listening.fileno()], env={**os.environ, **environ}
        )
    if child.stdin is not None:
        child.stdin.write(_pin(folder / "pin"))
        child.stdin.close()
    try:
        yield
    finally:
        child.terminate()
        child.wait(timeout=30)


def _pin(file: Path) -> bytes:
    """That of the token of a bench, which guards invented people: it is kept, so that a folder can be used again."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(8))
    return file.read_bytes()


async def _unsealed(keyring: Keyring, service: KeyClient, clock: SystemClock) -> None:
    """Wait for the key service and bring every key in."""
    while True:
        try:
            await load(keyring, service, classes.wanted(day_of(clock.now())))
            await first_seal(service)
        except StateError:
            await asyncio.sleep(0.1)
        else:
            return


async def _sign(parts: Parts) -> None:
    while True:
        with suppress(JukuraError):
            await parts.signer.sign()
        await asyncio.sleep(SIGNED)


def _caller(clock: SystemClock) -> Caller:
    today = day_of(clock.now())
    day = timedelta(days=1)
    affair = Affair(
        id="bench",
        title="測定",
        basis="住基法30条の15第1項1号",
        valid_from=today - day,
        valid_until=today + day,
    )
    return Caller("bench", "測定", "市町課", frozenset({Role.OPERATOR}), {affair.id: affair}, "T01")


def _config(folder: Path, share: float, compare_share: float) -> Config:
    """A register that nothing outside reaches: municipalities are played here, past TLS."""
    pki = make_pki(folder / "pki", now=datetime.now(UTC))  # noqa: TID251 - TLS reads the real clock
    server, client = pki.register_server(Register.HONNIN), pki.register_client(Register.HONNIN)
    return Config(
        register=Register.HONNIN,
        key_service=folder / KEYS,
        peers=Peers(
            tls=Files(certificate=server.cert, key=server.key, ca=pki.municipality_ca),
            municipalities=sorted(MUNICIPALITIES),
        ),
        national=National(
            tls=Files(certificate=client.cert, key=client.key, ca=pki.national_ca),
            socket=folder / "zenkoku.sock",
            name=NATIONAL_NAMES[Register.HONNIN],
        ),
        rotation_share=share,
        reconciliation=Reconciling(share=compare_share),
    )
