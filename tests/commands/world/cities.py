"""A municipality's server, as the register gets to know it: a queue, a count for each person, and answers that may not come."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from daemon.contract.peer import HonninNotice, Verdict
from daemon.register.rows import HonninRecord

_COUNTED = {"notice.count_reused", "notice.counted_before"}
"""Its count is another notice's."""


@dataclass
class City:
    """A municipality's server: what it has said and not heard of, and how far it has counted."""

    code: str
    queue: list[HonninNotice] = field(default_factory=list)
    """What has no answer yet, in the order in which it was said."""
    said: list[HonninNotice] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    """By person."""
    back: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Counts of notices that were refused: they are used again."""
    owner: dict[HonninNotice, tuple[int, bool]] = field(default_factory=dict)
    """By notice: whom it is about, and whether its count is its own."""

    def say(self, person: int, stated: HonninRecord, *, seq: int = 0, old: str = "", **other: Any) -> None:
        """Put a notice in the queue; with `seq` one that has a count that is not its own, with `other` one that is odd."""
        count = seq or self.due(person)
        if not seq:
            self._counted(person, count)
        name, record = f"{self.code}-{person}-{len(self.said)}", replace(stated, municipality=self.code)
        notice = replace(HonninNotice(id=name, sender_seq=count, old_code=old, record=record), **other)
        self.owner[notice] = person, not seq
        self.said.append(notice)
        self.queue.append(notice)

    def due(self, person: int) -> int:
        """The count of the next notice about somebody."""
        return min(self.back[person], default=self.counts[person] + 1)

    def hear(self, notice: HonninNotice, verdict: Verdict) -> None:
        """An answer came through."""
        if notice in self.queue:
            self.queue.remove(notice)
            person, own = self.owner[notice]
            if verdict.outcome == "refused":
                if own and verdict.code not in _COUNTED and notice.sender_seq not in self.back[person]:
                    self.back[person].append(notice.sender_seq)
            elif own or verdict.outcome != "held":
                self._counted(person, notice.sender_seq)

    def given_back(self, name: str) -> None:
        """It waited, and came to nothing: it is said again."""
        for notice in self.said:
            if notice.id == name and notice not in self.queue:
                self.queue.append(notice)

    def _counted(self, person: int, count: int) -> None:
        self.counts[person] = max(self.counts[person], count)
        if count in self.back[person]:
            self.back[person].remove(count)
