"""The peers' endpoint over real TLS: who comes in, who is turned away, what is recorded of it, and what is answered."""

import asyncio
import gzip
import hashlib
import io
import json
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import msgspec
import pytest

from daemon.audit.action import Action
from daemon.audit.entry import Opened, Outcome
from daemon.commands.caller import Caller, Role
from daemon.contract.halt import StopService
from daemon.contract.peer import ENDPOINTS, MAX_BODY, NOTICES, Verdict
from daemon.contract.peer import Outcome as Became
from daemon.errors import StateError
from daemon.peers.desk import PeerDesk
from daemon.peers.kind import municipalities
from daemon.peers.server import PeerServer
from daemon.peers.trust import Trust
from daemon.register.rows import Register
from daemon.rehearsal.certificates import Pair
from daemon.rehearsal.pki import Pki, expired_municipality, unknown_municipality
from daemon.rehearsal.tls import client_context
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries, size
from tests.conftest import Bench
from tests.peers.test_decode import body, plain

NOW = datetime.now(UTC)  # noqa: TID251 - TLS reads the real clock


@dataclass
class Line:
    """A served register and where it listens."""

    bench: Bench
    pki: Pki
    port: int
    server: PeerServer
    sealed: bool = False

    async def post(
        self,
        content: bytes,
        *,
        pair: Pair | None = None,
        kind: str = "application/json",
        path: str = NOTICES.path,
    ) -> tuple[int, dict[str, object]]:
        context = client_context(pair or self.pki.municipality("35203"), self.pki.register_ca)
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(connector=connector) as session:
            url = f"https://127.0.0.1:{self.port}{path}"
            async with session.post(
                url,
                data=io.BytesIO(content),
                headers={"Content-Type": kind},
                server_hostname="honnin.jukura.test",
            ) as answer:
                text = await answer.read()
                return answer.status, json.loads(text) if answer.content_type == "application/json" else {}

    async def refusals(self) -> list[str]:
        """The codes of handshakes turned away, as the log has them."""
        return [
            e.header.code for e in await entries(self.bench) if e.header.action is Action.HANDSHAKE_REFUSED
        ]


BECAME = {Action.NOTICE_APPLIED, Action.NOTICE_REFUSED}
ADMINISTRATOR = Caller("kanri", "名前", "市町課", frozenset({Role.ADMINISTRATOR}), {}, "T01")


async def received(line: Line) -> list[Opened]:
    """The entries of requests."""
    return [e for e in await entries(line.bench) if e.header.action is Action.PEER_RECEIVED]


@pytest.fixture
async def line(honnin: Bench, pki: Pki) -> AsyncIterator[Line]:
    async for made in served(honnin, pki):
        yield made


async def served(honnin: Bench, pki: Pki, listed: Sequence[str] = ("35203",)) -> AsyncIterator[Line]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    listening.setblocking(False)  # noqa: FBT003

    def desk() -> PeerDesk:
        if made.sealed:
            raise StateError("state.sealed")
        return honnin.open.peer_desk

    server = PeerServer(
        municipalities(listed, ENDPOINTS),
        desk=desk,
        trust=Trust(honnin.config.peers.tls, honnin.clock.now),
        limits=honnin.config.peers.limits,
        write=honnin.open.writer.log,
        clock=honnin.clock,
    )
    await server.start(listening)
    made = Line(honnin, pki, listening.getsockname()[1], server)
    yield made
    await server.stop()
    listening.close()


async def test_a_notice_comes_in_and_is_acknowledged(line: Line) -> None:
    status, answer = await line.post(body(plain("n1")))
    assert status == 200
    assert answer["verdicts"] == [{"id": "n1", "outcome": "applied", "serial": 1}]


