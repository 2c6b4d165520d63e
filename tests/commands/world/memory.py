"""What the national server remembers by number: so that it can ask for messages n to m again, and knows what has to come."""

import copy
from collections import Counter
from collections.abc import Sequence

from daemon.contract.inbound import AgainTaken
from daemon.contract.national import Update

MOST = 16
"""Ranges that a register keeps until they have gone out."""


class Memory:
    """By number what was taken, and what is to come again."""

    def __init__(self) -> None:
        self._taken: dict[int, Update] = {}
        self._ranges: list[tuple[int, int]] = []
        """Asked for, and not known to have come."""
        self._came: Counter[int] = Counter()
        """How often which number came again since the last that was known to be whole."""
        self._smooth = True
        """Whether since then nothing was lost and nobody was killed: then nothing comes twice."""
        self._sure = 0
        """The highest number of which the register knows what became of it."""

    def copy(self) -> "Memory":
        """As it is now, of a time of which the register will know no more than was on its disk."""
        kept = copy.copy(self)
        kept._taken, kept._ranges, kept._came = dict(self._taken), list(self._ranges), Counter(self._came)
        kept._smooth = False
        return kept

    @property
    def full(self) -> bool:
        """Whether no more can be asked for."""
        return len(self._ranges) >= MOST

    def take(self, updates: Sequence[Update]) -> None:
        """What was taken: a repeat is what came under its number before, and was asked for."""
        for update in updates:
            first = self._taken.setdefault(update.number, update)
            assert (first.key, first.row, update.erased) == (update.key, update.row, False)
            if update.repeat:
                assert first is not update
                assert any(low <= update.number <= high for low, high in self._ranges), "nothing else"
                self._came[update.number] += 1

    def asked(self, first: int, last: int, answer: AgainTaken) -> None:
        """The register was asked for a range, and said what can come of it."""
        highest = max(self._taken, default=0)
        assert self._sure <= answer.given, "what was answered is known"
        assert (answer.first, answer.last, answer.kept) == (first, min(last, answer.given), 1)
        waits = any(low <= first and answer.last <= high for low, high in self._ranges)
        if first <= min(answer.last, highest) and not waits:
            self._ranges.append((first, answer.last))

    def told(self, *, whole: bool) -> None:
        """The register told what it had; `whole` where it came to the end of it and heard every answer."""
        if not whole:
            self._smooth = False
            return
        owed = Counter(
            number for low, high in self._ranges for number in range(low, high + 1) if number in self._taken
        )
        assert owed.keys() == self._came.keys(), "everything in it that was delivered"
        assert not self._smooth or owed == self._came, "once"
        self._ranges.clear()
        self._came.clear()
        self._smooth, self._sure = True, max(self._taken, default=0)
