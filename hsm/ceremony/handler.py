"""What each request on the socket "ceremony" does: one at a time, and every answer but a share is a picture."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from daemon.errors import JukuraError, StateError
from hsm.ceremony.desk import Desk
from hsm.ceremony.giving import Giving
from hsm.ceremony.protocol import (
    Abandon,
    Answer,
    Begin,
    Enter,
    Give,
    Initialise,
    Look,
    Request,
    Show,
)
from hsm.ceremony.record import Shelf
from hsm.ceremony.transcript import State, deliver
from hsm.protocol import Refused


class CeremonyHandler:
    """The ceremonies of one register, without their socket. `state` keeps what is to be signed."""

    requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)

    def __init__(
        self, desk: Desk, giving: Giving, shelf: Shelf, state: State, *, deadline: float = 60.0
    ) -> None:
        self._desk = desk
        self._giving = giving
        self._shelf = shelf
        self._state = state
        self._deadline = deadline
        self._turn = asyncio.Lock()
        self._acts: Mapping[type[Request], Callable[[Any], Awaitable[None]]] = {
            Look: self._look,
            Begin: desk.begin,
            Enter: lambda request: desk.enter(request.ceremony, request.words),
            Initialise: lambda request: desk.initialise(request.ceremony),
            Abandon: lambda request: desk.abandon(request.ceremony),
            Give: lambda request: giving.give(request.words),
        }

    async def start(self) -> str:
        """Take up what was interrupted; how it stands, in a word."""
        await self._desk.load()
        await deliver(self._shelf, self._state)
        return self._desk.picture().phase

    async def answer(self, request: Request, uid: int) -> Answer:
        """The answer; a refusal says why."""
        try:
            async with asyncio.timeout(self._deadline), self._turn:
                return await self._act(request)
        except JukuraError as error:
            return Refused(code=error.code, field=error.field, away=isinstance(error, StateError))
        except TimeoutError:
            return Refused(code="hsm.too_slow", away=True)

    def about(self, request: Request) -> str | None:
        """Nothing but that it was asked: looks are not worth a line, and all else is in the transcript."""
        return None if isinstance(request, Look) else ""

    async def close(self) -> None:
        """Forget everything that is secret."""
        self._desk.close()
        self._giving.close()

    async def _act(self, request: Request) -> Answer:
        if isinstance(request, Show):
            return await self._desk.show(request.ceremony, request.holder)
        try:
            await self._acts[type(request)](request)
        finally:
            await deliver(self._shelf, self._state)
        return replace(self._desk.picture(), waiting=await self._giving.waiting())

    async def _look(self, _: Look) -> None:
        """Only the picture."""
