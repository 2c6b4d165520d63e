"""A turnstile: any number may be inside; whoever shuts it waits until all are out, and newcomers wait until it opens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turnstile:
    """Guards what is now and then exchanged under those who use it."""

    def __init__(self) -> None:
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_open(self) -> bool:
        """Whether nobody has shut it, or is about to."""
        return self._open.is_set()

    def through(self) -> "_Way":
        """Be inside; what is guarded stays the same meanwhile."""
        return _Way(self)

    async def enter(self) -> None:
        """Once it is open."""
        while not self._open.is_set():
            await self._open.wait()
        self._inside += 1
        self._empty.clear()

    def leave(self) -> None:
        """Once for each that entered."""
        self._inside -= 1
        if not self._inside:
            self._empty.set()

    @asynccontextmanager
    async def shut(self) -> AsyncIterator[None]:
        """Have it to oneself; for one at a time, and never from inside."""
        self._open.clear()
        try:
            await self._empty.wait()
            yield
        finally:
            self._open.set()


class _Way:
    """In and out again: a class, since each read goes through, and a generator costs ten times as much."""

    __slots__ = ("_turnstile",)

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile

    async def __aenter__(self) -> None:
        await self._turnstile.enter()

    async def __aexit__(self, *_: object) -> None:
        self._turnstile.leave()
