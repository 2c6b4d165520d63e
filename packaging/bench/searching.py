"""An operator who looks for one person after the other, by name and birth date, at a steady pace, while others keep the register busy.

    searching.py STATE OPERATOR PASSWORD_FD GAP < searches, one a line, an empty one; then the end

Run as the console's user. Goes on until its input ends, and prints one JSON object: waits in milliseconds.
"""

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import msgspec

from daemon.contract.console import Search
from tui.client import ConsoleClient, socket_of


async def search(client: ConsoleClient, asked: list[Search], gap: float) -> list[float]:
    """The seconds that each answer took."""
    waits: list[float] = []
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    for one in cycle(asked):
        began = time.perf_counter()
        found = await client.search(one)
        waits.append(time.perf_counter() - began)
        if not found.hits:
            raise SystemExit("nobody found")
        with suppress(TimeoutError):
            async with asyncio.timeout(began + gap - time.perf_counter()):
                await ended.wait()
        if ended.is_set():
            break
    return waits


async def main(state: str, operator: str, descriptor: str, gap: str) -> None:
    """Entry point."""
    password = os.read(int(descriptor), 1000).decode().strip()
    lines = iter(sys.stdin.buffer.readline, b"\n")
    asked = [msgspec.json.decode(line, type=Search) for line in lines]
    async with ConsoleClient(socket_of(Path(state))) as client:
        await client.sign_in(operator, password)
        waits = sorted(await search(client, asked, float(gap)))
        await client.sign_out()
    told = {name: round(waits[int(len(waits) * at)] * 1000, 1) for name, at in (("p50", 0.5), ("p99", 0.99))}
    sys.stdout.write(json.dumps({"searches": len(waits), **told, "max": round(waits[-1] * 1000, 1)}) + "\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
