"""Seeded chance: the same seed gives the same throws on every machine, so rehearsals can be repeated.

Nothing here is fit for a secret. This is the one module that meets `random`.
"""

import random  # noqa: TID251 - rehearsals must be repeatable from a seed; secrets come from the OS elsewhere
from bisect import bisect
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class Dice:
    """One stream of throws, named by its parts, such as Dice(7, "person", 123)."""

    def __init__(self, *parts: int | str) -> None:
        # Seeding with text goes through SHA-512, so neither the machine nor PYTHONHASHSEED matters.
        self._random = random.Random(":".join(map(str, parts)))  # noqa: S311 - no secret

    def chance(self, probability: float) -> bool:
        """True with `probability` (0 to 1)."""
        return self._random.random() < probability

    def fraction(self) -> float:
        """A number from 0 up to, not including, 1."""
        return self._random.random()

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, things: Sequence[T]) -> T:
        """One of `things`, all equally likely."""
        return things[int(self._random.random() * len(things))]

    def day(self, first: date, last: date) -> date:
        """A day from `first` to `last`, both included; `last` where they are the wrong way round."""
        return last if first >= last else first + timedelta(days=self.between(0, (last - first).days))


class Table(Generic[T]):
    """Things with weights."""

    def __init__(self, weighted: Iterable[tuple[T, float]]) -> None:
        pairs = [(thing, weight) for thing, weight in weighted if weight > 0]
        self._things = [thing for thing, _ in pairs]
        self._edges = list(accumulate(weight for _, weight in pairs))

    def draw(self, dice: Dice) -> T:
        """One thing, as likely as its share of the weight."""
        at = bisect(self._edges, dice.fraction() * self._edges[-1])
        return self._things[min(at, len(self._things) - 1)]
