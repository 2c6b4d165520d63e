"""The register's side of the key service: one connection, made when first needed and again when lost.

Every call ends within the deadline. The errors are those of `hsm.calls`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from daemon.errors import InputError, IntegrityError, StateError
from hsm import frames
from hsm.calls import Calls
from hsm.protocol import (
    Answer,
    Deed,
    Keys,
    Pong,
    Proposal,
    Proposed,
    Request,
    SignCheckpoint,
    SignManifest,
    Statement,
    Witnessed,
)

_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class KeyService(Protocol):
    """What the register needs of its key service; `KeyClient` and `hsm.fake.FakeKeyService` are it."""

    async def ping(self) -> Pong:
        """Whether the token answers now, and what is true of the service."""
        ...

    async def make(self, names: Sequence[str]) -> list[str]:
        """Make the keys that do not exist yet; those that were new."""
        ...

    async def unwrap(self, names: Sequence[str]) -> dict[str, bytes]:
        """The data keys `names`, 32 bytes each."""
        ...

    async def keys(self) -> Keys:
        """Every key and what is known of it; answers while the token is away."""
        ...

    async def sign_checkpoint(self, request: SignCheckpoint) -> str:
        """The signed note."""
        ...

    async def sign_manifest(self, request: SignManifest) -> str:
        """The signed note."""
        ...

    async def witness(self) -> Witnessed:
        """What was signed last; answers while the token is away."""
        ...

    async def destroy_lawful(self, names: Sequence[str]) -> list[Statement]:
        """Destroy lawful keys whose date has passed; the certificates."""
        ...

    async def statements(self, after: int) -> list[Statement]:
        """Every statement with a number above `after`."""
        ...

    async def propose(self, deed: Deed) -> Proposal:
        """Put a deed before the custodians."""
        ...

    async def proposals(self) -> Proposed:
        """What is before the custodians, and who they are."""
        ...

    async def sign_proposal(self, ident: str, custodian: str, signature: bytes) -> Proposal:
        """Hand in a custodian's signature."""
        ...

    async def cancel_proposal(self, ident: str, custodian: str, signature: bytes) -> Proposal:
        """Hand in a custodian's signature against it."""
        ...

    async def carry_out(self, ident: str) -> Proposal:
        """Do a few seconds of what a ripe proposal says; call again until `done`."""
        ...

    async def close(self) -> None:
        """Let go of the service."""
        ...


class KeyClient(Calls):
    """The key service behind the unix socket `path`. For any number of tasks; they take turns."""

    def __init__(self, path: Path, *, deadline: float = 10.0) -> None:
        self._path = path
        self._deadline = deadline
        self._turn = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def close(self) -> None:
        """Close the connection; a later call opens it again."""
        if self._streams is not None:
            (_, writer), self._streams = self._streams, None
            writer.close()

    async def _ask(self, request: Request) -> Answer:
        try:
            async with asyncio.timeout(self._deadline), self._turn:
                # One that was kept may have been closed while idle: then a fresh one is asked, once.
                kept = self._streams is not None
                answer = await self._exchange(request)
                if answer is None and kept:
                    answer = await self._exchange(request)
        except TimeoutError:
            raise StateError("hsm.too_slow") from None
        if answer is None:
            raise StateError("hsm.unreachable")
        return answer

    async def _exchange(self, request: Request) -> Answer | None:
        """The answer, or None where the connection is gone; after anything but an answer it is not used again."""
        async with self._connection() as (reader, writer):
            try:
                writer.write(frames.pack(request))
                await writer.drain()
                body = await frames.read(reader, first=None, rest=self._deadline)
            except (OSError, InputError):
                body = None
            answer = None if body is None else _read(body)
            if answer is not None:
                self._streams = reader, writer
            return answer

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        streams, self._streams = self._streams, None
        if streams is None:
            try:
                streams = await asyncio.open_unix_connection(self._path)
            except OSError:
                raise StateError("hsm.unreachable") from None
        try:
            yield streams
        finally:
            if self._streams is None:
                streams[1].close()


def _read(body: bytes) -> Answer:
    try:
        return frames.unpack(body, _ANSWERS)
    except InputError:
        raise IntegrityError("hsm.answer_malformed") from None
