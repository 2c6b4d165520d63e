"""Turns for long work in the background: one at a time, each followed by a rest in proportion, so that others have their share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from daemon.clock import Clock


class Turns:
    """`share` of the time is worked, by all who take turns here together; whoever waited longest comes next."""

    def __init__(self, clock: Clock, share: float) -> None:
        self._clock = clock
        self._share = share
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Work within it; little at a time."""
        async with self._lock:
            began = self._clock.monotonic()
            yield
            await asyncio.sleep((self._clock.monotonic() - began) * (1 / self._share - 1))
