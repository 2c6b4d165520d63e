"""A small population, certificates, and a register in memory that judges by the real tables, behind real mutual TLS."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from aiohttp import web

from daemon.contract.codec import decode, encode, shape
from daemon.contract.messages import problem
from daemon.contract.peer import (
    NOTICE_TYPES,
    NOTICES,
    HonninNotice,
    Notice,
    NoticeBatch,
    Outcome,
    Verdict,
    Verdicts,
)
from daemon.errors import JukuraError
from daemon.register.checks import check, check_sender
from daemon.register.reasons import Code, judge
from daemon.register.rows import Register, Row
from daemon.register.versions import next_row
from daemon.rehearsal.municipality import Door, MunicipalityClient, Patience
from daemon.rehearsal.pki import PEER_NAMES, Pki, make_pki
from daemon.rehearsal.residents import Population, Source
from daemon.rehearsal.tls import client_context, server_context

TODAY = date(2026, 11, 24)
PATIENCE = Patience(deadline=10, attempt=5, first_pause=0.01, longest_pause=0.05)
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


@dataclass
class Books:
    """What a register in memory holds; takes a notice or raises as the real one would."""

    register: Register
    rows: dict[str, Row] = field(default_factory=dict)
    taken: dict[tuple[str, str], int] = field(default_factory=dict)
    sequence: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    """By the 住民票コード of somebody who had others: the first."""

    def take(self, sender: str, notice: Notice) -> Verdict:
        """Apply a notice under its idempotency key."""
        if (sender, notice.id) in self.taken:
            return Verdict(id=notice.id, outcome=Outcome.DUPLICATE, serial=self.taken[sender, notice.id])
        record = check(notice.record)
        check_sender(record, sender)
        old = notice.old_code if isinstance(notice, HonninNotice) else notice.record.former_code
        last = self.rows.get(old or record.juminhyo_code)
        judge(record, last, today=TODAY, code=Code(old, self.rows.get(record.juminhyo_code) if old else None))
        if old:
            self.first[record.juminhyo_code] = self.first.get(old, old)
            del self.rows[old]
        person = self.first.get(record.juminhyo_code, record.juminhyo_code)
        self.sequence[sender, person] += 1
        assert notice.sender_seq == self.sequence[sender, person]
        row = next_row(record, last, received=NOW, terminal="test")
        self.rows[record.juminhyo_code] = row
        self.taken[sender, notice.id] = row.serial
        return Verdict(id=notice.id, outcome=Outcome.APPLIED, serial=row.serial)


@dataclass
class Front:
    """The HTTP side of a register in memory, with faults."""

    books: Books
    requests: int = 0
    senders: Counter[str] = field(default_factory=Counter)
    answer: Callable[[web.Request], Awaitable[web.Response | None]] | None = None
    """Asked first; what it returns is the answer."""
    lose: int = 0
    """So many answers are cut off after the notices were applied."""
    mangle: Callable[[list[Verdict]], list[Verdict]] = list

    async def handle(self, request: web.Request) -> web.Response:
        """One request of a municipality."""
        self.requests += 1
        if self.answer and (answer := await self.answer(request)):
            return answer
        assert request.transport
        ((_, uri),) = request.transport.get_extra_info("peercert")["subjectAltName"]
        sender = uri.removeprefix("urn:jukura:municipality:")
        self.senders[sender] += 1
        verdicts = [self._verdict(sender, raw) for raw in decode(await request.read(), NoticeBatch).notices]
        if self.lose:
            self.lose -= 1
            request.transport.abort()
        return web.Response(body=encode(Verdicts(self.mangle(verdicts))), content_type="application/json")

    def _verdict(self, sender: str, raw: object) -> Verdict:
        notice = shape(raw, NOTICE_TYPES[self.books.register])
        try:
            return self.books.take(sender, notice)
        except JukuraError as error:
            told = problem(error)
            return Verdict(
                id=notice.id,
                outcome=Outcome.REFUSED,
                code=told.code,
                field=told.field,
                ja=told.ja,
                en=told.en,
            )


@dataclass(frozen=True)
class Stage:
    """A register's front, its door, and a way to make clients of it."""

    pki: Pki
    register: Register
    front: Front
    door: Door

    def client(self, code: str, patience: Patience = PATIENCE) -> MunicipalityClient:
        """A client of the municipality `code`."""
        tls = client_context(self.pki.municipality(code), self.pki.register_ca)
        return MunicipalityClient(code, self.door, tls, patience=patience)


@pytest.fixture(scope="session")
def source() -> Source:
    """Places and names, loaded once."""
    return Source.load()


@pytest.fixture(scope="session")
def population(source: Source) -> Population:
    """Two thousand residents."""
    return Population(7, 2000, TODAY, source=source)


@pytest.fixture(scope="session")
def crowd(source: Source) -> Population:
    """Enough residents for what is rare, and the size that `make run` promises."""
    return Population(2, 10_000, TODAY, source=source)


@pytest.fixture(scope="session")
def small(source: Source) -> Population:
    """Few residents, for what goes through sockets."""
    return Population(11, 150, TODAY, source=source)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Certificates that are valid now."""
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))  # noqa: TID251 - TLS asks the real clock


@pytest.fixture
async def open_stage(pki: Pki) -> AsyncIterator[Callable[[Register], Awaitable[Stage]]]:
    """Opens a register in memory on a free port."""
    async with AsyncExitStack() as stack:

        async def open_one(register: Register) -> Stage:
            front = Front(Books(register))
            app = web.Application()
            app.router.add_route(NOTICES.method, NOTICES.path, front.handle)
            runner = web.AppRunner(app, shutdown_timeout=1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            listening = socket.create_server(("127.0.0.1", 0))
            tls = server_context(pki.register_server(register), pki.municipality_ca)
            await web.SockSite(runner, listening, ssl_context=tls).start()
            door = Door("127.0.0.1", listening.getsockname()[1], PEER_NAMES[register])
            return Stage(pki, register, front, door)

        yield open_one
        await asyncio.sleep(0)


@pytest.fixture
async def stage(open_stage: Callable[[Register], Awaitable[Stage]]) -> Stage:
    """A `honnin` register in memory."""
    return await open_stage(Register.HONNIN)


@pytest.fixture
def books() -> type[Books]:
    """The register in memory, without a network."""
    return Books


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """Where a ledger may be kept."""
    return tmp_path / "ledger.db"
