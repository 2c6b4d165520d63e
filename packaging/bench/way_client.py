"""The client of `way.py`, in a process of its own.

    way_client.py SOCKET CALLERS < searches, one a line

Signs in, asks, and prints the seconds that each answer took as a JSON list, but for the first few.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp

from daemon.contract import codec
from daemon.contract.console import SEARCH, SIGN_IN, Found, Session, SignIn

OPERATOR, PASSWORD = "bench", "bench"
WARM = 200  # searches before anything is measured


async def ask(path: Path, callers: int, bodies: list[bytes]) -> list[float]:
    """Send `bodies`; the seconds that each took, but for the first few."""
    waited: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
        asked = codec.encode(SignIn(OPERATOR, PASSWORD))
        async with session.post(f"http://console{SIGN_IN.path}", data=asked) as answer:
            token = codec.decode(await answer.read(), Session).token

        async def send(mine: list[bytes]) -> None:
            for body in mine:
                began = time.perf_counter()
                headers = {"Authorization": f"Bearer {token}"}
                async with session.post(f"http://console{SEARCH.path}", data=body, headers=headers) as answer:
                    content = await answer.read()
                waited.append(time.perf_counter() - began)
                if answer.status != 200 or not codec.decode(content, Found).hits:  # noqa: PLR2004
                    raise SystemExit(f"not found: {content!r}")

        await send(bodies[:WARM])
        waited.clear()
        await asyncio.gather(*(send(bodies[WARM + start :: callers]) for start in range(callers)))
    return waited


def main() -> None:
    """Entry point."""
    waited = asyncio.run(ask(Path(sys.argv[1]), int(sys.argv[2]), sys.stdin.buffer.read().splitlines()))
    json.dump(waited, sys.stdout)


if __name__ == "__main__":
    main()
