"""Calls of a simulated peer to a register, derived from the contract: one request, one answer, or the register's own error."""

import asyncio
import ssl
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
from msgspec import Struct

from daemon.contract.codec import decode, encode
from daemon.contract.endpoint import Endpoint, Problem
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
from daemon.rehearsal.municipality import Door

T = TypeVar("T")

DEADLINE = 30.0  # seconds for one call
_ERRORS: dict[int, type[JukuraError]] = {
    error.status: error
    for error in (InputError, AuthenticationError, AuthorityError, ConflictError, TooMuchError, StateError)
}


class Calls:
    """The line of one peer to one register."""

    def __init__(self, door: Door, tls: ssl.SSLContext) -> None:
        self._url = f"https://{door.host}:{door.port}"
        self._name = door.name
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection; a later call opens a new one."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, endpoint: Endpoint, request: Struct, into: type[T]) -> T:
        """What `endpoint` answers; the register's error, or StateError where there is no answer."""
        try:
            async with asyncio.timeout(DEADLINE):
                status, body = await self._asked(endpoint, request)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise StateError("municipality.no_answer") from error
        return decode(answered(status, body), into)

    async def _asked(self, endpoint: Endpoint, request: Struct) -> tuple[int, bytes]:
        in_query = endpoint.method == "GET"
        given: dict[str, Any] = (
            {"params": {name: str(value) for name, value in msgspec.to_builtins(request).items()}}
            if in_query
            else {"data": encode(request), "headers": {"Content-Type": "application/json"}}
        )
        return await self.requested(endpoint, **given)

    async def requested(self, endpoint: Endpoint, **given: Any) -> tuple[int, bytes]:  # noqa: ANN401 - what aiohttp takes
        """Status and body of the answer to a request with what is `given`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False)
        async with self._session.request(
            endpoint.method,
            self._url + endpoint.path,
            ssl=self._tls,
            server_hostname=self._name,
            allow_redirects=False,
            **given,
        ) as answer:
            return answer.status, await answer.read()


def answered(status: int, body: bytes) -> bytes:
    """The body of an answer; the register's error where it is none."""
    if status == 200:  # noqa: PLR2004 - OK
        return body
    kind = _ERRORS.get(status, InputError if 400 <= status < 500 else None)  # noqa: PLR2004 - what it did wrong
    if kind is None:
        raise IntegrityError("municipality.strange_answer")
    problem = decode(body, Problem)
    raise kind(problem.code, field=problem.field)
