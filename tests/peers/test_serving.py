"""Requests of peers, against a running server: what is taken in, refused, answered and written down."""

import asyncio
import gzip
import hashlib
import io
from collections.abc import AsyncIterator

import aiohttp
import pytest

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.config import Limits
from daemon.contract.peer import MAX_BODY
from daemon.rehearsal.pki import Pki
from tests.peers.room import ASK, POUR, A, B, Room, ask, served


@pytest.fixture
async def room(pki: Pki) -> AsyncIterator[Room]:
    async with served(pki) as made:
        yield made


async def test_who_asks_is_known_by_the_certificate_and_each_request_is_an_entry(room: Room) -> None:
    async with room.caller() as session, room.caller(B) as other:
        assert (await ask(session, body=b'{"text":"x"}'))[:2] == (200, {"text": "35203 x", "number": 0})
        assert (await ask(other, body=b'{"text":"x"}'))[1]["text"] == "35201 x"
    first, second = room.acts(Action.PEER_RECEIVED)
    assert (first.actor, first.outcome, first.counts) == ("CS:35203", Outcome.OK, {"say": 1, "bytes": 12})
    assert first.sealed == {"address": "127.0.0.1", "digest": hashlib.sha256(b'{"text":"x"}').hexdigest()}
    assert second.actor == "CS:35201"
    assert {act.actor for act in await room.until(Action.HANDSHAKE_ACCEPTED, 2)} == {"CS:35203", "CS:35201"}


async def test_a_get_takes_its_request_from_the_query(room: Room) -> None:
    async with room.caller() as session:
        assert (await ask(session, ASK, path="/v1/ask?text=a&number=3"))[1] == {
            "text": "35203 a",
            "number": 3,
        }
        for path, code, field in (
            ("/v1/ask?number=x", "json.wrong_shape", "number"),
            ("/v1/ask?text=a&text=b", "json.doubled_name", ""),
            ("/v1/ask?more=1", "peer.unknown_parameter", ""),
        ):
            status, answer, _ = await ask(session, ASK, path=path)
            assert (status, answer["code"], answer["field"]) == (400, code, field)


@pytest.mark.parametrize(
    ("body", "headers", "path", "status", "code"),
    [
        (b"{}", {}, "/v1/status", 404, "peer.unknown_path"),
        (b"{}", {}, "/v1/ask", 405, "peer.wrong_method"),
        (b"{}", {"Content-Type": "text/plain"}, "", 415, "peer.wrong_type"),
        (gzip.compress(b"{}", mtime=0), {"Content-Encoding": "gzip"}, "", 415, "peer.compressed"),
        (b"{}", {"Content-Encoding": "identity, gzip"}, "", 415, "peer.compressed"),
        (b"x" * (MAX_BODY + 1), {}, "", 413, "peer.body_too_large"),
        (b"{", {}, "", 400, "json.malformed"),
        (b'{"more":1}', {}, "", 400, "json.wrong_shape"),
        (b'{"text":"no"}', {}, "", 409, "notice.id_reused"),
    ],
)
async def test_what_is_not_in_order_is_refused_with_a_text_and_written_down(
    room: Room, *, body: bytes, headers: dict[str, str], path: str, status: int, code: str
) -> None:
    async with room.caller() as session:
        answered, answer, _ = await ask(session, body=io.BytesIO(body), headers=headers, path=path)
    assert (answered, answer["code"]) == (status, code)
    assert answer["ja"] != code
    last = room.written[-1]
    assert (last.outcome, last.code, last.actor) == (Outcome.REFUSED, code, "CS:35203")
    assert last.action is (Action.PEER_REFUSED if status == 409 else Action.PEER_RECEIVED)


async def test_an_error_of_ours_is_told_without_its_text(room: Room) -> None:
    async with room.caller() as session:
        status, answer, _ = await ask(session, body=b'{"text":"break"}')
    assert (status, answer["code"]) == (500, "peer.failed")
    assert "住民" not in str(answer)


