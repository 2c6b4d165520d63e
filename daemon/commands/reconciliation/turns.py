"""Turns for long work in the background: one at a time, each followed by a rest in proportion, so that others have their share.

What others miss is the event loop: while a connection's thread or the disk is at work, they have it. So a rest is in proportion
to the CPU time of the loop's own thread in the turn, and not to how long the turn took.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Turns:
    """`share` of the loop's time is worked, by all who take turns here together; whoever waited longest comes next."""

    def __init__(self, share: float, spent: Callable[[], float] = time.thread_time) -> None:
        self._spent = spent
        """Seconds that the loop's thread has computed."""
        self._share = share
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Work within it; little at a time."""
        async with self._lock:
            began = self._spent()
            yield
            await asyncio.sleep((self._spent() - began) * (1 / self._share - 1))
