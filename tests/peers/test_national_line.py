"""The line to the national server: what each of its answers means to the pump, over real TLS on a unix socket."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from daemon.config import Files
from daemon.contract.national import UPDATES, Update
from daemon.errors import StateError
from daemon.peers.calling import Calling
from daemon.peers.national import MAX_ANSWER, AwayError, BatchRefusedError, NationalClient, retry_after
from daemon.register.rows import Register
from daemon.rehearsal.certificates import Authority, Holder, Pair
from daemon.rehearsal.national import unix_listener
from daemon.rehearsal.pki import NATIONAL_NAMES, Pki
from daemon.rehearsal.tls import server_context

NOW = datetime.now(UTC)  # noqa: TID251 - TLS reads the real clock
UPDATE = Update(key="0" * 64, register="honnin", sender="35203", number=1, row={})


@dataclass
class Answer:
    """What the server says next."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    """How many requests came in."""


def own(pki: Pki, register: Register = Register.HONNIN) -> Files:
    pair = pki.register_client(register)
    return Files(certificate=pair.cert, key=pair.key, ca=pki.national_ca)


def caller(pki: Pki, way: Path, register: Register = Register.HONNIN) -> NationalClient:
    """A register's own client."""
    return NationalClient(way, Calling(own(pki, register)), NATIONAL_NAMES[register])


@pytest.fixture
def answer() -> Answer:
    return Answer()


@pytest.fixture
async def client(pki: Pki, tmp_path: Path, answer: Answer) -> AsyncIterator[NationalClient]:
    async def say(_: web.Request) -> web.Response:
        answer.asked += 1
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    app = web.Application()
    app.router.add_route(UPDATES.method, UPDATES.path, say)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    tls = server_context(pki.national_server(Register.HONNIN), pki.register_ca)
    await web.SockSite(runner, unix_listener(tmp_path / "n.sock"), ssl_context=tls).start()
    made = caller(pki, tmp_path / "n.sock")
    yield made
    await made.close()
    await runner.cleanup()


@pytest.mark.parametrize("status", [429, 503])
async def test_busy_says_for_how_long(client: NationalClient, answer: Answer, status: int) -> None:
    answer.status, answer.headers = status, {"Retry-After": "17"}
    with pytest.raises(AwayError, match=r"national\.busy") as caught:
        await client.deliver([UPDATE])
    assert caught.value.after == 17


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_batch_that_it_would_refuse_again(
    client: NationalClient, answer: Answer, status: int
) -> None:
    answer.status = status
    with pytest.raises(BatchRefusedError, match=r"national\.refused_batch"):
        await client.deliver([UPDATE])


@pytest.mark.parametrize("status", [204, 301, 401, 403, 404, 500, 502])
async def test_what_says_nothing_of_the_batch_is_no_reason_to_set_anything_aside(
    client: NationalClient, answer: Answer, status: int
) -> None:
    answer.status = status
    with pytest.raises(StateError) as caught:
        await client.deliver([UPDATE])
    assert not isinstance(caught.value, BatchRefusedError)
    assert caught.value.code == "national.no_answer"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"receipts": []}',
        b'{"receipts": [{"key": "1", "outcome": "accepted"}]}',
        b'{"receipts": [{"key": "' + b"0" * 64 + b'", "outcome": "perhaps"}]}',
        b'{"receipts": [{"key": "' + b"0" * 64 + b'", "outcome": "accepted", "given": -1}]}',
        b'{"receipts": [{"key": "' + b"0" * 64 + b'", "outcome": "accepted"}]}' + b" " * MAX_ANSWER,
    ],
    ids=range(7),
)
async def test_an_answer_that_is_none(client: NationalClient, answer: Answer, body: bytes) -> None:
    answer.body = body
    with pytest.raises(StateError, match=r"national\.wrong_answer"):
        await client.deliver([UPDATE])


async def test_nobody_there(client: NationalClient, tmp_path: Path) -> None:
    (tmp_path / "n.sock").unlink()
    with pytest.raises(StateError, match=r"national\.away"):
        await client.deliver([UPDATE])