async def test_another_municipality_in_the_body_changes_nothing_about_who_sent(line: Line) -> None:
    record = plain()["record"] | {"municipality": "35201"}
    status, answer = await line.post(body(plain("n1", record=record)))
    assert status == 200
    assert "notice.wrong_sender" in json.dumps(answer)
    assert await size(line.bench, Table.ROWS) == 0


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (body(plain())[:-9], 400, "json.malformed"),
        (b'{"notices":[]}', 400, "notice.empty_batch"),
        (b" " * (MAX_BODY + 1), 413, "notice.body_too_large"),
        (body(*[{}] * 501), 413, "notice.too_many"),
        (b"[" * 50_000, 400, "json.too_deep"),
        (b'{"notices":[],"notices":[]}', 400, "json.doubled_name"),
        ("{}".encode("utf-16"), 400, "json.not_utf8"),
    ],
)
async def test_a_body_that_is_no_batch_is_refused_logged_and_changes_nothing(
    line: Line, content: bytes, status: int, code: str
) -> None:
    answered, answer = await line.post(content)
    assert (answered, answer["code"]) == (status, code)
    assert answer["ja"]
    assert answer["en"]
    (entry,) = await received(line)
    assert (entry.header.outcome, entry.header.code) == (Outcome.REFUSED, code)
    assert entry.header.actor == "CS:35203"
    assert await size(line.bench, Table.ROWS) == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"more": 1}, "json.wrong_shape"),
        ({"record": plain()["record"] | {"nickname": "x"}}, "json.wrong_shape"),
        ({"record": plain()["record"] | {"juminhyo_code": "24727059609"}}, "record.bad_juminhyo_code"),
        ({"record": plain()["record"] | {"kojin_bango": "123456789017"}}, "record.bad_kojin_bango"),
        ({"record": plain()["record"] | {"municipality": "35201"}}, "notice.wrong_sender"),
        ({"pad": "x" * 17_000}, "notice.too_large"),
    ],
)
async def test_one_bad_notice_is_refused_and_logged_and_its_neighbour_is_applied(
    line: Line, change: dict[str, object], code: str
) -> None:
    status, answer = await line.post(body(plain("bad", **change), plain("good")))
    assert status == 200
    bad, good = msgspec.convert(answer["verdicts"], list[Verdict])
    assert (bad.id, bad.outcome, bad.code) == ("bad", Became.REFUSED, code)
    assert bad.ja
    assert (good.id, good.outcome) == ("good", Became.APPLIED)
    refused, applied = [e for e in await entries(line.bench) if e.header.action in BECAME]
    assert (refused.header.action, refused.header.code) == (Action.NOTICE_REFUSED, code)
    assert applied.header.action is Action.NOTICE_APPLIED
    assert await size(line.bench, Table.ROWS) == 1


async def test_what_is_compressed_is_refused_unread_and_logged(line: Line) -> None:
    context = client_context(line.pki.municipality("35203"), line.pki.register_ca)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        url = f"https://127.0.0.1:{line.port}{NOTICES.path}"
        async with session.post(
            url, data=gzip.compress(body(plain())), headers=headers, server_hostname="honnin.jukura.test"
        ) as answer:
            assert (answer.status, (await answer.json())["code"]) == (415, "peer.compressed")
    assert [entry.header.code for entry in await received(line)] == ["peer.compressed"]
    assert await size(line.bench, Table.ROWS) == 0


async def test_a_batch_is_one_entry_with_its_size_and_digest_beside_those_of_its_notices(line: Line) -> None:
    content = body(plain("n1"), plain("n2"), plain("n1"))
    await line.post(content)
    (entry,) = await received(line)
    assert (entry.header.outcome, entry.header.counts) == (Outcome.OK, {"notices": 3, "bytes": len(content)})
    assert entry.fields["digest"].value == hashlib.sha256(content).hexdigest()


async def test_a_million_objects_are_no_batch(line: Line) -> None:
    status, answer = await line.post(b'{"notices":[' + b"{}," * 1_000_000 + b"{}]}")
    assert (status, answer["code"]) == (413, "notice.too_many")


