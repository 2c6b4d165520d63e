"""The body of one request, as it comes: bounded, under a deadline, hashed for the log. Nothing is ever decompressed.

Whoever sends faster than it may is read more slowly: what is not read fills the line, and the sender waits.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from aiohttp import StreamReader, web

from daemon.contract.peer import MAX_BODY
from daemon.errors import InputError, TooMuchError

BODY = 30.0  # seconds for a whole body
IDLE = 30.0  # seconds between two pieces of a stream
GLANCE = 0.5  # seconds between two looks at whether a stream that says nothing may still go on
STREAM = 3600.0  # seconds for a whole stream
MAX_LINE = 16 * 1024  # bytes of one line of a stream
MAX_STREAM = 8 * 1024**3  # bytes of a stream: 4 million records of 2 KiB


@dataclass(frozen=True)
class Codes:
    """What is said of a body that will not do, and from which size on it does not."""

    wrong_type: str = "peer.wrong_type"
    late: str = "peer.body_late"
    broken: str = "peer.body_broken"
    too_large: str = "peer.body_too_large"
    most: int = MAX_BODY
    """Bytes of a whole body."""


class Body:
    """Read once, whole or by lines."""

    def __init__(
        self, content: StreamReader, codes: Codes, spend: Callable[[int], float], still: Callable[[], None]
    ) -> None:
        self._content = content
        self._codes = codes
        self._spend = spend
        """Told how many bytes came; gives the seconds until more should be read."""
        self._still = still
        """Raises StateError where no more is taken in."""
        self._digest = hashlib.sha256()
        self.size = 0
        self.lines = 0

    @property
    def digest(self) -> str:
        """SHA-256 of what came so far, in hex."""
        return self._digest.hexdigest()

    async def whole(self) -> bytes:
        """All of it. InputError or TooMuchError where it does not come whole, in time and within bounds.

        StateError where nothing is taken in any more when it is there.
        """
        pieces = []
        try:
            async with asyncio.timeout(BODY):
                while piece := await self._piece(self._codes.most):
                    self._spend(len(piece))
                    pieces.append(piece)
        except TimeoutError:
            raise InputError(self._codes.late) from None
        self._still()
        return b"".join(pieces)

    async def by_line(self) -> AsyncIterator[bytes]:
        """Its lines without their ends, as they come; the last one may lack its own. Errors as `whole` has them, at any moment."""
        rest = b""
        end = asyncio.get_running_loop().time() + STREAM
        while piece := await self._next(end):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield self._line(line)
            self._line(rest, count=0)
            await asyncio.sleep(self._spend(len(piece)))
        if rest:
            yield self._line(rest)

    def _line(self, line: bytes, count: int = 1) -> bytes:
        if len(line) > MAX_LINE:
            raise TooMuchError("peer.line_too_large")
        self.lines += count
        return line

    async def _next(self, end: float) -> bytes:
        # A deadline meets only those who wait; whoever always has something more is asked for the time.
        if asyncio.get_running_loop().time() > end:
            raise InputError(self._codes.late)
        idle = min(end, asyncio.get_running_loop().time() + IDLE)
        while True:
            self._still()
            try:
                async with asyncio.timeout_at(min(idle, asyncio.get_running_loop().time() + GLANCE)):
                    return await self._piece(MAX_STREAM)
            except TimeoutError:
                if asyncio.get_running_loop().time() >= idle:
                    raise InputError(self._codes.late) from None

    async def _piece(self, most: int) -> bytes:
        try:
            piece = await self._content.readany()
        except (web.RequestPayloadError, ConnectionError):
            raise InputError(self._codes.broken) from None
        self.size += len(piece)
        if self.size > most:
            raise TooMuchError(self._codes.too_large)
        self._digest.update(piece)
        return piece
