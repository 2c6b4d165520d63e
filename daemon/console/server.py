"""The console's socket: one route per endpoint of the contract, one place where errors become answers.

The socket's group and mode decide who may connect; the caller's uid is checked once more, and a session belongs to
the uid that opened it.
"""

import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from daemon.callers import admit, uid_of
from daemon.commands.caller import Caller
from daemon.commands.exports.delivering import Delivery
from daemon.console.sessions import Sessions
from daemon.contract import codec
from daemon.contract.console import ENDPOINTS, SIGN_IN, SIGN_OUT, STATUS, SignIn, Status
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.messages import problem
from daemon.errors import AuthenticationError, JukuraError, StateError, TooMuchError

log = logging.getLogger(__name__)

MAX_BODY = 64 * 1024  # bytes
SHUTDOWN = 5.0  # seconds for requests under way
BEARER = "Bearer "

Handler = Callable[[Caller, Any], Awaitable[Any]]


Identify = Callable[[web.Request], int]
"""The caller's uid, or AuthenticationError."""


def uid_of_caller(request: web.Request) -> int:
    """The uid at the other end of the socket; AuthenticationError where nobody with that uid may be here."""
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None:
        raise AuthenticationError("caller.refused")
    uid = uid_of(connection)
    admit(uid, None)
    return uid


@dataclass(frozen=True)
class Desk:
    """What the console serves once the register is open."""

    sessions: Sessions
    handlers: Mapping[Endpoint, Handler]
    deliveries: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Delivery]]]
    """What answers with a file."""


class ConsoleServer:
    """Serves operators."""

    def __init__(
        self,
        status: Callable[[], Awaitable[Status]],
        desk: Callable[[], Desk],
        *,
        sealed: Mapping[Endpoint, Callable[[Any], Awaitable[Any]]] | None = None,
        identify: Identify = uid_of_caller,
    ) -> None:
        self._status = status
        self._sealed = sealed or {}
        """What is asked for without a session, while nobody can sign in."""
        self._identify = identify
        self._desk = desk
        """Raises the reason while the register cannot serve."""
        self._runner: web.AppRunner | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serve on `listening` until `stop`."""
        app = web.Application(client_max_size=MAX_BODY)
        for endpoint in ENDPOINTS:
            app.router.add_route(endpoint.method, endpoint.path, self._route(endpoint))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN, handle_signals=False)
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()

    async def stop(self) -> None:
        """Let requests under way end, then close every connection."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _route(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            try:
                return await self._serve(endpoint, request)
            except JukuraError as error:
                return _answer(error.status, problem(error))
            except (ConnectionError, web.HTTPException):
                raise
            except Exception as error:
                # What it was about may be in its text; the type alone goes to the log.
                log.exception("request failed", extra={"kind": endpoint.path, "error": type(error).__name__})
                return _answer(500, problem(StateError("console.failed")))

        return serve

    async def _serve(self, endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
        uid = self._identify(request)
        if endpoint is STATUS:
            return _answer(200, await self._status())
        if endpoint in self._sealed:
            return _answer(200, await self._sealed[endpoint](await _message(request, endpoint)))
        desk = self._desk()
        message = await _message(request, endpoint)
        if endpoint is SIGN_IN and isinstance(message, SignIn):
            return _answer(200, await desk.sessions.sign_in(message, uid=uid))
        token = _token(request)
        caller = await desk.sessions.caller(token, uid=uid)
        if endpoint is SIGN_OUT:
            await desk.sessions.sign_out(token)
            return _answer(200, Empty())
        if endpoint in desk.deliveries:
            return await _stream(request, await desk.deliveries[endpoint](caller, message))
        return _answer(200, await desk.handlers[endpoint](caller, message))


def _token(request: web.Request) -> str:
    given = request.headers.get("Authorization", "")
    if not given.startswith(BEARER):
        raise AuthenticationError("session.missing")
    return given.removeprefix(BEARER)


async def _message(request: web.Request, endpoint: Endpoint) -> object:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooMuchError("console.body_too_large") from None
    return codec.decode(body or b"{}", endpoint.request)


async def _stream(request: web.Request, delivery: Delivery) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    # A file that cannot be read to its end leaves the answer too short, which is no file.
    response.content_length = delivery.size
    async with aclosing(delivery.chunks):
        await response.prepare(request)
        async for chunk in delivery.chunks:
            await response.write(chunk)
    await response.write_eof()
    return response


def _answer(status: int, message: object) -> web.Response:
    return web.Response(status=status, body=codec.encode(message), content_type="application/json")