async def test_an_error_of_ours_is_told_without_its_text(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("住民　太郎")

    monkeypatch.setattr(line.bench.open.notices, "receive", broken)
    status, answer = await line.post(body(plain()))
    assert (status, answer["code"]) == (500, "peer.failed")
    assert "住民" not in json.dumps(answer, ensure_ascii=False)


async def test_what_is_not_json_is_refused(line: Line) -> None:
    status, answer = await line.post(body(plain()), kind="text/plain")
    assert (status, answer["code"]) == (400, "notice.not_json")


async def test_every_endpoint_has_an_act(honnin: Bench) -> None:
    desk = honnin.open.peer_desk
    assert desk.acts.keys() == {each for each in ENDPOINTS if not each.stream}
    assert desk.streams.keys() == {each for each in ENDPOINTS if each.stream}


async def test_other_paths_are_not_there(line: Line) -> None:
    status, _ = await line.post(body(plain()), path="/v1/status")
    assert status == 404


async def test_sealed_says_when_to_come_back(line: Line) -> None:
    line.sealed = True
    status, answer = await line.post(body(plain()))
    assert (status, answer["code"]) == (503, "state.sealed")


async def test_stopped_the_register_takes_nothing_and_later_everything(line: Line) -> None:
    await line.bench.open.halt.stop(ADMINISTRATOR, StopService("訓練"))
    status, answer = await line.post(body(plain("n1")))
    assert (status, answer["code"]) == (503, "state.stopped")
    assert await size(line.bench, Table.ROWS) == 0


async def test_while_much_waits_to_be_written_peers_come_later(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.writer.CROWDED", 0)
    status, answer = await line.post(body(plain("n1")))
    assert (status, answer["code"]) == (429, "peer.busy")


async def test_a_municipality_that_is_not_listed_is_refused_and_recorded(line: Line) -> None:
    status, answer = await line.post(body(plain()), pair=line.pki.municipality("35201"))
    assert (status, answer["code"]) == (403, "peer.not_listed")
    await until(line, 1)
    assert await line.refusals() == ["peer.not_listed"]


async def test_a_certificate_that_names_no_municipality_is_refused(line: Line, pki: Pki) -> None:
    with pytest.raises(aiohttp.ClientError):  # of another authority than the municipalities'
        await line.post(body(plain()), pair=pki.register_client(Register.HONNIN))
    await until(line, 1)
    assert await line.refusals() == ["peer.certificate_unknown"]


@pytest.mark.parametrize(
    ("made", "code"),
    [(expired_municipality, "peer.certificate_expired"), (unknown_municipality, "peer.certificate_unknown")],
)
async def test_an_expired_or_unknown_certificate_is_turned_away_and_recorded(
    line: Line, pki: Pki, made: object, code: str
) -> None:
    pair = made(pki, "35203", now=NOW)  # type: ignore[operator]
    with pytest.raises(aiohttp.ClientError):
        await line.post(body(plain()), pair=pair)
    await until(line, 1)
    assert await line.refusals() == [code]
    assert await size(line.bench, Table.ROWS) == 0


async def test_tls_1_2_is_turned_away_and_recorded(line: Line) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(line.pki.register_ca)
    pair = line.pki.municipality("35203")
    context.load_cert_chain(pair.cert, pair.key)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection(
            "127.0.0.1", line.port, ssl=context, server_hostname="honnin.jukura.test"
        )
    await until(line, 1)
    assert await line.refusals() == ["peer.tls_too_old"]


async def test_no_certificate_at_all_is_turned_away_and_recorded(line: Line) -> None:
    context = ssl.create_default_context(cafile=str(line.pki.register_ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", line.port, ssl=context, server_hostname="honnin.jukura.test"
    )
    # In TLS 1.3 a client hears of it only when it reads.
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        await reader.readexactly(1)
    writer.close()
    await until(line, 1)
    assert await line.refusals() == ["peer.certificate_missing"]


async def test_rubbish_instead_of_a_handshake_is_recorded_and_others_go_on(line: Line) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", line.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await writer.drain()
    await until(line, 1)
    writer.close()
    status, _ = await line.post(body(plain("n1")))
    assert status == 200
    assert await line.refusals() == ["peer.handshake_failed"]


async def test_a_failed_accept_is_not_the_last(
    honnin: Bench, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, left = asyncio.get_running_loop(), [OSError(24, "too many open files")]
    working = loop.sock_accept

    async def accept(listening: socket.socket) -> object:
        if left:
            raise left.pop()
        return await working(listening)

    monkeypatch.setattr(loop, "sock_accept", accept)
    async for line in served(honnin, pki):
        assert (await line.post(body(plain("n1"))))[0] == 200
        assert not left


async def test_a_peer_that_never_finishes_its_handshake_is_dropped(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.peers.server.HANDSHAKE", 0.2)
    _, writer = await asyncio.open_connection("127.0.0.1", line.port)
    await until(line, 1)
    assert await line.refusals() == ["peer.handshake_late"]
    writer.close()


async def test_a_body_that_trickles_is_given_up(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.peers.bodies.BODY", 0.2)

    async def trickle() -> AsyncIterator[bytes]:
        yield b'{"notices":['
        await asyncio.sleep(5)

    context = client_context(line.pki.municipality("35203"), line.pki.register_ca)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        url = f"https://127.0.0.1:{line.port}{NOTICES.path}"
        headers = {"Content-Type": "application/json"}
        async with session.post(
            url, data=trickle(), headers=headers, server_hostname="honnin.jukura.test"
        ) as answer:
            assert msgspec.json.decode(await answer.read())["code"] == "notice.body_late"
    assert [entry.header.code for entry in await received(line)] == ["notice.body_late"]
    assert await size(line.bench, Table.ROWS) == 0


async def test_no_ticket_lets_a_peer_come_back_unseen(line: Line) -> None:
    context = client_context(line.pki.municipality("35203"), line.pki.register_ca)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", line.port, ssl=context, server_hostname="honnin.jukura.test"
    )
    writer.write(b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await reader.readline()
    session = writer.get_extra_info("ssl_object").session
    assert not session.has_ticket
    writer.close()


async def until(line: Line, count: int) -> None:
    async with asyncio.timeout(5):
        while len(await line.refusals()) < count:
            await asyncio.sleep(0.02)
