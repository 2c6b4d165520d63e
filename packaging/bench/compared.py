"""The register of the bench of comparisons, in a process of its own: it serves its console and its municipalities.

    compared.py FOLDER SHARE

Prints JSON objects, one a line: where it listens, and for each line of its standard input the most memory and the seconds of CPU
since the last, those of the loop's thread by themselves.
"""

import asyncio
import logging
import socket
import sys
import time
from pathlib import Path
from typing import NoReturn

from filling import say
from memory import forget_peak, peak
from msgspec.structs import replace
from stage import Opened, opened

from daemon import logs, pace
from daemon.clock import SystemClock
from daemon.config import Files
from daemon.console.server import ConsoleServer
from daemon.contract.peer import ENDPOINTS
from daemon.peers.kind import municipalities
from daemon.peers.server import PeerServer
from daemon.peers.trust import Trust
from daemon.rehearsal.pki import Pki

UID = 4242
"""Who the client is taken for: root, as whom a bench may run, has no business at a console."""


async def serve(folder: Path, share: float) -> None:
    """Serve until standard input ends."""
    async with opened(folder, compare_share=share) as register:
        console = ConsoleServer(_nothing, lambda: register.parts.desk, identify=lambda _: UID)
        peers = _peers(register, Pki(folder / "pki"))
        with socket.socket(socket.AF_UNIX) as local, socket.socket() as line:
            local.bind(str(folder / "console.sock"))
            line.bind(("127.0.0.1", 0))
            for listening in (local, line):
                listening.listen()
                listening.setblocking(False)  # noqa: FBT003
            await console.start(local)
            await peers.start(line)
            say(port=line.getsockname()[1])
            loop = asyncio.get_running_loop()
            spent = time.thread_time(), time.process_time()
            while (await loop.run_in_executor(None, sys.stdin.readline)).strip():
                now = time.thread_time(), time.process_time()
                say(peak=peak(), loop=round(now[0] - spent[0], 2), cpu=round(now[1] - spent[1], 2))
                forget_peak()
                spent = now
            await peers.stop()
            await console.stop()


def _peers(register: Opened, pki: Pki) -> PeerServer:
    config, clock = register.config, SystemClock()
    own = config.peers.tls
    tls = Files(certificate=own.certificate, key=own.key, ca=own.ca, crl=pki.municipality_crl)
    return PeerServer(
        municipalities(config.peers.municipalities, ENDPOINTS),
        desk=lambda: register.parts.peer_desk,
        trust=Trust(tls, clock.now),
        limits=replace(config.peers.limits, volume=1e9, volume_burst=1e9),
        write=register.parts.writer.log,
        clock=clock,
    )


async def _nothing() -> NoReturn:
    """Nobody asks for the status here."""
    raise NotImplementedError


def main() -> None:
    """Entry point."""
    logs.start(level=logging.WARNING)
    pace.settle()
    folder, share = sys.argv[1:]
    asyncio.run(serve(Path(folder), float(share)))


if __name__ == "__main__":
    main()
