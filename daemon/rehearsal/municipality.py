"""A municipality's server (市町村CS) in a rehearsal: sends notices over mutual TLS 1.3 until each has its verdict.

What was lost on the way is sent again with the same ids, so that the register applies it once. A refusal of the
whole request is raised with the register's own code; a refusal of one notice is a verdict.
"""

import asyncio
import logging
import secrets
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp

from daemon.contract.codec import decode, encode
from daemon.contract.endpoint import Problem
from daemon.contract.peer import NOTICES, Notice, NoticeBatch, Verdict, Verdicts
from daemon.errors import (
    AuthenticationError,
    AuthorityError,
    ConflictError,
    InputError,
    IntegrityError,
    JukuraError,
    StateError,
    TooMuchError,
)

log = logging.getLogger(__name__)

BATCH = 100  # notices
_BUSY = frozenset({429, 503})
_ERRORS: dict[int, type[JukuraError]] = {
    error.status: error
    for error in (InputError, AuthenticationError, AuthorityError, ConflictError, TooMuchError)
}


@dataclass(frozen=True)
class Patience:
    """How long a client waits, in seconds."""

    deadline: float = 120
    """For one call of `send`, all its tries together."""
    attempt: float = 30
    """For one answer."""
    first_pause: float = 0.1
    longest_pause: float = 5


@dataclass(frozen=True)
class Door:
    """Where a register listens for its municipalities, and by which DNS name it is known."""

    host: str
    port: int
    name: str


class _AgainError(Exception):
    """This try came to nothing, and another may not; `after` seconds, if the register said so."""

    def __init__(self, after: float = 0) -> None:
        super().__init__()
        self.after = after


class MunicipalityClient:
    """The connection of one municipality to one register."""

    def __init__(
        self, code: str, door: Door, tls: ssl.SSLContext, *, patience: Patience = Patience()
    ) -> None:
        self.code = code
        self._url = f"https://{door.host}:{door.port}{NOTICES.path}"
        self._name = door.name
        self._tls = tls
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def send(self, notices: Sequence[Notice]) -> list[Verdict]:
        """One verdict per notice, in order; StateError if the register gives none before the deadline."""
        try:
            async with asyncio.timeout(self._patience.deadline):
                return [
                    verdict for batch in _batches(notices) for verdict in await self._until_answered(batch)
                ]
        except TimeoutError as error:
            raise StateError("municipality.no_answer") from error

    async def close(self) -> None:
        """End the connection; a later `send` opens a new one."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _until_answered(self, batch: Sequence[Notice]) -> list[Verdict]:
        body = encode(NoticeBatch(list(batch)))
        pause, attempt = self._patience.first_pause, 1
        while True:
            try:
                return _matched(await self._post(body), batch)
            except _AgainError as again:
                log.info("no answer, will try again", extra={"peer": self.code, "attempt": attempt})
                await asyncio.sleep(max(again.after, pause * (0.5 + secrets.randbelow(1000) / 1000)))
            pause, attempt = min(2 * pause, self._patience.longest_pause), attempt + 1

    async def _post(self, body: bytes) -> Verdicts:
        try:
            async with self._open().post(
                self._url,
                data=body,
                ssl=self._tls,
                server_hostname=self._name,
                headers=_HEADERS,
                allow_redirects=False,
            ) as answer:
                return _read(answer.status, answer.headers.get("Retry-After", ""), await answer.read())
        except aiohttp.ClientConnectorCertificateError as error:
            raise AuthenticationError("municipality.server_unknown") from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
            raise _AgainError from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._patience.attempt), auto_decompress=False
            )
        return self._session


_HEADERS = {"Content-Type": "application/json"}


def _batches(notices: Sequence[Notice]) -> Iterator[Sequence[Notice]]:
    return (notices[first : first + BATCH] for first in range(0, len(notices), BATCH))


def _read(status: int, retry_after: str, body: bytes) -> Verdicts:
    if status in _BUSY:
        raise _AgainError(float(retry_after) if retry_after.isdigit() else 0)
    if status == 200:  # noqa: PLR2004 - OK
        return decode(body, Verdicts)
    if status in _ERRORS:
        problem = decode(body, Problem)
        raise _ERRORS[status](problem.code, field=problem.field)
    raise IntegrityError("municipality.strange_answer")


def _matched(answer: Verdicts, batch: Sequence[Notice]) -> list[Verdict]:
    """The verdicts, if there is one for each notice and in order."""
    if [verdict.id for verdict in answer.verdicts] != [notice.id for notice in batch]:
        raise IntegrityError("municipality.strange_answer")
    return answer.verdicts
