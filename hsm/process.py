"""One worker process and the two pipes to it, as the supervisor holds them. Not for two orders at once."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from daemon.errors import StateError
from hsm import frames
from hsm.orders import Order, Reply

_REST = 2.0  # seconds, for the rest of a reply that has begun
_REPLIES: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


async def spawn(command: Sequence[str], environ: Mapping[str, str], pin: bytes) -> "Worker":
    """Start `command` and hand it the PIN: through the pipe, never argv or the environment."""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=dict(environ))
    if process.stdin is None or process.stdout is None:
        raise StateError("hsm.token_away", field="worker")
    process.stdin.write(frames.frame(pin))
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

    async def ask(self, order: Order) -> Reply:
        """Its reply, whenever it comes: the caller keeps the time. StateError where it ends instead."""
        self._writer.write(frames.pack(order))
        await self._writer.drain()
        body = await frames.read(self._reader, first=None, rest=_REST)
        if body is None:
            raise StateError("hsm.token_away", field="worker")
        return frames.unpack(body, _REPLIES)

    def kill(self) -> None:
        """End it at once, also where it hangs inside the module."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._writer.close()

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
