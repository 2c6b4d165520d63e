"""Municipalities' servers come in here: our own accept loop, so that every refused handshake is recorded.

One TLS context per load of the files, no session tickets, TLS 1.3 only. A connection that does not finish its
handshake in time is dropped. Request bodies are bounded; a body that is too large is refused unread.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable

from aiohttp import web

from daemon.commands.notices import Notices
from daemon.contract import codec
from daemon.contract.messages import problem
from daemon.contract.peer import MAX_BODY, NOTICES, Verdicts
from daemon.errors import InputError, JukuraError, StateError, TooMuchError
from daemon.peers.decode import parse
from daemon.peers.identity import municipality
from daemon.peers.tls import refusal
from daemon.register.rows import Register
from daemon.tasks import Tasks

log = logging.getLogger(__name__)

HANDSHAKE = 10.0  # seconds
ACCEPT_PAUSE = 0.1  # seconds after a failed accept
BODY = 30.0  # seconds for a whole request body
SHUTDOWN = 5.0  # seconds for requests under way

Refused = Callable[[str, str], Awaitable[None]]
"""Told the code of a refused connection and the address it came from."""


class PeerServer:
    """The peers' endpoint."""

    def __init__(
        self,
        register: Register,
        *,
        notices: Callable[[], Notices],
        municipalities: list[str],
        tls: ssl.SSLContext,
        refused: Refused,
    ) -> None:
        self._register = register
        self._notices = notices
        self._municipalities = frozenset(municipalities)
        self._tls = tls
        self._tasks = Tasks()
        self._refused = refused
        self._runner: web.AppRunner | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serve on `listening` until `stop`."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route(NOTICES.method, NOTICES.path, self._post_notices)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN, handle_signals=False)
        await self._runner.setup()
        self._tasks.start(self._accept(listening), name="peers.accept")

    async def stop(self) -> None:
        """Accept no more, let requests under way end, then close every connection."""
        await self._tasks.stop(within=SHUTDOWN)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                # Out of descriptors, or a caller that left while we answered: the next one may fare better.
                log.warning("accept failed", extra={"error": type(error).__name__})
                await asyncio.sleep(ACCEPT_PAUSE)
                continue
            self._tasks.start(
                self._greet(connection, str(address[0]) if address else "unix"), name="peers.greet"
            )

    async def _greet(self, connection: socket.socket, address: str) -> None:
        assert self._runner is not None and self._runner.server is not None  # noqa: S101, PT018 - set by start
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._runner.server, connection, ssl=self._tls, ssl_handshake_timeout=HANDSHAKE
            )
        except (OSError, TimeoutError) as error:
            connection.close()
            code = refusal(error)
            log.warning("handshake refused", extra={"code": code, "peer": address})
            await self._refused(code, address)

    async def _post_notices(self, request: web.Request) -> web.Response:
        try:
            return await self._received(request)
        except (ConnectionError, web.HTTPException):
            raise
        except Exception as error:
            # What it was about may be in its text; the type alone goes to the log.
            log.exception("request failed", extra={"kind": NOTICES.path, "error": type(error).__name__})
            return _answer(500, problem(StateError("peer.failed")))

    async def _received(self, request: web.Request) -> web.Response:
        sender = ""
        try:
            sender = self._sender(request)
            notices = self._notices()
            try:
                batch = parse(await _body(request), self._register)
            except JukuraError as error:
                await notices.refuse(sender, error)
                raise
            verdicts = await notices.receive(sender, batch)
        except JukuraError as error:
            if not sender:
                await self._refused(error.code, _address(request))
            return _answer(error.status, problem(error), retry=error.status == 503)  # noqa: PLR2004
        return _answer(200, Verdicts(verdicts))

    def _sender(self, request: web.Request) -> str:
        transport = request.transport
        return municipality(transport.get_extra_info("peercert") if transport else None, self._municipalities)


async def _body(request: web.Request) -> bytes:
    if request.content_type != "application/json":
        raise InputError("notice.not_json")
    try:
        async with asyncio.timeout(BODY):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooMuchError("notice.body_too_large") from None
    except web.RequestPayloadError:
        raise InputError("notice.body_broken") from None
    except TimeoutError:
        raise InputError("notice.body_late") from None


def _address(request: web.Request) -> str:
    return request.remote or "unix"


def _answer(status: int, message: object, *, retry: bool = False) -> web.Response:
    headers = {"Retry-After": "5"} if retry else {}
    return web.Response(
        status=status, body=codec.encode(message), content_type="application/json", headers=headers
    )
