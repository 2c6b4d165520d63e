"""A malicious municipality, or a stranger, against a running server: it gets little, and another municipality goes on.

How the other one fares is measured as a ratio, since both share one machine with their attacker.
"""

import asyncio
import contextlib
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from daemon.audit.action import Action
from daemon.config import Limits
from daemon.rehearsal.pki import Pki
from tests.peers.room import NAME, A, B, Room, ask, served

ROUNDS = 40
WORST = 12
"""How many times longer the other municipality's requests may take, on one loop with attacker and server."""
HEAD = b"POST /v1/say HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


async def took(room: Room) -> float:
    """Seconds for a few requests of the municipality that does nothing wrong, one after the other; all must succeed."""
    loop = asyncio.get_running_loop()
    async with room.caller(B) as session:
        assert (await ask(session))[0] == 200
        began = loop.time()
        for _ in range(ROUNDS):
            assert (await ask(session, body=b'{"text":"unharmed"}'))[0] == 200
        return loop.time() - began


@asynccontextmanager
async def attack(work: Callable[[], Awaitable[object]], times: int = 1) -> AsyncIterator[None]:
    """`work` over and over, `times` at once, while the body runs."""

    over = asyncio.Event()

    async def forever() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
                await work()
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(times):
            group.create_task(forever())
        try:
            yield
        finally:
            over.set()


async def compared(room: Room, work: Callable[[], Awaitable[object]], times: int) -> None:
    alone = await took(room)
    async with attack(work, times):
        await asyncio.sleep(0.2)
        under = await took(room)
    assert under < WORST * max(alone, 0.05)


async def test_any_number_of_tiny_requests_is_answered_with_429_and_few_entries(pki: Pki) -> None:
    async with served(pki, Limits(requests=50, requests_burst=100)) as room:
        lines = [await room.open(A) for _ in range(4)]
        free, sent = list(lines), 0

        async def flood() -> None:
            nonlocal sent
            reader, writer = line = free.pop()
            for _ in range(20):
                writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
            sent += 20
            await writer.drain()
            await reader.read(65536)
            free.append(line)

        await compared(room, flood, 4)
        assert sent > 200
        for _, writer in lines:
            writer.transport.abort()
    mine = [act for act in room.written if act.actor == "CS:35203"]
    # The clock stands still, so the burst is all there ever was.
    assert len([act for act in mine if act.action is Action.PEER_RECEIVED]) <= 100
    assert len(mine) < 120
    held = [act for act in mine if act.action is Action.PEER_TURNED_AWAY]
    assert held[-1].counts["times"] > 4
    assert {act.code for act in held} == {"peer.requests_over"}


async def test_pipelined_requests_are_answered_in_order_and_read_in_bounds(pki: Pki) -> None:
    async with served(pki) as room:
        room.gate = asyncio.Event()
        reader, writer = await room.open(A)
        for number in range(150):
            body = b'{"number":%d}' % number
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        await room.until(Action.PEER_RECEIVED)
        await asyncio.sleep(0.1)
        assert len(room.acts(Action.PEER_RECEIVED)) == 1  # one at a time, however many wait behind it
        room.gate.set()
        answers = b""
        async with asyncio.timeout(10):
            while b'"number":149' not in answers:
                answers += await reader.read(65536)
        numbers = [int(number) for number in re.findall(rb'"number":(\d+)', answers)]
        assert numbers == list(range(150))
        assert answers.count(b"HTTP/1.1 200") == 150
        writer.close()


