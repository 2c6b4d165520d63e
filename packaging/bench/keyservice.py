"""The key service of a bench, in a process of its own: the real one over a SoftHSM token made on the spot.

    keyservice.py STATE MODULE DESCRIPTOR

The descriptor is its listening socket, the PIN comes on standard input. It differs from `jukura-hsm` in one thing: it serves
whoever started it, who may be root in a container.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from daemon import logs
from daemon.clock import SystemClock
from hsm.cli import WORKER
from hsm.composition import Service, Settings
from hsm.pin import EVERY, Pin, Pins, PinSource
from hsm.supervisor import Supervisor

LABEL = "jukura-bench"


async def serve(state: Path, module: str, pin: bytes, listening: socket.socket) -> None:
    """Serve until SIGTERM."""
    uri = f"pkcs11:token={LABEL}?module-path={module}"
    settings = Settings(state, "honnin", uri, Pins({EVERY: Pin(PinSource.DESCRIPTOR, pin)}), create=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    me = os.getuid()
    await Supervisor(listening, Service(settings, SystemClock(), WORKER).handler, lambda _: me).run(stop)


def main() -> None:
    """Entry point."""
    logs.start(level=logging.WARNING)
    pin = sys.stdin.buffer.read()
    listening = socket.socket(fileno=int(sys.argv[3]))
    listening.setblocking(False)  # noqa: FBT003
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], pin, listening))


if __name__ == "__main__":
    main()