@pytest.mark.parametrize("what", ["name", "authority"])
async def test_another_server_in_its_place_gets_nothing(
    client: NationalClient, pki: Pki, tmp_path: Path, answer: Answer, what: str
) -> None:
    files = replace(own(pki), ca=pki.municipality_ca) if what == "authority" else own(pki)
    name = NATIONAL_NAMES[Register.FUHYO if what == "name" else Register.HONNIN]
    deceived = NationalClient(tmp_path / "n.sock", Calling(files), name)
    with pytest.raises(StateError, match=r"national\.away"):
        await deceived.deliver([UPDATE])
    await deceived.close()
    assert answer.asked == 0
    with pytest.raises(StateError, match=r"national\.wrong_answer"):  # the true one is asked
        await client.deliver([UPDATE])
    assert answer.asked == 1


DATE = "Tue, 24 Nov 2026 03:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 5 "}, 5),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "1.5"}, 0),
        ({"Retry-After": "٣"}, 0),
        ({"Retry-After": "9" * 400}, 999_999_999),
        ({"Retry-After": "Tue, 24 Nov 2026 03:01:30 GMT", "Date": DATE}, 90),
        ({"Retry-After": "Tue, 24 Nov 2026 02:00:00 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Tue, 24 Nov 2026 03:01:30 GMT"}, 0),
        ({"Retry-After": "Tue, 24 Nov 2026 03:01:30", "Date": DATE}, 0),
        ({"Retry-After": "soon", "Date": DATE}, 0),
    ],
)
def test_retry_after(headers: Mapping[str, str], seconds: float) -> None:
    assert retry_after(headers) == seconds


@dataclass
class Renewed:
    """Our files toward the national server, which a test may change, and a server that says whose certificate it saw."""

    files: Files
    authority: Authority
    client: NationalClient
    seen: list[str] = field(default_factory=list)

    def renew(self) -> None:
        self.authority.issue(
            Pair(self.files.certificate, self.files.key),
            Holder("new", uris=["urn:jukura:register:honnin"]),
            now=NOW,
        )

    async def stale(self) -> bool:
        """Whether a look at the files finds what cannot be used."""
        await self.client.calling.look()
        return self.client.calling.stale

    async def shown(self) -> str:
        """The name in the certificate of the next connection."""
        await self.client.close()
        await self.client.deliver([UPDATE])
        return self.seen[-1]


@pytest.fixture
async def renewed(pki: Pki, tmp_path: Path) -> AsyncIterator[Renewed]:
    theirs = own(pki)
    pair = Pair(tmp_path / "own.pem", tmp_path / "own.key")
    pair.cert.write_bytes(theirs.certificate.read_bytes())
    pair.key.write_bytes(theirs.key.read_bytes())
    files = Files(certificate=pair.cert, key=pair.key, ca=pki.national_ca)
    client = NationalClient(tmp_path / "n.sock", Calling(files), NATIONAL_NAMES[Register.HONNIN])
    authority = Authority(Pair(pki.register_ca, pki.register_ca.with_suffix(".key")), "x", now=NOW)
    made = Renewed(files, authority, client)

    async def say(request: web.Request) -> web.Response:
        assert request.transport is not None
        subject = dict(pairs[0] for pairs in request.transport.get_extra_info("peercert")["subject"])
        made.seen.append(subject["commonName"])
        receipts = [{"key": UPDATE.key, "outcome": "accepted"}]
        return web.json_response({"receipts": receipts})

    app = web.Application()
    app.router.add_route(UPDATES.method, UPDATES.path, say)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    tls = server_context(pki.national_server(Register.HONNIN), pki.register_ca)
    await web.SockSite(runner, unix_listener(tmp_path / "n.sock"), ssl_context=tls).start()
    yield made
    await client.close()
    await runner.cleanup()


async def test_a_new_certificate_of_ours_is_shown_from_the_next_connection_on(renewed: Renewed) -> None:
    assert await renewed.shown() == "honnin client"
    renewed.renew()
    assert not await renewed.stale()
    assert await renewed.shown() == "new"
    assert renewed.client.calling.ends[0].who == "new"


@pytest.mark.parametrize("content", [b"", b"rubbish", None, "another"])
async def test_a_key_that_does_not_fit_leaves_the_pair_before_in_force_until_it_does(
    renewed: Renewed, pki: Pki, content: bytes | str | None
) -> None:
    key = renewed.files.key
    if content is None:
        key.unlink()
    else:
        key.write_bytes(content if isinstance(content, bytes) else pki.municipality("35203").key.read_bytes())
    assert await renewed.stale()
    assert await renewed.shown() == "honnin client"
    renewed.renew()
    assert not await renewed.stale()
    assert await renewed.shown() == "new"
