"""One worker process and the two pipes to it, as the supervisor holds them. Not for two orders at once."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from daemon.errors import ConflictError, IntegrityError, JukuraError, StateError
from hsm import frames
from hsm.orders import Failed, Order, Reply, Told

R = TypeVar("R", bound=msgspec.Struct)

_REST = 2.0  # seconds, for the rest of a reply that has begun
_TOLD = msgspec.msgpack.Decoder(Told)
_KINDS: Mapping[str, type[JukuraError]] = {
    "hsm.key_extractable": IntegrityError,
    "hsm.token_in_use": ConflictError,
}
"""Refusals that are more than a state."""


async def spawn(command: Sequence[str], environ: Mapping[str, str]) -> "Worker":
    """Start `command`. PINs go to it through the pipe, never by argv or the environment."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=dict(environ))
    except OSError:
        raise StateError("hsm.token_away", field="worker") from None
    if process.stdin is None or process.stdout is None:
        raise StateError("hsm.token_away", field="worker")
    return Worker(process, process.stdout, process.stdin)


class Worker:
    """A process that runs."""

    def __init__(self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self.pid = process.pid

    def alive(self) -> bool:
        """Whether it still runs, as far as we know."""
        return self._process.returncode is None and not self._reader.at_eof()

    async def ask(self, order: Order) -> Told:
        """What it tells, whenever that comes: the caller keeps the time. StateError where it ends instead."""
        try:
            self._writer.write(frames.pack(order))
            await self._writer.drain()
            body = await frames.read(self._reader, first=None, rest=_REST)
        except (JukuraError, OSError):
            body = None
        if body is None:
            raise StateError("hsm.token_away", field="worker")
        return frames.unpack(body, _TOLD)

    async def call(self, order: Order, reply: type[R], *, within: float) -> R:
        """The reply to `order`; its refusal as an error. After a TimeoutError it is of no more use: kill it."""
        async with asyncio.timeout(within):
            told = await self.ask(order)
        return expected(told.reply, reply)

    def kill(self) -> None:
        """End it at once, also where it hangs inside the module."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._writer.close()

    async def ended(self) -> None:
        """Wait for its end."""
        await self._process.wait()

    async def end(self, *, within: float) -> None:
        """End its input, so that it logs out and exits; kill it where that takes too long."""
        self._writer.close()
        try:
            async with asyncio.timeout(within):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self.gone(within=within)

    async def gone(self, *, within: float) -> None:
        """Wait for a killed process to be gone, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._process.wait()


def expected(answer: Reply, reply: type[R]) -> R:
    """`answer`, if it is the kind of reply that was asked for; a refusal as an error."""
    if isinstance(answer, reply):
        return answer
    if not isinstance(answer, Failed):
        raise StateError("hsm.token_away", field="worker")
    raise _KINDS.get(answer.code, StateError)(answer.code, field=answer.field)
