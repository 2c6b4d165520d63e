"""Asks one register's console many questions as an operator would; run as the console's user, speaks JSON lines.

    python finder.py STATE OPERATOR PASSWORD_FD < questions > answers

Each question is a Search or a Lookup as JSON; each answer has the names found, or code and field of the refusal, and the
seconds taken.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import msgspec

from daemon.contract.console import Found, Lookup, Search
from tui.client import ConsoleClient, socket_of
from tui.errors import RemoteError


async def main(state: str, operator: str, descriptor: str) -> None:
    password = os.read(int(descriptor), 1000).decode().strip()
    async with ConsoleClient(socket_of(Path(state))) as client:
        await client.sign_in(operator, password)
        for line in sys.stdin:
            began = time.perf_counter()
            try:
                found = await ask(client, line)
                answer: dict[str, object] = {
                    "names": [hit.name for hit in found.hits],
                    "code": "",
                    "field": "",
                }
            except RemoteError as error:
                answer = {"names": [], "code": error.code, "field": error.field}
            sys.stdout.write(json.dumps(answer | {"seconds": time.perf_counter() - began}) + "\n")
        await client.sign_out()


async def ask(client: ConsoleClient, line: str) -> Found:
    if {"code", "number"} & json.loads(line).keys():
        return await client.lookup(msgspec.json.decode(line, type=Lookup))
    return await client.search(msgspec.json.decode(line, type=Search))


asyncio.run(main(*sys.argv[1:]))
