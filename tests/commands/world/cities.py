"""A municipality's server, as the register gets to know it: a queue, a count for each person, and answers that may not come."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from daemon.contract.peer import FuhyoNotice, HonninNotice, Notice, Verdict
from daemon.register.rows import HonninRecord, Record

_COUNTED = {"notice.count_reused", "notice.counted_before"}
"""Its count is another notice's."""


@dataclass
class City:
    """A municipality's server: what it has said and not heard of, and how far it has counted."""

    code: str
    queue: list[Notice] = field(default_factory=list)
    """What has no answer yet, in the order in which it was said."""
    said: list[Notice] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    """By person."""
    back: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Counts of notices that were refused: they are used again."""
    owner: dict[Notice, tuple[int, bool]] = field(default_factory=dict)
    """By notice: whom it is about, and whether its count is its own."""

    def say(self, person: int, stated: Record, *, seq: int = 0, old: str = "", **other: Any) -> None:
        """Put a notice in the queue; with `seq` one that has a count that is not its own, with `other` one that is odd."""
        count = seq or self.due(person)
        if not seq:
            self._counted(person, count)
        name, record = f"{self.code}-{person}-{len(self.said)}", replace(stated, municipality=self.code)
        notice = replace(_notice(name, count, record, old), **other)
        self.owner[notice] = person, not seq
        self.said.append(notice)
        self.queue.append(notice)

    def due(self, person: int) -> int:
        """The count of the next notice about somebody."""
        return min(self.back[person], default=self.counts[person] + 1)

    def hear(self, notice: Notice, verdict: Verdict) -> None:
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

    def say_again(self, notices: Iterable[Notice]) -> None:
        """What somebody lost comes first, in the order in which it is given."""
        lost = list(dict.fromkeys(notices))
        self.queue = [*lost, *(one for one in self.queue if one not in lost)]

    def _counted(self, person: int, count: int) -> None:
        self.counts[person] = max(self.counts[person], count)
        if count in self.back[person]:
            self.back[person].remove(count)


def _notice(name: str, count: int, record: Record, old: str) -> Notice:
    """In `fuhyo` the code of before is an item of the record."""
    if isinstance(record, HonninRecord):
        return HonninNotice(id=name, sender_seq=count, old_code=old, record=record)
    return FuhyoNotice(id=name, sender_seq=count, record=replace(record, former_code=old))
