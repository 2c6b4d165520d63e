"""Frames over sockets and pipes."""

import asyncio
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError, TooMuchError
from hsm import frames
from hsm.protocol import MAX_FRAME, Ping, Request, SignCheckpoint, Unwrap

REQUESTS: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
BODIES = st.lists(st.binary(max_size=200), max_size=5)


async def read_all(raw: bytes) -> list[bytes]:
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    reader.feed_eof()
    bodies = []
    while (body := await frames.read(reader, first=1, rest=1)) is not None:
        bodies.append(body)
    return bodies


def read_all_blocking(raw: bytes) -> list[bytes]:
    stream = io.BytesIO(raw)
    bodies = []
    while (body := frames.read_blocking(stream)) is not None:
        bodies.append(body)
    return bodies


@given(BODIES)
def test_what_is_framed_comes_back_in_order(bodies: list[bytes]) -> None:
    raw = b"".join(frames.frame(body) for body in bodies)
    assert asyncio.run(read_all(raw)) == bodies == read_all_blocking(raw)


@given(BODIES, st.binary(min_size=1, max_size=50), st.data())
def test_a_stream_that_ends_inside_a_frame_is_cut(
    bodies: list[bytes], body: bytes, data: st.DataObject
) -> None:
    whole = frames.frame(body)
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    raw = b"".join(frames.frame(body) for body in bodies) + cut
    with pytest.raises(InputError, match=r"hsm\.frame_cut"):
        asyncio.run(read_all(raw))
    with pytest.raises(InputError, match=r"hsm\.frame_cut"):
        read_all_blocking(raw)


@pytest.mark.parametrize("size", [MAX_FRAME + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_over_the_limit_is_refused_before_its_body(size: int) -> None:
    head = size.to_bytes(4, "big")
    with pytest.raises(TooMuchError, match=r"hsm\.frame_too_long"):
        asyncio.run(read_all(head))
    with pytest.raises(TooMuchError, match=r"hsm\.frame_too_long"):
        read_all_blocking(head)


def test_the_limit_itself_passes_and_one_byte_more_is_not_written() -> None:
    assert len(frames.frame(bytes(MAX_FRAME))) == MAX_FRAME + 4
    with pytest.raises(TooMuchError, match=r"hsm\.frame_too_long"):
        frames.frame(bytes(MAX_FRAME + 1))


async def test_a_silent_stream_costs_the_deadline_and_no_more() -> None:
    reader = asyncio.StreamReader()
    with pytest.raises(TimeoutError):
        await frames.read(reader, first=0.01, rest=1)
    reader.feed_data(b"\0\0\0\5ab")
    with pytest.raises(TimeoutError):
        await frames.read(reader, first=1, rest=0.01)


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    try:
        request = frames.unpack(body, REQUESTS)
    except InputError as error:
        assert error.code == "hsm.request_malformed"  # noqa: PT017 - both ends of the try are the test
    else:
        assert isinstance(request, Request)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "unwrap", "names": ["live.1"], "more": 1},
        {"type": "unwrap"},
        {"type": "unwrap", "names": "live.1"},
        {"type": "unknown"},
        {"names": ["live.1"]},
        ["unwrap", ["live.1"]],
        {"type": "sign_checkpoint", "key": "seal.1", "epoch": 1, "size": 1, "root": b"short"},
        {"type": "sign_manifest", "kind": "backup", "id": "0a" * 16, "fields": [], "files": []},
        {
            "type": "sign_manifest",
            "kind": "export",
            "id": "0a" * 16,
            "fields": [["a", "b", "c"]],
            "files": [],
        },
        {
            "type": "sign_manifest",
            "kind": "export",
            "id": "0",
            "fields": [],
            "files": [{"name": "a", "sha256": b"x", "size": 1}],
        },
        {"type": "sign_checkpoint", "key": "seal.1", "epoch": "1", "size": 1, "root": bytes(32)},
    ],
)
def test_a_message_that_is_not_exactly_one_of_ours_is_refused(message: object) -> None:
    with pytest.raises(InputError, match=r"hsm\.request_malformed"):
        frames.unpack(msgspec.msgpack.encode(message), REQUESTS)


def test_bytes_after_a_message_are_refused() -> None:
    with pytest.raises(InputError, match=r"hsm\.request_malformed"):
        frames.unpack(msgspec.msgpack.encode(Ping()) + b"\0", REQUESTS)


def test_deep_nesting_is_refused() -> None:
    deep = b"\x81\xa5names" + b"\x91" * 200_000
    with pytest.raises(InputError, match=r"hsm\.request_malformed"):
        frames.unpack(deep, REQUESTS)


@given(st.lists(st.text(max_size=20), max_size=5), st.integers(0, 2**53), st.binary(min_size=32, max_size=32))
def test_every_request_comes_back_as_it_was(names: list[str], size: int, root: bytes) -> None:
    for request in (
        Ping(),
        Unwrap(names),
        SignCheckpoint(epoch=1, size=size, root=root, extensions=names, proof=[root]),
    ):
        assert frames.unpack(frames.pack(request)[4:], REQUESTS) == request
