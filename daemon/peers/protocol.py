"""HTTP/1.1 as aiohttp speaks it, with tighter bounds, and told to us from the first byte after the handshake."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from daemon.peers.lines import Line, Lines

KEEP = 30.0  # seconds until an idle connection, or one whose headers do not come, is closed
LINGER = 2.0  # seconds for a body that nobody wants, so that its sender reads why
BOUNDS = {"max_line_size": 2048, "max_headers": 32, "max_field_size": 4096}
READ = 64 * 1024  # bytes read ahead

Serve = Callable[[Line, web.BaseRequest], Awaitable[web.StreamResponse]]
Malformed = Callable[[Line], web.StreamResponse]


class Http(RequestHandler):
    """One connection."""

    def __init__(self, server: "HttpServer", *, lines: Lines, malformed: Malformed, **options: Any) -> None:  # noqa: ANN401
        super().__init__(server, **options)
        self._lines = lines
        self._malformed = malformed
        self.line: Line | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.line = self._lines.arrive(cast("asyncio.Transport", transport))

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self.line is not None:
            self._lines.leave(self.line)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What came is no HTTP, or more of a head than may be. Its text is told to nobody: it may hold anything."""
        del request, status, exc, message
        if self.line is None:
            raise ConnectionResetError
        answer = self._malformed(self.line)
        answer.force_close()
        return answer


class HttpServer(web.Server):
    """Makes a connection of ours for each that is accepted."""

    def __init__(self, lines: Lines, serve: Serve, malformed: Malformed) -> None:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            line = cast("Http", request.protocol).line
            if line is None:
                raise ConnectionResetError
            return await serve(line, request)

        super().__init__(handle)
        self._lines = lines
        self._malformed = malformed

    def __call__(self) -> RequestHandler:
        return Http(
            self,
            lines=self._lines,
            malformed=self._malformed,
            loop=self._loop,
            access_log=None,
            keepalive_timeout=KEEP,
            lingering_time=LINGER,
            read_bufsize=READ,
            auto_decompress=False,
            **BOUNDS,
        )
