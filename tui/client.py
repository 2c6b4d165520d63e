"""The console's end of the contract: HTTP with JSON bodies over the register's unix socket.

Calls are derived from the endpoint table, each under a deadline. The session's token lives in memory only and
travels only where an endpoint asks for a session: asking for the status never keeps a session alive. Callers meet
`RemoteError` (the register refused) and `UnreachableError` (it did not answer); and `InputError` for what is no text.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Self, TypeVar

import aiohttp
from msgspec import Struct

from daemon.contract import codec, console
from daemon.contract.endpoint import Empty, Endpoint, Problem
from daemon.errors import InputError
from tui.errors import RemoteError, UnreachableError

T = TypeVar("T")

DEADLINE = 10.0  # seconds, one call from connecting to the last byte
LINE_DEADLINE = 30.0  # seconds between two reads of a stream
MAX_ANSWER = 4 * 1024 * 1024  # bytes
MAX_LINE = 1024 * 1024  # bytes


def socket_of(state: Path) -> Path:
    """The console's socket of the register whose state lies in `state`."""
    return state / "run" / "console.sock"


class ConsoleClient:
    """One register, and at most one session in it."""

    def __init__(self, socket: Path, *, deadline: float = DEADLINE) -> None:
        self.socket = socket
        self._deadline = deadline
        self._token = ""
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let the connections go. The session, if one is open, ends by itself."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def call(
        self, endpoint: Endpoint, request: Struct, into: type[T], *, deadline: float | None = None
    ) -> T:
        """What `endpoint` answers to `request`, strictly decoded; `into` is the endpoint's response type."""
        sent = _written(endpoint, request)
        with _as_ours():
            async with (
                asyncio.timeout(deadline or self._deadline),
                self._send(endpoint, sent) as answer,
            ):
                body = await _whole(answer)
        if answer.status != HTTPStatus.OK:
            raise _refusal(answer.status, body)
        return _read(body, into)

    async def status(self, *, deadline: float | None = None) -> console.Status:
        """How the register is; needs no session."""
        return await self.call(console.STATUS, Empty(), console.Status, deadline=deadline)

    async def sign_in(self, operator: str, password: str) -> console.Session:
        """Open a session and keep its token."""
        session = await self.call(console.SIGN_IN, console.SignIn(operator, password), console.Session)
        self._token = session.token
        return session

    async def sign_out(self, *, deadline: float | None = None) -> None:
        """Close the session; the token is forgotten whatever the register answers."""
        if not self._token:
            return
        try:
            await self.call(console.SIGN_OUT, Empty(), Empty, deadline=deadline)
        finally:
            self._token = ""

    async def search(self, search: console.Search) -> console.Found:
        """Search by 4情報."""
        return await self.call(console.SEARCH, search, console.Found)

    async def lookup(self, lookup: console.Lookup) -> console.Found:
        """One person by 住民票コード or 個人番号."""
        return await self.call(console.LOOKUP, lookup, console.Found)

    async def person(self, query: console.PersonQuery) -> console.Person:
        """One person with history."""
        return await self.call(console.PERSON, query, console.Person)

    async def download(self, endpoint: Endpoint, request: Struct) -> AsyncGenerator[bytes, None]:
        """The bytes that `endpoint` answers with. A file that breaks off is an error, never an end."""
        sent = _written(endpoint, request)
        with _as_ours():
            async with self._send(endpoint, sent) as answer:
                if answer.status != HTTPStatus.OK:
                    raise _refusal(answer.status, await _whole(answer))
                async for chunk in answer.content.iter_any():
                    yield chunk

    def _send(self, endpoint: Endpoint, body: bytes) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._http is None:
            self._http = _connections(self.socket)
        bearer = {"Authorization": f"Bearer {self._token}"} if endpoint.session and self._token else {}
        typed = {"Content-Type": "application/json"} if body else {}
        return self._http.request(
            endpoint.method, endpoint.path, data=body or None, headers=bearer | typed, allow_redirects=False
        )


def _connections(socket: Path) -> aiohttp.ClientSession:
    """Fresh connections only: one kept across a restart of the register would fail the next call."""
    return aiohttp.ClientSession(
        "http://register",
        connector=aiohttp.UnixConnector(str(socket), force_close=True),
        timeout=aiohttp.ClientTimeout(total=None, connect=DEADLINE, sock_read=LINE_DEADLINE),
        cookie_jar=aiohttp.DummyCookieJar(),
        read_bufsize=MAX_LINE,
        max_line_size=8192,
    )


def _written(endpoint: Endpoint, request: Struct) -> bytes:
    """`request` as a body; InputError that names the field which is no text (what a shell gives for bytes it cannot read)."""
    if endpoint.request is Empty:
        return b""
    try:
        return codec.encode(request)
    except UnicodeEncodeError:
        values = {name: getattr(request, name) for name in request.__struct_fields__}
        at_fault = (name for name, value in values.items() if isinstance(value, str) and not _is_text(value))
        raise InputError("json.half_character", field=next(at_fault, "")) from None


def _is_text(value: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in value)


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise UnreachableError("console.bad_answer")
    return bytes(body)


def _read(body: bytes, into: type[T]) -> T:
    try:
        return codec.decode(body, into)
    except InputError:
        raise UnreachableError("console.bad_answer") from None


def _refusal(status: int, body: bytes) -> RemoteError | UnreachableError:
    try:
        return RemoteError(codec.decode(body, Problem), http_status=status)
    except InputError:
        return UnreachableError("console.bad_answer")


@contextmanager
def _as_ours() -> Iterator[None]:
    """Turn what the transport raises into `UnreachableError`."""
    try:
        yield
    except TimeoutError as error:
        raise UnreachableError("console.late") from error
    except aiohttp.ClientConnectorError as error:
        code = (
            "console.not_permitted" if isinstance(error.os_error, PermissionError) else "console.unreachable"
        )
        raise UnreachableError(code) from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError) as error:
        raise UnreachableError("console.cut_off") from error
    except (aiohttp.ClientError, ValueError) as error:
        raise UnreachableError("console.bad_answer") from error
