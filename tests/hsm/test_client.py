"""The client: one connection, made again when lost, and no wait without an end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.errors import AuthenticationError, AuthorityError, IntegrityError, JukuraError, StateError
from hsm import frames
from hsm.calls import KINDS
from hsm.client import KeyClient
from hsm.protocol import MAX_FRAME, Alarm, Answer, Pong, Refused, Unwrapped
from tests.hsm.kit import folder

PONG = Pong(
    register="honnin",
    token=True,
    at_rest="unprotected",
    token_calls=0,
    tokens=[],
    alarms=[Alarm.ONE_TOKEN],
    clock=datetime(2026, 11, 25, tzinfo=UTC),
)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def path() -> Iterator[Path]:
    with folder() as state:
        yield state / "keys"


@asynccontextmanager
async def server(path: Path, serve: Callable[[Streams], Awaitable[None]]) -> AsyncIterator[list[Streams]]:
    """A server that does `serve` with each connection."""
    met: list[Streams] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append((reader, writer))
        await serve((reader, writer))

    listening = await asyncio.start_unix_server(meet, path)
    try:
        yield met
    finally:
        listening.close()
        for _, writer in met:
            writer.close()
        path.unlink()


def answering(*answers: Answer | bytes) -> Callable[[Streams], Awaitable[None]]:
    """Serve each connection with these answers, one per request, then close it."""

    async def serve(streams: Streams) -> None:
        reader, writer = streams
        for answer in answers:
            if await frames.read(reader, first=5, rest=5) is None:
                break
            writer.write(answer if isinstance(answer, bytes) else frames.pack(answer))
        writer.close()

    return serve


async def code_of(call: Awaitable[object], kind: type[JukuraError]) -> str:
    with pytest.raises(kind) as caught:
        await call
    return caught.value.code


async def test_no_socket_is_unreachable_and_found_when_it_is_there(path: Path) -> None:
    client = KeyClient(path)
    assert await code_of(client.ping(), StateError) == "hsm.unreachable"
    async with server(path, answering(PONG)):
        assert await client.ping() == PONG
    assert await code_of(client.ping(), StateError) == "hsm.unreachable"
    await client.close()


async def test_one_connection_serves_many_calls_and_tasks(path: Path) -> None:
    async with server(path, answering(*[PONG] * 20)) as met:
        client = KeyClient(path)
        assert await asyncio.gather(*[client.ping() for _ in range(20)]) == [PONG] * 20
        assert len(met) == 1
        await client.close()


async def test_a_connection_lost_while_idle_is_made_again_unnoticed(path: Path) -> None:
    async with server(path, answering(PONG)) as met:
        client = KeyClient(path)
        for _ in range(3):
            assert await client.ping() == PONG
            await asyncio.sleep(0.02)
        assert len(met) == 3
        await client.close()


async def test_a_service_that_ends_before_its_answer_is_unreachable(path: Path) -> None:
    async with server(path, answering()) as met:
        client = KeyClient(path)
        assert await code_of(client.ping(), StateError) == "hsm.unreachable"
        assert len(met) == 1
        await client.close()


async def test_an_answer_past_the_deadline_is_not_taken_for_the_next(path: Path) -> None:
    late = asyncio.Event()

    async def serve(streams: Streams) -> None:
        reader, writer = streams
        await frames.read(reader, first=5, rest=5)
        first = not late.is_set()
        await late.wait()
        writer.write(frames.pack(Unwrapped({"live.1": bytes(32)}) if first else PONG))

    async with server(path, serve):
        client = KeyClient(path, deadline=0.2)
        assert await code_of(client.unwrap(["live.1"]), StateError) == "hsm.too_slow"
        late.set()
        assert await client.ping() == PONG
        await client.close()


@pytest.mark.parametrize(
    "raw",
    [frames.frame(b"\xc1"), frames.frame(b""), frames.pack(Unwrapped({})), (5).to_bytes(4, "big") + b"hello"],
)
async def test_an_answer_that_is_none_is_refused(path: Path, raw: bytes) -> None:
    async with server(path, answering(raw)):
        client = KeyClient(path)
        assert await code_of(client.ping(), IntegrityError) == "hsm.answer_malformed"
        await client.close()


async def test_an_answer_over_the_limit_is_not_read(path: Path) -> None:
    async with server(path, answering((MAX_FRAME + 1).to_bytes(4, "big"))):
        client = KeyClient(path)
        assert await code_of(client.ping(), JukuraError) == "hsm.frame_too_long"
        await client.close()


@pytest.mark.parametrize(("code", "kind"), [*KINDS.items(), ("hsm.key_stays", AuthorityError)])
async def test_each_refusal_is_the_error_that_fits(path: Path, code: str, kind: type[JukuraError]) -> None:
    for away, expected in ((False, kind), (True, StateError)):
        async with server(path, answering(Refused(code=code, field="live.1", away=away))):
            client = KeyClient(path)
            with pytest.raises(expected) as caught:
                await client.ping()
            assert (type(caught.value), caught.value.code, caught.value.field) == (expected, code, "live.1")
            await client.close()


async def test_a_refused_caller_learns_so_even_where_the_service_does_not_read(path: Path) -> None:
    async def serve(streams: Streams) -> None:
        streams[1].write(frames.pack(Refused(code="caller.refused")))

    async with server(path, serve):
        client = KeyClient(path)
        assert await code_of(client.ping(), AuthenticationError) == "caller.refused"
        await client.close()
