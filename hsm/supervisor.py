"""The supervisor: the socket, its callers, and the order in which everything ends.

The socket was handed in and stays open as long as the process lives; nothing that happens behind it closes it. A
caller is checked by its uid (`admit`), gets one answer per request, in order, and is cut off after a frame that is
not one of ours. Every wait has a deadline.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from daemon import callers, service
from daemon.errors import JukuraError, StateError
from daemon.tasks import Tasks
from hsm import frames
from hsm.handler import Handler, refusal
from hsm.protocol import MAX_FRAME, Answer, Make, Ping, Pong, Refused, Request, SignCheckpoint, Unwrap

log = logging.getLogger(__name__)

MAX_CALLERS = 16  # connections at once
REST = 5.0  # seconds, for the rest of a frame that has begun, and for an answer to be taken
LINGER = 1.0  # seconds, for a refused caller to read why
BACKOFF = 0.1  # seconds, after the system refused us a connection

_REQUESTS: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)


def by_uid(allowed: frozenset[int]) -> Callable[[socket.socket], int]:
    """A check that gives the caller's uid, or AuthenticationError unless it is one of `allowed`."""

    def admit(connection: socket.socket) -> int:
        uid = callers.uid_of(connection)
        callers.admit(uid, allowed)
        return uid

    return admit


class Supervisor:
    """Serves `handler` on `listening` until told to stop."""

    def __init__(
        self,
        listening: socket.socket,
        handler: Handler,
        admit: Callable[[socket.socket], int],
        *,
        idle: float = 600.0,
        stage: float = 10.0,
    ) -> None:
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
        pong = await self._handler.answer(Ping())
        log.info("ready", extra={"state": "open" if getattr(pong, "token", False) else "token away"})
        service.notify(READY=1, STATUS="serving")
        await stop.wait()
        self._stopping = True
        service.notify(STOPPING=1)
        await self._end("accepting", self._accepting.stop(within=self._stage))
        self._listening.close()
        await self._end("requests", self._quiet.wait())
        await self._end("callers", self._callers.stop(within=self._stage))
        await self._end("token and store", self._handler.close())

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
            request = frames.unpack(body, _REQUESTS)
            answer = await self._answer(request)
            _account(uid, request, answer)
            async with asyncio.timeout(REST):
                writer.write(frames.pack(answer))
                await writer.drain()

    async def _answer(self, request: Request) -> Answer:
        if self._stopping:
            raise StateError("hsm.stopping")
        self._answering += 1
        self._quiet.clear()
        try:
            return await self._handler.answer(request)
        finally:
            self._answering -= 1
            if not self._answering:
                self._quiet.set()


async def _part(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reason: Refused) -> None:
    """Say why, and read what is still coming: closing before would throw our answer away with it."""
    async with asyncio.timeout(LINGER):
        writer.write(frames.pack(reason))
        writer.write_eof()
        while await reader.read(MAX_FRAME):
            pass


def _account(uid: int, request: Request, answer: Answer) -> None:
    """Who asked for which keys, and what came of it; a ping uses no key."""
    if isinstance(answer, Pong):
        return
    call = type(request).__name__.lower()
    if isinstance(answer, Refused):
        # Not what was asked for: words that we refused may be anything.
        log.warning("refused", extra={"uid": uid, "call": call, "code": answer.code, "key": answer.field})
        return
    names = request.names if isinstance(request, Make | Unwrap) else []
    key = request.key if isinstance(request, SignCheckpoint) else " ".join(names)
    log.info("answered", extra={"uid": uid, "call": call, "key": key})
