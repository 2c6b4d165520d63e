"""The supervisor: one socket, its callers, and the order in which everything ends.

The socket was handed in and stays open as long as the process lives; nothing that happens behind it closes it. A
caller is checked by its uid (`admit`), gets one answer per request, in order, and is cut off after a frame that is
not one of ours. Every wait has a deadline.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

import msgspec

from daemon import callers, service
from daemon.errors import JukuraError, StateError
from daemon.tasks import Tasks
from hsm import frames
from hsm.handler import refusal
from hsm.protocol import MAX_FRAME, Refused

log = logging.getLogger(__name__)

MAX_CALLERS = 16  # connections at once
REST = 5.0  # seconds, for the rest of a frame that has begun, and for an answer to be taken
LINGER = 1.0  # seconds, for a refused caller to read why
BACKOFF = 0.1  # seconds, after the system refused us a connection

Q = TypeVar("Q", bound=msgspec.Struct)


class Serving(Protocol[Q]):
    """What stands behind a socket: `hsm.handler.Handler` is it for "keys"."""

    requests: msgspec.msgpack.Decoder[Q]
    """Reads a request."""

    async def start(self) -> str:
        """Begin; the state in a word, for the log."""
        ...

    async def answer(self, request: Q, uid: int) -> msgspec.Struct:
        """The answer, within a deadline of its own; Refused rather than an error of ours."""
        ...

    def about(self, request: Q) -> str | None:
        """What a request is about, for the log; None for one that is not worth a line."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


def by_uid(allowed: frozenset[int]) -> Callable[[socket.socket], int]:
    """A check that gives the caller's uid, or AuthenticationError unless it is one of `allowed`."""

    def admit(connection: socket.socket) -> int:
        uid = callers.uid_of(connection)
        callers.admit(uid, allowed)
        return uid

    return admit


class Supervisor(Generic[Q]):
    """Serves `handler` on `listening` until told to stop."""

    def __init__(
        self,
        listening: socket.socket,
        handler: Serving[Q],
        admit: Callable[[socket.socket], int],
        *,
        idle: float = 600.0,
        stage: float = 10.0,
        notify: Callable[..., None] = service.notify,
    ) -> None:
        self._notify = notify  # the service manager's ear; one socket of several speaks for the process
        self._listening = listening
        self._handler = handler
        self._admit = admit
        self._idle = idle  # seconds a caller may be silent
        self._stage = stage  # seconds for each stage of the end
        self._accepting = Tasks()
        self._callers = Tasks()
        self._stopping = False
        self._answering = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then end in stages: no new callers, requests finished, token and store closed."""
        self._accepting.start(self._accept(), name="accept")
        log.info("ready", extra={"state": await self._handler.start()})
        self._notify(READY=1, STATUS="serving")
        await stop.wait()
        self._stopping = True
        self._notify(STOPPING=1)
        await self._end("accepting", self._accepting.stop(within=self._stage))
        self._listening.close()
        await self._end("requests", self._quiet.wait())
        await self._end("callers", self._callers.stop(within=self._stage))
        await self._end("what stands behind", self._handler.close())

    async def _end(self, stage: str, work: Awaitable[object]) -> None:
        """One stage of the end; one that is late is named and left behind."""
        try:
            async with asyncio.timeout(self._stage):
                await work
        except TimeoutError:
            log.warning("stage forced", extra={"stage": stage, "seconds": self._stage})

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listening)
            except OSError as error:  # out of descriptors, or a caller gone before we looked
                log.warning("accept failed", extra={"error": type(error).__name__})
                await asyncio.sleep(BACKOFF)
                continue
            self._callers.start(self._meet(connection), name="caller")

    async def _meet(self, connection: socket.socket) -> None:
        """Serve one connection to its end."""
        with suppress(ConnectionError, TimeoutError):
            reader, writer = await asyncio.open_unix_connection(sock=connection)
            try:
                uid = self._known(connection)
                await self._serve(uid, reader, writer)
            except JukuraError as error:
                log.warning("caller cut off", extra={"code": error.code})
                await _part(reader, writer, refusal(error))
            finally:
                writer.close()

    def _known(self, connection: socket.socket) -> int:
        uid = self._admit(connection)
        if len(self._callers.names()) > MAX_CALLERS:
            raise StateError("hsm.too_many_callers")
        return uid

    async def _serve(self, uid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (body := await frames.read(reader, first=self._idle, rest=REST)) is not None:
            request = frames.unpack(body, self._handler.requests)
            answer = await self._answer(request, uid)
            self._account(uid, request, answer)
            async with asyncio.timeout(REST):
                writer.write(frames.pack(answer))
                await writer.drain()

    async def _answer(self, request: Q, uid: int) -> msgspec.Struct:
        if self._stopping:
            raise StateError("hsm.stopping")
        self._answering += 1
        self._quiet.clear()
        try:
            return await self._handler.answer(request, uid)
        finally:
            self._answering -= 1
            if not self._answering:
                self._quiet.set()

    def _account(self, uid: int, request: Q, answer: msgspec.Struct) -> None:
        """Who asked for what, and what came of it."""
        call = str(type(request).__struct_config__.tag)
        if isinstance(answer, Refused):
            # Not what was asked for: words that we refused may be anything.
            log.warning("refused", extra={"uid": uid, "call": call, "code": answer.code, "key": answer.field})
        elif (about := self._handler.about(request)) is not None:
            log.info("answered", extra={"uid": uid, "call": call, "key": about})


async def _part(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reason: Refused) -> None:
    """Say why, and read what is still coming: closing before would throw our answer away with it."""
    async with asyncio.timeout(LINGER):
        writer.write(frames.pack(reason))
        writer.write_eof()
        while await reader.read(MAX_FRAME):
            pass
