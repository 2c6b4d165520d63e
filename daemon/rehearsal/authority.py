"""A time-stamp authority (RFC 3161) in a rehearsal: OpenSSL's own (ts(1)) behind HTTP on a unix socket.

Faults are turned on and off while it runs.
"""

import argparse
import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from daemon import logs, service
from daemon.errors import StateError
from daemon.rehearsal.certificates import Pair

log = logging.getLogger(__name__)

PATH = "/stamp"
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
MAX_QUERY = 16 * 1024  # bytes
DEADLINE = 20.0  # seconds for OpenSSL
SHUTDOWN = 2.0  # seconds for requests under way

_CONF = """\
[tsa]
default_tsa = rehearsal
[rehearsal]
serial = {folder}/serial
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
ess_cert_id_chain = no
ordering = no
tsa_name = no
"""
"""The policy is of the arc for examples (RFC 5612)."""


@dataclass
class Faults:
    """What goes wrong now, on demand."""

    status: int = 200
    """Of every answer,"""
    kind: str = REPLY
    """its content type,"""
    headers: Mapping[str, str] = field(default_factory=dict)
    """and what else stands in its head."""
    instead: bytes | None = None
    """What is answered in the place of a reply."""
    alter: Callable[[bytes], bytes] = bytes
    """What is stamped in the place of a query."""
    delay: float = 0.0
    """Seconds before each answer."""


class TimestampAuthority:
    """Stamps whatever it is asked to."""

    def __init__(self, folder: Path, signer: Pair, *, faults: Faults | None = None) -> None:
        """`folder` keeps its serial numbers; `signer` has a certificate for time-stamping."""
        self.faults = faults or Faults()
        self.asked = 0
        self._conf = folder / "ts.cnf"
        self._query = folder / "query.tsq"
        self._conf.write_text(_CONF.format(folder=folder), "utf-8")
        self._signer = signer
        self._one = asyncio.Lock()
        """The files of query and serial number are for one at a time."""
        app = web.Application(client_max_size=MAX_QUERY)
        app.router.add_post(PATH, self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN)

    async def start(self, listening: socket.socket) -> None:
        """Serve on a listening socket."""
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()

    async def stop(self) -> None:
        """End the connections."""
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        if request.content_type != QUERY:
            raise web.HTTPUnsupportedMediaType
        self.asked += 1
        query = await request.read()
        await asyncio.sleep(self.faults.delay)
        reply = self.faults.instead
        if reply is None:
            reply = await self.stamped(self.faults.alter(query))
        return web.Response(
            status=self.faults.status, body=reply, content_type=self.faults.kind, headers=self.faults.headers
        )

    async def stamped(self, query: bytes) -> bytes:
        """OpenSSL's reply to a TimeStampReq."""
        signer = ("-config", self._conf, "-signer", self._signer.cert, "-inkey", self._signer.key)
        async with self._one, asyncio.timeout(DEADLINE):
            self._query.write_bytes(query)
            program = await asyncio.create_subprocess_exec(
                *("openssl", "ts", "-reply", "-out", "/dev/stdout"),
                *map(str, ("-queryfile", self._query, *signer)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            reply, _ = await program.communicate()
        if program.returncode:
            raise StateError("rehearsal.no_stamp")
        return reply


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = TimestampAuthority(options.folder, Pair(options.folder / "tsa.pem", options.folder / "tsa.key"))
    await server.start(service.take(service.handed_in(), "timestamps"))
    service.notify(READY=1)
    log.info("time-stamp authority listens")
    await stop.wait()
    service.notify(STOPPING=1)
    await server.stop()


def main() -> None:
    """python -m daemon.rehearsal.authority: listens on the socket handed in as "timestamps"."""
    parser = argparse.ArgumentParser(description="Simulated time-stamp authority (RFC 3161)")
    parser.add_argument("--folder", type=Path, required=True, help="folder with tsa.pem and tsa.key")
    logs.start()
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
