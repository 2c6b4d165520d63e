"""The line of a simulated municipality for 整合性確認: calls as of any peer, and bodies of lines that are sent as they are made.

What is not answered because the register is busy, or still prepares, is asked again; a line that is cut is a StateError, and whoever
sent it goes on where the register says that it is.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from msgspec import Struct

from daemon.contract.codec import decode
from daemon.contract.endpoint import Endpoint
from daemon.errors import StateError
from daemon.rehearsal.calls import Calls, answered

PAUSE = 0.2  # seconds until something is asked again
PATIENCE = 600  # times
PIECE = 256 * 1024  # bytes sent at once


class PeerLine(Calls):
    """Asks one register."""

    async def ask(self, endpoint: Endpoint, message: Struct) -> Any:  # noqa: ANN401 - the endpoint's response
        """What `endpoint` answers."""
        for _ in range(PATIENCE):
            try:
                return await self.call(endpoint, message, endpoint.response)
            except StateError as error:
                if error.code == "municipality.no_answer":
                    raise
            await asyncio.sleep(PAUSE)
        raise StateError("municipality.no_answer")

    async def send(self, endpoint: Endpoint, lines: AsyncIterator[bytes]) -> Any:  # noqa: ANN401 - as above
        """What `endpoint` answers to a body of lines; StateError where the line is cut."""
        try:
            status, body = await self.requested(
                endpoint,
                data=_pieces(lines),
                headers={"Content-Type": "application/x-ndjson"},
                timeout=aiohttp.ClientTimeout(total=None),
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise StateError("municipality.no_answer") from error
        return decode(answered(status, body), endpoint.response)


async def _pieces(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for line in lines:
        held += line + b"\n"
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)
