"""The console's side of the socket "ceremony": a connection for each call, so that none waits for another.

Errors carry the service's codes: StateError where trying later may help, ConflictError where it will not. `WORDS` are the
1,024 words of SLIP-39, each known by its first four letters.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
from shamir_mnemonic.wordlist import WORDLIST

from daemon.errors import ConflictError, InputError, IntegrityError, StateError
from hsm import frames
from hsm.ceremony.protocol import (
    Abandon,
    Answer,
    Begin,
    Enter,
    Give,
    Initialise,
    Look,
    Picture,
    Request,
    Sheet,
    Show,
)
from hsm.protocol import Refused

WORDS: tuple[str, ...] = tuple(WORDLIST)
COUNT = 20
"""Words in a share."""

_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class CeremonyClient:
    """The ceremony desk of one key service. Initialising a token may take long: so does the deadline."""

    def __init__(self, path: Path, *, deadline: float = 70.0) -> None:
        self.path = path
        self._deadline = deadline

    async def look(self) -> Picture:
        """How far is it?"""
        return await self._picture(Look())

    async def begin(
        self, *, uri: str, label: str, threshold: int, holders: Sequence[str], dry_run: bool
    ) -> Picture:
        """Begin a ceremony."""
        request = Begin(uri=uri, label=label, threshold=threshold, holders=list(holders), dry_run=dry_run)
        return await self._picture(request)

    async def show(self, ceremony: str, holder: int) -> list[str]:
        """The words of the holder whose turn it is."""
        answer = await self._ask(Show(ceremony, holder))
        if not isinstance(answer, Sheet):
            raise IntegrityError("hsm.answer_malformed")
        return answer.words

    async def enter(self, ceremony: str, words: Sequence[str]) -> Picture:
        """Enter a share from paper."""
        return await self._picture(Enter(ceremony, list(words)))

    async def initialise(self, ceremony: str) -> Picture:
        """Initialise the token, or carry on with it."""
        return await self._picture(Initialise(ceremony))

    async def abandon(self, ceremony: str) -> Picture:
        """Give the ceremony up."""
        return await self._picture(Abandon(ceremony))

    async def give(self, words: Sequence[str]) -> Picture:
        """Give a share towards the PIN that a token waits for."""
        return await self._picture(Give(list(words)))

    async def _picture(self, request: Request) -> Picture:
        answer = await self._ask(request)
        if not isinstance(answer, Picture):
            raise IntegrityError("hsm.answer_malformed")
        return answer

    async def _ask(self, request: Request) -> Answer:
        try:
            async with asyncio.timeout(self._deadline):
                answer = await self._exchange(request)
        except TimeoutError:
            raise StateError("hsm.too_slow") from None
        except OSError as error:
            code = "ceremony.not_permitted" if isinstance(error, PermissionError) else "ceremony.unreachable"
            raise StateError(code) from None
        if isinstance(answer, Refused):
            raise (StateError if answer.away else ConflictError)(answer.code, field=answer.field)
        return answer

    async def _exchange(self, request: Request) -> Answer:
        reader, writer = await asyncio.open_unix_connection(self.path)
        try:
            writer.write(frames.pack(request))
            await writer.drain()
            body = await frames.read(reader, first=None, rest=self._deadline)
            if body is None:
                raise StateError("ceremony.unreachable")
            return frames.unpack(body, _ANSWERS)
        except InputError:
            raise IntegrityError("hsm.answer_malformed") from None
        finally:
            writer.close()
