"""Asks the key service for one data key as the daemon may; run as the daemon's user, prints it in hex."""

import asyncio
import sys
from pathlib import Path

from hsm.client import KeyClient


async def main(socket: str, name: str) -> None:
    client = KeyClient(Path(socket))
    sys.stdout.write((await client.unwrap([name]))[name].hex())
    await client.close()


asyncio.run(main(*sys.argv[1:]))
