"""Frames: a 4-byte big-endian length and that many bytes of MessagePack, over a socket or a pipe.

A length over the limit is refused before a byte of the body is read. A stream that ends between two frames has
ended well (None); one that ends inside a frame is cut (`hsm.frame_cut`).
"""

from typing import TYPE_CHECKING, BinaryIO, TypeVar

import msgspec

from daemon.errors import InputError, TooMuchError
from hsm.protocol import MAX_FRAME

if TYPE_CHECKING:  # the worker reads without a loop, and starts a fifth sooner where nothing brings one
    import asyncio

T = TypeVar("T")

_HEAD = 4  # bytes


def frame(body: bytes) -> bytes:
    """`body` behind its length; `hsm.frame_too_long` over MAX_FRAME."""
    if len(body) > MAX_FRAME:
        raise TooMuchError("hsm.frame_too_long")
    return len(body).to_bytes(_HEAD, "big") + body


def pack(message: msgspec.Struct) -> bytes:
    """`message` as one frame."""
    return frame(msgspec.msgpack.encode(message))


def unpack(body: bytes, decoder: msgspec.msgpack.Decoder[T]) -> T:
    """What `decoder` reads in `body`; `hsm.request_malformed` for anything but exactly one message it knows."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InputError("hsm.request_malformed") from None


async def read(reader: "asyncio.StreamReader", *, first: float | None, rest: float) -> bytes | None:
    """The next frame's body, or None at the end of the stream.

    `first` seconds for its length to come (None: the caller keeps the time), `rest` for the body; TimeoutError.
    """
    import asyncio

    try:
        async with asyncio.timeout(first):
            head = await reader.readexactly(_HEAD)
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise InputError("hsm.frame_cut") from None
    size = _size(head)
    try:
        async with asyncio.timeout(rest):
            return await reader.readexactly(size)
    except asyncio.IncompleteReadError:
        raise InputError("hsm.frame_cut") from None


def read_blocking(stream: BinaryIO) -> bytes | None:
    """As `read`, for the worker, whose one thread waits for nothing else."""
    head = stream.read(_HEAD)
    if not head:
        return None
    size = _size(head)
    body = stream.read(size)
    if len(head) < _HEAD or len(body) < size:
        raise InputError("hsm.frame_cut")
    return body


def _size(head: bytes) -> int:
    size = int.from_bytes(head, "big")
    if size > MAX_FRAME:
        raise TooMuchError("hsm.frame_too_long")
    return size
