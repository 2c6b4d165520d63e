"""Says 25 times a second how a register is: run as the console's user, speaks JSON lines until its output is gone.

    python watcher.py STATE

A line has the moment (CLOCK_MONOTONIC, which all processes share), whether the register serves with its token, and how
many entries its log has and how many of them are signed. While nobody answers there is no line.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

from tui.client import ConsoleClient, socket_of
from tui.errors import RemoteError, UnreachableError

PAUSE = 0.04  # seconds


async def main(state: str) -> None:
    async with ConsoleClient(socket_of(Path(state)), deadline=1.0) as client:
        while True:
            with suppress(UnreachableError, RemoteError):
                asked = time.monotonic()
                status = await client.status()
                if status.counts is not None:
                    size, signed = status.counts.log_size, status.counts.log_signed
                    there = "token_away" not in status.reasons
                    sample = {"at": asked, "there": there, "size": size, "signed": signed}
                    sys.stdout.write(json.dumps(sample) + "\n")
                    sys.stdout.flush()
            await asyncio.sleep(PAUSE)


with suppress(BrokenPipeError, KeyboardInterrupt):
    asyncio.run(main(*sys.argv[1:]))
