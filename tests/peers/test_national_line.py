"""The line to the national server: what each of its answers means to the pump, over real TLS on a unix socket."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from daemon.contract.national import UPDATES, Update
from daemon.errors import StateError
from daemon.peers.national import MAX_ANSWER, AwayError, BatchRefusedError, NationalClient, retry_after
from daemon.register.rows import Register
from daemon.rehearsal.national import unix_listener
from daemon.rehearsal.pki import NATIONAL_NAMES, Pki
from daemon.rehearsal.tls import client_context, server_context

UPDATE = Update(key="0" * 64, register="honnin", sender="35203", number=1, row={})


@dataclass
class Answer:
    """What the server says next."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def answer() -> Answer:
    return Answer()


@pytest.fixture
async def client(pki: Pki, tmp_path: Path, answer: Answer) -> AsyncIterator[NationalClient]:
    async def say(_: web.Request) -> web.Response:
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    app = web.Application()
    app.router.add_route(UPDATES.method, UPDATES.path, say)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    tls = server_context(pki.national_server(Register.HONNIN), pki.register_ca)
    await web.SockSite(runner, unix_listener(tmp_path / "n.sock"), ssl_context=tls).start()
    context = client_context(pki.register_client(Register.HONNIN), pki.national_ca)
    made = NationalClient(tmp_path / "n.sock", context, NATIONAL_NAMES[Register.HONNIN])
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