async def test_without_its_entry_nothing_is_answered(room: Room) -> None:
    async with room.caller() as session:
        await ask(session)
        room.unwritable = True
        status, answer, headers = await ask(session)
        assert (status, answer["code"], headers["Retry-After"]) == (503, "store.cannot_write", "5")


async def test_sealed_and_busy_say_when_to_come_back_and_are_counted(room: Room) -> None:
    async with room.caller() as session:
        room.busy = True
        for _ in range(50):
            status, answer, headers = await ask(session)
            assert (status, answer["code"], headers["Retry-After"]) == (429, "peer.busy", "1")
        room.sealed = True
        assert (await ask(session))[1]["code"] == "state.sealed"
    await room.peers.stop()
    acts = room.acts(Action.PEER_TURNED_AWAY)
    assert not room.acts(Action.PEER_RECEIVED)
    assert [act.code for act in acts] == ["peer.busy"] * 3 + ["state.sealed", "peer.busy"]
    assert acts[-1].counts == {"times": 47}
    assert acts[-1].sealed == {"addresses": {"127.0.0.1": 47}}


# Streams.


async def test_a_stream_is_given_line_by_line(room: Room) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a\nb", b"b\n\nc", b"c"):
            yield piece
            await asyncio.sleep(0.01)

    async with room.caller() as session:
        status, answer, _ = await ask(session, POUR, pieces())
    assert (status, answer) == (200, {"text": A, "number": 4})
    assert room.lines == [b"a", b"bb", b"", b"cc"]
    (act,) = room.acts(Action.PEER_RECEIVED)
    assert act.counts == {"pour": 4, "bytes": 8}
    assert act.sealed["digest"] == hashlib.sha256(b"a\nbb\n\ncc").hexdigest()


@pytest.mark.parametrize("end", [b"\n", b""])
async def test_a_line_without_bounds_is_refused_and_those_before_it_were_taken(
    room: Room, end: bytes
) -> None:
    async with room.caller() as session:
        status, answer, _ = await ask(session, POUR, b"first\n" + b"x" * 17_000 + end)
    assert (status, answer["code"], room.lines) == (413, "peer.line_too_large", [b"first"])
    (act,) = room.acts(Action.PEER_RECEIVED)
    assert (act.code, act.counts["pour"]) == ("peer.line_too_large", 1)


