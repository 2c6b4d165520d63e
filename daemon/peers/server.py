"""One kind of peer comes in here: our own accept loop, so that every refused handshake is recorded.

TLS 1.3 only, no session tickets; a certificate of the kind's own authority, not revoked; one allowance a peer, however
many connections it opens. What is too much is refused before it costs anything, and says when to come back. A flood of
handshakes meets a bound per address before anyone's identity is known.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from daemon.clock import Clock
from daemon.config import Limits
from daemon.contract.deadlines import Deadline, Ends
from daemon.peers.desk import PeerDesk
from daemon.peers.kind import STRANGER, Kind
from daemon.peers.limits import Doorstep
from daemon.peers.lines import Lines
from daemon.peers.protocol import HttpServer
from daemon.peers.records import Records, Write
from daemon.peers.serving import Serving
from daemon.peers.tls import refusal
from daemon.peers.trust import AHEAD, LOOK, Trust, soon
from daemon.tasks import Tasks

log = logging.getLogger(__name__)

HANDSHAKE = 10.0  # seconds
GOODBYE = 2.0  # seconds for a peer to close its side
ACCEPT_PAUSE = 0.1  # seconds after a failed accept
SHUTDOWN = 5.0  # seconds for requests under way
UNREAD = 60_000  # milliseconds that a peer may leave an answer unread (tcp(7), TCP_USER_TIMEOUT)


class PeerServer:
    """The endpoint of one kind of peer."""

    def __init__(
        self,
        kind: Kind,
        *,
        desk: Callable[[], PeerDesk],
        trust: Trust,
        limits: Limits,
        write: Write,
        clock: Clock,
    ) -> None:
        """`desk` raises the reason while the register cannot serve; `write` writes an entry of the log."""
        self.trust = trust
        self._clock = clock
        self._records = Records(write, clock.monotonic)
        self._doorstep = Doorstep(limits)
        self._lines = Lines(kind, limits, self._records)
        self._serving = Serving(kind, desk, limits, self._records, clock)
        self._tasks = Tasks()
        self._greeted: set[socket.socket] = set()
        """Accepted, and not yet in the hands of a handshake."""
        self._runner: web.ServerRunner | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serve on `listening` until `stop`."""
        http = HttpServer(self._lines, self._serving.serve, self._serving.malformed)
        self._runner = web.ServerRunner(http, shutdown_timeout=SHUTDOWN)
        await self._runner.setup()
        self._tasks.start(self._accept(listening, http), name="peers.accept")
        self._tasks.start(self._records.run(), name="peers.records")
        self._tasks.start(self._watch(), name="peers.trust")

    async def stop(self) -> None:
        """Accept no more, let requests under way end, then close every connection."""
        await self._tasks.stop(within=SHUTDOWN)
        for connection in self._greeted:
            connection.close()  # whose task was cancelled before it began
        if self._runner is not None:
            await self._runner.cleanup()
            await self._lines.close()
            await self._records.close()

    def deadlines(self) -> list[Deadline]:
        """What ends within 60 days (a revocation list: 7): certificates of ours, of the authorities, and of peers as last seen."""
        seen = [
            Deadline(what=Ends.PEER, who=sender, ends=ends)
            for sender, ends in sorted(self._lines.seen.items())
        ]
        return self.trust.deadlines() + soon(seen, self._clock.now(), AHEAD)

    async def _accept(self, listening: socket.socket, http: HttpServer) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, where = await loop.sock_accept(listening)
            except OSError as error:
                # Out of descriptors, or a caller that left while we answered: the next one may fare better.
                log.warning("accept failed", extra={"error": type(error).__name__})
                await asyncio.sleep(ACCEPT_PAUSE)
                continue
            address = str(where[0]) if where else "unix"
            if self._doorstep.enter(address, self._clock.monotonic()):
                self._greeted.add(connection)
                self._tasks.start(self._greet(connection, address, http), name="peers.greet")
            else:
                connection.close()
                self._records.not_connected(STRANGER, "peer.handshakes_over", address)

    async def _greet(self, connection: socket.socket, address: str, http: HttpServer) -> None:
        loop = asyncio.get_running_loop()
        self._greeted.discard(connection)
        with suppress(OSError):  # a unix socket has no such option
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD)
        try:
            await loop.connect_accepted_socket(
                http,
                connection,
                ssl=self.trust.context,
                ssl_handshake_timeout=HANDSHAKE,
                ssl_shutdown_timeout=GOODBYE,
            )
        except (OSError, TimeoutError) as error:
            connection.close()
            self._records.not_connected(STRANGER, refusal(error), address)
        finally:
            self._doorstep.leave(address)

    async def _watch(self) -> None:
        """Whoever is trusted no more is gone within seconds."""
        while True:
            await asyncio.sleep(LOOK)
            self._lines.cut(self.trust.refuses, every=await self.trust.look())
