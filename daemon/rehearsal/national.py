"""The national server (全国サーバ, 附票全国サーバ) in a rehearsal: takes updates over mutual TLS 1.3, each exactly once.

It decodes strictly, believes only a register's certificate, answers `duplicate` to a key it knows, and keeps of
all that no more than `daemon.rehearsal.ledger` does. Faults are turned on and off while it runs.
"""

import argparse
import asyncio
import logging
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web

from daemon import logs, service
from daemon.contract.codec import decode, encode
from daemon.contract.messages import problem
from daemon.contract.national import MAX_UPDATES, UPDATES, Receipt, Receipts, Update, UpdateBatch
from daemon.contract.peer import MAX_BODY
from daemon.errors import AuthenticationError, InputError, JukuraError, StateError, TooMuchError
from daemon.register.rows import Register
from daemon.rehearsal.ledger import Arrival, Entry, Ledger
from daemon.rehearsal.pki import Pki, register_uri
from daemon.rehearsal.tls import server_context
from daemon.rehearsal.updates import read_update

log = logging.getLogger(__name__)

SHUTDOWN = 5.0  # seconds for requests under way


def _refuse_nothing(_update: Update) -> str:
    return ""


@dataclass
class Faults:
    """What goes wrong now, on demand."""

    refuse: Callable[[Update], str] = _refuse_nothing
    """The code with which an update is refused, or empty."""
    away: bool = False
    """Every request is answered 503."""
    retry_after: int = 1
    """Seconds that such an answer names."""
    lost_answers: int = 0
    """So many requests more are applied, and then cut off before the answer."""
    delay: float = 0
    """Seconds before each answer."""


class NationalServer:
    """The server of one register."""

    def __init__(
        self, register: Register, ledger: Ledger, tls: ssl.SSLContext, *, faults: Faults | None = None
    ) -> None:
        self.faults = faults or Faults()
        self._register = register
        self._ledger = ledger
        self._tls = tls
        app = web.Application(client_max_size=MAX_BODY, middlewares=[_problems])
        app.router.add_route(UPDATES.method, UPDATES.path, self._updates)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN)

    async def start(self, listening: socket.socket) -> None:
        """Serve on a listening socket, of any family."""
        await self._runner.setup()
        await web.SockSite(self._runner, listening, ssl_context=self._tls).start()

    async def stop(self) -> None:
        """End the connections, then the ledger."""
        await self._runner.cleanup()
        await self._ledger.close()

    @property
    def book(self) -> Ledger:
        """What it remembers."""
        return self._ledger

    async def ledger(self) -> dict[str, Entry]:
        """How often each key was received and accepted."""
        return await self._ledger.entries()

    async def _updates(self, request: web.Request) -> web.Response:
        self._admit(request)
        if self.faults.away:
            return _refusal(StateError("national.unavailable"), {"Retry-After": str(self.faults.retry_after)})
        updates = decode(await request.read(), UpdateBatch).updates
        if len(updates) > MAX_UPDATES:
            raise TooMuchError("national.too_many", field="updates")
        arrivals = [self.arrival(update) for update in updates]
        taken = await self._ledger.take(arrivals)
        await asyncio.sleep(self.faults.delay)
        if self.faults.lost_answers:
            self.faults.lost_answers -= 1
            _cut(request)
        pairs = zip(arrivals, taken, strict=True)
        receipts = [Receipt(key=one.key, **asdict(became)) for one, became in pairs]
        return web.Response(body=encode(Receipts(receipts)), content_type="application/json")

    def _admit(self, request: web.Request) -> None:
        """Raise unless the certificate names this register, and nothing beside it."""
        cert = request.transport.get_extra_info("peercert") if request.transport else None
        names = [value for kind, value in (cert or {}).get("subjectAltName", ()) if kind == "URI"]
        if names != [register_uri(self._register)]:
            raise AuthenticationError("national.unknown_client")

    def arrival(self, update: Update) -> Arrival:
        """What an update is to the ledger, refused or not."""
        refusal, person, serial = "", "", 0
        try:
            person, serial = read_update(update, self._register)
            refusal = self.faults.refuse(update)
        except InputError as error:
            refusal = error.code
        return Arrival(
            update.key, encode(update.row), person, serial, refusal,
            number=update.number, repeat=update.repeat, erased=update.erased,
        )  # fmt: skip


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return _refusal(TooMuchError("national.too_large"))
    except JukuraError as error:
        return _refusal(error)


def _refusal(error: JukuraError, headers: Mapping[str, str] | None = None) -> web.Response:
    log.info("request refused", extra={"code": error.code})
    body = encode(problem(error))
    return web.Response(status=error.status, body=body, content_type="application/json", headers=headers)


def unix_listener(path: Path) -> socket.socket:
    """A listening unix socket at `path`, for the owner and their group."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    listening.bind(str(path))
    path.chmod(0o660)
    listening.listen()
    return listening


async def serve(
    register: Register, listening: socket.socket, *, pki: Pki, ledger: Path, stop: asyncio.Event
) -> None:
    """Serve `register` on `listening` until `stop`."""
    tls = server_context(pki.national_server(register), pki.register_ca)
    server = NationalServer(register, await Ledger.open(ledger), tls)
    await server.start(listening)
    service.notify(READY=1)
    log.info("national server listens", extra={"register": register})
    await stop.wait()
    service.notify(STOPPING=1)
    await server.stop()


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listening = (
        unix_listener(options.socket) if options.socket else service.take(service.handed_in(), "national")
    )
    await serve(options.register, listening, pki=Pki(options.pki), ledger=options.ledger, stop=stop)


def main() -> None:
    """python -m daemon.rehearsal.national: listens on --socket, or on the socket handed in as "national"."""
    parser = argparse.ArgumentParser(description="Simulated national server (全国サーバ)")
    parser.add_argument("--register", type=Register, choices=list(Register), required=True)
    parser.add_argument("--pki", type=Path, required=True, help="folder of the rehearsal's certificates")
    parser.add_argument("--ledger", type=Path, required=True, help="file that keeps what was received")
    parser.add_argument("--socket", type=Path, help="unix socket to make; without it, the one handed in")
    logs.start()
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