async def test_a_stream_that_pauses_too_long_is_given_up(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.peers.bodies.IDLE", 0.2)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a\n"
        await asyncio.sleep(5)

    async with room.caller() as session:
        assert (await ask(session, POUR, pieces()))[1]["code"] == "peer.body_late"


async def test_a_stream_has_an_end(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.peers.bodies.MAX_STREAM", 1000)
    async with room.caller() as session:
        assert (await ask(session, POUR, b"aaa\n" * 400))[1]["code"] == "peer.body_too_large"
        monkeypatch.setattr("daemon.peers.bodies.STREAM", 0.0)
        assert (await ask(session, POUR, b"aaa\n"))[1]["code"] == "peer.body_late"


async def test_a_stream_that_breaks_off_ends_the_act_and_is_written_down(room: Room) -> None:
    _, writer = await room.open()
    head = b"POST /v1/pour HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 99\r\n\r\n"
    writer.write(head + b"a\n")
    await writer.drain()
    async with asyncio.timeout(5):
        while not room.lines:
            await asyncio.sleep(0.02)
    writer.transport.abort()
    (act,) = await room.until(Action.PEER_RECEIVED)
    assert (act.code, act.counts) == ("peer.body_broken", {"pour": 1, "bytes": 2})


async def test_what_nobody_takes_yet_is_not_read(room: Room) -> None:
    """Back-pressure: while the act does not take lines, the line fills and the sender waits."""
    room.gate = asyncio.Event()
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(4000):
            yield b"x" * 4095 + b"\n"
            sent += 4096

    async with room.caller() as session, asyncio.TaskGroup() as group:
        answer = group.create_task(ask(session, POUR, pieces()))
        before = -1
        while sent != before or not room.lines:
            before = sent
            await asyncio.sleep(0.3)
        assert len(room.lines) == 1
        assert sent < 12 * 1024 * 1024  # what the kernel's buffers and ours hold, of 16 MiB
        room.gate.set()
        assert (await answer)[1]["number"] == 4000


async def test_who_sends_too_fast_is_read_more_slowly(pki: Pki) -> None:
    async with served(pki, Limits(volume=100_000, volume_burst=1000)) as room, room.caller() as session:
        began = asyncio.get_running_loop().time()
        assert (await ask(session, POUR, b"x" * 999 + b"\n" + (b"x" * 999 + b"\n") * 50))[0] == 200
        assert asyncio.get_running_loop().time() - began > 0.3


# Limits.


async def test_too_many_requests_get_429_and_another_peer_does_not(pki: Pki) -> None:
    limits = Limits(requests=2, requests_burst=3)
    async with served(pki, limits) as room, room.caller() as session, room.caller(B) as other:
        answers = [await ask(session) for _ in range(6)]
        assert [status for status, _, _ in answers] == [200] * 3 + [429] * 3
        assert answers[-1][1]["code"] == "peer.requests_over"
        assert answers[-1][2]["Retry-After"] == "1"
        assert (await ask(other))[0] == 200
    assert len(room.acts(Action.PEER_RECEIVED)) == 4


async def test_who_sent_too_many_bytes_waits_before_the_next_request(pki: Pki) -> None:
    async with served(pki, Limits(volume=100, volume_burst=1000)) as room, room.caller() as session:
        assert (await ask(session, body=b" " * 1500 + b"{}"))[0] == 200
        status, answer, headers = await ask(session)
        assert (status, answer["code"], headers["Retry-After"]) == (429, "peer.bytes_over", "6")


async def test_requests_at_once_are_bounded_over_all_connections_of_a_peer(pki: Pki) -> None:
    async with served(pki, Limits(in_flight=2)) as room:
        room.gate = asyncio.Event()
        async with room.caller() as session, room.caller() as same, asyncio.TaskGroup() as group:
            held = [group.create_task(ask(each)) for each in (session, same)]
            async with asyncio.timeout(5):
                while len(room.acts(Action.PEER_RECEIVED)) < 2:
                    await asyncio.sleep(0.01)
            assert (await ask(session))[1]["code"] == "peer.in_flight_over"
            room.gate.set()
            assert [(await each)[0] for each in held] == [200, 200]
            assert (await ask(session))[0] == 200


async def test_bodies_on_their_way_have_room_for_so_many_bytes(pki: Pki) -> None:
    async with served(pki, Limits(bodies_total=1000)) as room, room.caller() as session:
        status, answer, headers = await ask(session, body=b" " * 1001)
        assert (status, answer["code"], headers["Retry-After"]) == (429, "peer.busy", "1")
        assert (await ask(session, body=b" " * 900 + b"{}"))[0] == 200
        assert (await ask(session, body=b" " * 900 + b"{}"))[0] == 200


async def test_connections_of_one_peer_are_bounded(pki: Pki) -> None:
    async with served(pki, Limits(connections=2)) as room:
        first, second = await room.open(), await room.open()
        reader, writer = await room.open()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        assert [act.code for act in await room.until(Action.HANDSHAKE_REFUSED)] == ["peer.connections_over"]
        async with room.caller(B) as other:
            assert (await ask(other))[0] == 200
        for _, each in (first, second):
            each.close()
        async with asyncio.timeout(5):
            while True:
                try:
                    async with room.caller() as session:
                        assert (await ask(session))[0] == 200
                    break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)
