"""The socket: who is let in, what happens to frames that are none, and how everything ends."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from daemon.errors import AuthenticationError
from hsm import frames
from hsm.handler import Handler
from hsm.keystore import Keystore
from hsm.orders import Check, Order
from hsm.process import R
from hsm.protocol import MAX_FRAME, Answer, Made, Make, Ping, Pong, Refused, Request
from hsm.softtoken import SoftToken
from hsm.supervisor import MAX_CALLERS
from tests.hsm.kit import admit_all, folder, listening_at, running, vault_over

ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class SlowToken(SoftToken):
    """A token whose calls wait until `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def call(self, order: Order, reply: type[R]) -> R:
        if not isinstance(order, Check):
            self.asked.set()
            await self.go.wait()
        return await super().call(order, reply)


class Caller:
    """One connection, bytes in and answers out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(self) -> Answer | None:
        body = await frames.read(self.reader, first=5, rest=5)
        return None if body is None else frames.unpack(body, ANSWERS)

    async def ask(self, request: Request) -> Answer | None:
        await self.send(frames.pack(request))
        return await self.answer()


@pytest.fixture
def path() -> Iterator[Path]:
    with folder() as state:
        yield state / "keys"


@asynccontextmanager
async def service(
    path: Path,
    *,
    token: SoftToken | None = None,
    admit: Callable[[socket.socket], int] = admit_all,
    idle: float = 600.0,
    stage: float = 3.0,
    deadline: float = 9.0,
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    vault = vault_over(Keystore(None), lambda _: token or SoftToken(), "pkcs11:x")
    handler = Handler("honnin", vault, lambda _: "unprotected", deadline=deadline)
    async with running(listening_at(path), handler, admit=admit, idle=idle, stage=stage) as stop:
        yield stop


@asynccontextmanager
async def caller(path: Path) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()


async def test_answers_come_in_the_order_of_the_requests(path: Path) -> None:
    async with service(path), caller(path) as one:
        await one.send(frames.pack(Make(["live.1"])) + frames.pack(Ping()) + frames.pack(Make(["live.1"])))
        assert [type(await one.answer()) for _ in range(3)] == [Made, Pong, Made]


NOISE = {
    "not a message": (frames.frame(b"\xc1garbage"), "hsm.request_malformed"),
    "an empty frame": (frames.frame(b""), "hsm.request_malformed"),
    "another message": (frames.frame(msgspec.msgpack.encode({"type": "pong"})), "hsm.request_malformed"),
    "a frame over the limit": ((MAX_FRAME + 1).to_bytes(4, "big") + b"x" * 100_000, "hsm.frame_too_long"),
    "HTTP": (b"GET / HTTP/1.1\r\n\r\n", "hsm.frame_too_long"),
}


@pytest.mark.parametrize(("raw", "code"), NOISE.values(), ids=NOISE)
async def test_noise_is_told_why_and_cut_off_and_others_are_served(path: Path, raw: bytes, code: str) -> None:
    async with service(path), caller(path) as other, caller(path) as noisy:
        await noisy.send(raw)
        assert await noisy.answer() == Refused(code=code)
        assert await noisy.answer() is None
        assert isinstance(await other.ask(Ping()), Pong)


async def test_a_caller_that_leaves_in_the_middle_of_a_frame_harms_nobody(path: Path) -> None:
    async with service(path):
        for raw in (b"", b"\0", frames.pack(Ping())[:-1]):
            async with caller(path) as leaving:
                await leaving.send(raw)
        async with caller(path) as other:
            assert isinstance(await other.ask(Ping()), Pong)


async def test_a_caller_that_is_not_admitted_gets_nothing_but_the_reason(path: Path) -> None:
    def nobody(_: socket.socket) -> int:
        raise AuthenticationError("caller.refused")

    token = SoftToken()
    async with service(path, admit=nobody, token=token), caller(path) as refused:
        assert await refused.ask(Make(["live.1"])) == Refused(code="caller.refused")
        assert await refused.answer() is None
    assert token.calls <= 1  # the service's own look at start


async def test_callers_beyond_the_limit_are_refused_until_one_leaves(path: Path) -> None:
    async with service(path):
        writers = []
        for _ in range(MAX_CALLERS):
            reader, writer = await asyncio.open_unix_connection(path)
            assert isinstance(await Caller(reader, writer).ask(Ping()), Pong)
            writers.append(writer)
        async with caller(path) as late:
            assert await late.answer() == Refused(code="hsm.too_many_callers", away=True)
        writers.pop().close()
        await asyncio.sleep(0.1)
        async with caller(path) as next_one:
            assert isinstance(await next_one.ask(Ping()), Pong)
        for writer in writers:
            writer.close()


async def test_a_silent_caller_is_let_go(path: Path) -> None:
    async with service(path, idle=0.1), caller(path) as silent:
        assert isinstance(await silent.ask(Ping()), Pong)
        assert await silent.answer() is None


async def test_a_token_that_does_not_answer_costs_a_request_its_deadline(path: Path) -> None:
    token = SlowToken()
    token.go.set()
    async with service(path, token=token, deadline=0.3), caller(path) as one:
        assert isinstance(await one.ask(Ping()), Pong)
        token.go.clear()
        assert await one.ask(Make(["live.1"])) == Refused(code="hsm.too_slow", away=True)
        token.go.set()
        assert await one.ask(Make(["live.1"])) == Made(["live.1"])


async def test_away_is_said_while_it_lasts_and_no_longer(path: Path) -> None:
    token = SoftToken()
    async with service(path, token=token), caller(path) as one:
        token.away = True
        assert await one.ask(Make(["live.1"])) == Refused(code="hsm.token_away", away=True)
        pong = await one.ask(Ping())
        assert isinstance(pong, Pong)
        assert not pong.token
        token.away = False
        assert await one.ask(Make(["live.1"])) == Made(["live.1"])


async def test_the_end_waits_for_requests_that_run_and_takes_no_more(path: Path) -> None:
    token = SlowToken()
    token.go.set()
    async with service(path, token=token) as stop, caller(path) as busy, caller(path) as idle:
        assert isinstance(await busy.ask(Ping()), Pong)
        assert isinstance(await idle.ask(Ping()), Pong)
        token.go.clear()
        token.asked.clear()
        await busy.send(frames.pack(Make(["live.1"])))
        await token.asked.wait()
        ending = asyncio.gather(stop())
        await asyncio.sleep(0.05)
        assert await idle.ask(Ping()) == Refused(code="hsm.stopping", away=True)
        token.go.set()
        assert await busy.answer() == Made(["live.1"])
        await ending
        assert await busy.answer() is None


async def test_the_end_does_not_wait_for_ever(path: Path) -> None:
    token = SlowToken()
    token.go.set()
    async with service(path, token=token, stage=0.2) as stop, caller(path) as busy:
        assert isinstance(await busy.ask(Ping()), Pong)
        token.go.clear()
        await busy.send(frames.pack(Make(["live.1"])))
        await asyncio.sleep(0.05)
        started = asyncio.get_running_loop().time()
        await stop()
        assert asyncio.get_running_loop().time() - started < 2
