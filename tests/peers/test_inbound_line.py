"""The national server's own listener over real TLS: its own authority, its own name, its own endpoints."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.config import Files, Limits
from daemon.contract.inbound import ErrorOutcome, ErrorReport, ErrorTaken
from daemon.contract.peer import NOTICES, NoticeBatch, Verdicts
from daemon.errors import AuthenticationError, ConflictError, InputError, StateError
from daemon.peers.inbound import named, national
from daemon.peers.server import PeerServer
from daemon.peers.trust import Trust
from daemon.register.rows import Register
from daemon.rehearsal import agency
from daemon.rehearsal.calls import Calls
from daemon.rehearsal.certificates import Pair
from daemon.rehearsal.ledger import Ledger
from daemon.rehearsal.municipality import Door
from daemon.rehearsal.national import NationalServer
from daemon.rehearsal.pki import PEER_NAMES, Pki
from daemon.rehearsal.tls import client_context, server_context
from tests.commands.notices.test_notices import entries, notice, send
from tests.conftest import Bench
from tests.peers.nation import Nation, arrive, code, emptied, person, pump

NOW = datetime.now(UTC)  # noqa: TID251 - TLS reads the real clock
WRONG = ErrorReport(id="k-1", code=code(1), items=["name"])


@dataclass
class Listener:
    """A served listener of the national server."""

    bench: Bench
    pki: Pki
    port: int

    def calls(self, pair: Pair | None = None) -> Calls:
        shown = pair or self.pki.national_client(Register.HONNIN)
        door = Door("127.0.0.1", self.port, PEER_NAMES[Register.HONNIN])
        return Calls(door, client_context(shown, self.pki.register_ca))


@pytest.fixture
async def listener(honnin: Bench, pki: Pki) -> AsyncIterator[Listener]:
    server_pair = pki.register_server(Register.HONNIN)
    files = Files(certificate=server_pair.cert, key=server_pair.key, ca=pki.national_ca)

    async def write(act: Act) -> None:
        await honnin.open.writer.log(act)

    server = PeerServer(
        national(Register.HONNIN),
        desk=lambda: honnin.open.national_desk,
        trust=Trust(files, lambda: NOW),
        limits=Limits(),
        write=write,
        clock=honnin.clock,
    )
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)  # noqa: FBT003
    await server.start(listening)
    yield Listener(honnin, pki, listening.getsockname()[1])
    await server.stop()
    listening.close()


async def test_an_error_report_comes_in_and_is_read_by_its_municipality(listener: Listener) -> None:
    await send(listener.bench, notice("n", person(1)))
    async with listener.calls() as calls:
        answer = await agency.report(calls, WRONG)
        assert answer == ErrorTaken(outcome=ErrorOutcome.TAKEN, municipality="35203")
        assert (await agency.report(calls, WRONG)).outcome is ErrorOutcome.DUPLICATE
        with pytest.raises(ConflictError, match=r"national\.id_reused"):
            await agency.report(calls, ErrorReport(id="k-1", code=code(1), items=["sex"]))
    received = [e for e in await entries(listener.bench) if e.header.action is Action.PEER_RECEIVED]
    assert {entry.header.actor for entry in received} == {"zenkoku"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "", "code": "24727059608"},
        {"id": "k 1", "code": "24727059608"},
        {"id": "k", "code": "2472705960"},
        {"id": "k", "code": "24727059608", "words": "x" * 501},
        {"id": "k", "code": "24727059608", "items": ["Name"]},
        {"id": "k", "code": "24727059608", "serial": 0},
    ],
)
async def test_a_report_that_is_none(listener: Listener, wrong: dict[str, object]) -> None:
    made = ErrorReport(**wrong)  # type: ignore[arg-type]
    async with listener.calls() as calls:
        with pytest.raises(InputError, match=r"json\.wrong_shape"):
            await agency.report(calls, made)


async def test_a_municipality_is_not_let_in(listener: Listener) -> None:
    async with listener.calls(listener.pki.municipality("35203")) as calls:
        with pytest.raises(StateError, match=r"municipality\.no_answer"):
            await agency.report(calls, WRONG)


async def test_the_national_server_of_the_sister_is_a_stranger(listener: Listener) -> None:
    async with listener.calls(listener.pki.national_client(Register.FUHYO)) as calls:
        with pytest.raises(AuthenticationError, match=r"national\.not_named"):
            await agency.report(calls, WRONG)


async def test_it_can_put_nothing_in(listener: Listener) -> None:
    """Only municipalities can: their endpoint does not exist here."""
    async with listener.calls() as calls:
        with pytest.raises(InputError, match=r"peer\.unknown_path"):
            await calls.call(NOTICES, NoticeBatch([{}]), Verdicts)


@pytest.fixture
async def nation_server(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NationalServer]:
    """The simulated national server, spoken to without a line."""
    ledger = await Ledger.open(tmp_path_factory.mktemp("ledger") / "ledger.db")
    tls = server_context(pki.national_server(Register.HONNIN), pki.register_ca)
    made = NationalServer(Register.HONNIN, ledger, tls)
    yield made
    await made.stop()


async def test_it_asks_for_what_never_came_and_gets_it(
    listener: Listener, nation_server: NationalServer
) -> None:
    """Messages were acknowledged and then lost, as after a restore at the 機構."""
    bench, book = listener.bench, nation_server.book
    for number in range(6):
        await arrive(bench, number)
    nation = Nation()
    await emptied(pump(bench, nation))
    kept = [update for update in nation.accepted if update.number not in {2, 3, 5}]
    await book.take([nation_server.arrival(update) for update in kept])
    async with listener.calls() as calls:
        asked = await agency.ask_for_missing(calls, book)
    assert [(each.first, each.last) for each in asked] == [(2, 3), (5, 5)]
    await emptied(pump(bench, nation))
    await book.take([nation_server.arrival(update) for update in nation.repeats])
    assert await book.missing() == []
    assert await book.repeats() == dict.fromkeys((2, 3, 5), 1)


@pytest.mark.parametrize(
    "names",
    [
        (),
        (("URI", "urn:jukura:national:fuhyo"),),
        (("URI", "urn:jukura:municipality:35203"),),
        (("DNS", "urn:jukura:national:honnin"),),
        (("URI", "urn:jukura:national:honnin"), ("URI", "urn:jukura:national:fuhyo")),
        (("URI", "urn:jukura:national:honnin2"),),
    ],
)
def test_another_name_is_nobody(names: tuple[tuple[str, str], ...]) -> None:
    for certificate in ({"subjectAltName": names}, None):
        with pytest.raises(AuthenticationError, match=r"national\.not_named"):
            named(certificate, Register.HONNIN)


def test_its_own_name_is_it() -> None:
    certificate = {"subjectAltName": (("URI", "urn:jukura:national:honnin"), ("DNS", "zenkoku.jukura.test"))}
    assert named(certificate, Register.HONNIN) == "zenkoku"
