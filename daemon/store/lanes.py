"""Who is next at the writer: one lane for each who asks, taken in turn, and one that goes before all. Pure but for the waiting.

A municipality that sends ten thousand notices at once (住居表示, the furigana wave) fills its own lane and nobody else's: each
group takes at most one piece of every lane in turn, until it weighs enough. What a person at a screen waits for, and what is said
of the register itself, goes first.
"""

import asyncio
from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")

FIRST = ""
"""The lane that goes before all others."""


class Lanes(Generic[T]):
    """Pieces of work with a weight each, in lanes."""

    def __init__(self, size: int) -> None:
        """`size` pieces may wait at once; whoever has another one waits until there is room."""
        self._lanes: OrderedDict[str, deque[tuple[T, int]]] = OrderedDict()
        self._room = asyncio.Semaphore(size)
        self._some = asyncio.Event()
        self._waiting = 0
        self._held = False

    def __len__(self) -> int:
        return self._waiting

    async def put(self, lane: str, piece: T, weight: int = 1) -> None:
        """At the end of `lane`; waits while too many pieces do."""
        await self._room.acquire()
        self._lanes.setdefault(lane, deque()).append((piece, weight))
        self._waiting += 1
        self._look()

    def hold(self, *, held: bool) -> None:
        """While `held` nothing is taken but from the first lane."""
        self._held = held
        self._look()

    async def take(self, *, most: int, weight: int) -> list[T]:
        """What is next: one piece at least, then others up to `most` pieces or until they weigh `weight` together.

        Whoever gives up waiting has taken nothing.
        """
        await self._some.wait()
        return self.take_now(most=most, weight=weight)

    def take_now(self, *, most: int, weight: int) -> list[T]:
        """The same of what is there; nothing if nothing is."""
        taken: list[T] = []
        heavy = 0
        while self._takeable and len(taken) < most and heavy < weight:
            piece, weighs = self._next()
            taken.append(piece)
            heavy += weighs
        self._look()
        return taken

    def take_first(self, *, most: int) -> list[T]:
        """Up to `most` pieces of the first lane, if there are any."""
        taken: list[T] = []
        while FIRST in self._lanes and len(taken) < most:
            taken.append(self._next()[0])
        self._look()
        return taken

    @property
    def _takeable(self) -> bool:
        return FIRST in self._lanes if self._held else bool(self._waiting)

    def _look(self) -> None:
        if self._takeable:
            self._some.set()
        else:
            self._some.clear()

    def _next(self) -> tuple[T, int]:
        name = FIRST if FIRST in self._lanes else next(iter(self._lanes))
        lane = self._lanes[name]
        piece = lane.popleft()
        if lane:
            self._lanes.move_to_end(name)
        else:
            del self._lanes[name]
        self._waiting -= 1
        self._room.release()
        return piece