@pytest.mark.parametrize(
    "head",
    [
        b"POST /v1/say HTTP/1.1\r\nX: " + b"x" * 5000 + b"\r\n\r\n",
        b"POST /v1/say HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(40)) + b"\r\n",
        b"POST /" + b"x" * 3000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x00 rubbish\r\n\r\n",
        b"POST /v1/say HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /v1/say HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ],
)
async def test_a_head_that_is_too_much_or_nonsense_is_400_without_its_text(pki: Pki, head: bytes) -> None:
    async with served(pki) as room:
        reader, writer = await room.open(A)
        writer.write(head)
        async with asyncio.timeout(5):
            answer = await reader.read()
        assert answer[8:13] == b" 400 "
        assert b'"peer.malformed"' in answer
        assert b"xxx" not in answer
        writer.close()
        (act,) = await room.until(Action.PEER_TURNED_AWAY)
        assert (act.actor, act.code) == ("CS:35203", "peer.malformed")


async def test_heads_that_never_end_are_given_up(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.peers.protocol.KEEP", 0.3)
    async with served(pki, Limits(connections=4)) as room:
        lines = [await room.open(A) for _ in range(4)]

        async def drip(line: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
            _, writer = line
            writer.write(b"POST /v1/say HTTP/1.1\r\n")
            while not writer.is_closing():
                writer.write(b"X: y\r\n")
                await asyncio.sleep(0.05)

        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            for line in lines:
                group.create_task(drip(line))
            assert await took(room) > 0
        assert all([await reader.read() == b"" for reader, _ in lines])
        for _, writer in lines:
            writer.close()


async def test_bodies_that_drip_hold_nobody_else_up(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.peers.bodies.BODY", 0.5)
    async with served(pki) as room:

        async def drip() -> None:
            reader, writer = await room.open(A)
            try:
                writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
                for _ in range(8):
                    writer.write(b" ")
                    await asyncio.sleep(0.1)
                assert b"peer.body_late" in await reader.read(4096)
            finally:
                writer.transport.abort()

        await compared(room, drip, 8)


async def test_a_bomb_is_never_unpacked(pki: Pki) -> None:
    bomb = zlib.compress(b" " * 200_000_000, 9)
    async with served(pki) as room, room.caller(A) as session:
        status, answer, _ = await ask(session, body=bomb, headers={"Content-Encoding": "deflate"})
        assert (status, answer["code"]) == (415, "peer.compressed")
        assert room.acts(Action.PEER_RECEIVED)[-1].counts == {"say": 0, "bytes": 0}


async def test_a_flood_of_handshakes_costs_little_and_leaves_few_entries(pki: Pki) -> None:
    limits = Limits(handshakes=1, handshakes_burst=60, handshakes_at_once=8)
    async with served(pki, limits) as room:
        tried = 0

        async def knock() -> None:
            nonlocal tried
            tried += 1
            _, writer = await asyncio.open_connection("127.0.0.1", room.port)
            try:
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                await writer.drain()
            finally:
                writer.transport.abort()

        async with room.caller(B) as other:
            assert (await ask(other))[0] == 200
            async with attack(knock, 16):
                for _ in range(ROUNDS):  # who is connected stays connected
                    assert (await ask(other))[0] == 200
                await asyncio.sleep(0.5)
        assert tried > 100
    refused = room.acts(Action.HANDSHAKE_REFUSED)
    assert len(refused) < 20
    assert sum(act.counts.get("times", 1) for act in refused) > tried / 2
    assert refused[-1].sealed["addresses"]["127.0.0.1"] > 10


async def test_handshakes_that_stall_leave_room_for_others(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.peers.server.HANDSHAKE", 0.3)
    async with served(pki, Limits(handshakes_at_once=4)) as room:
        stalled = [await asyncio.open_connection("127.0.0.1", room.port) for _ in range(4)]
        reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        await room.until(Action.HANDSHAKE_REFUSED, 2)
        await asyncio.sleep(0.4)
        assert await took(room) > 0
        codes = {act.code for act in room.acts(Action.HANDSHAKE_REFUSED)}
        assert codes == {"peer.handshakes_over", "peer.handshake_late"}
        for _, each in (*stalled, (reader, writer)):
            each.close()


async def test_who_is_not_on_the_list_gets_one_answer_a_handshake(pki: Pki) -> None:
    async with served(pki) as room:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", room.port, ssl=room.context("35202"), server_hostname=NAME
        )
        writer.write((HEAD + b"Content-Length: 2\r\n\r\n{}") * 3)
        answer = await reader.read()
        assert answer.count(b"HTTP/1.1 403") == 1
        assert b"peer.not_listed" in answer
        writer.close()
        (act,) = await room.until(Action.HANDSHAKE_REFUSED)
        assert (act.actor, act.code) == ("peer", "peer.not_listed")
        assert not room.acts(Action.PEER_RECEIVED)


async def test_an_answer_that_nobody_reads_holds_nobody_up(pki: Pki) -> None:
    async with served(pki) as room:
        _, writer = await room.open(A)
        for _ in range(100):
            writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
        await writer.drain()
        assert await took(room) > 0
        writer.transport.abort()
