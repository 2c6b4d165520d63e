"""Entries of the log that are kept beyond their 7 years (証拠保全の保留), by number of the hold. Pure.

Which entries, until when and how far a hold has come is in META, since nothing of it is personal; why is sealed under the key
of the hold, `hold.<n>` (`daemon.commands.log_holds`). An entry may be under several: the one with the lowest number has it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from daemon.audit.pruning import Span

KEY = b"log_holds"
"""In META."""


class Stage(StrEnum):
    """How far a hold has come."""

    PLACED = "placed"
    OVER = "over"
    """It has ended; what outlived its 7 years under it is deleted next, once the log says so."""
    LEAVING = "leaving"
    """The log says so."""


class Hold(msgspec.Struct, frozen=True, array_like=True):
    """One hold."""

    spans: tuple[Span, ...]
    """Ascending, apart from each other; once it is over what is still to be deleted."""
    until: date
    """The last day (in Japan) on which it holds."""
    stage: Stage = Stage.PLACED


class Holds(msgspec.Struct, frozen=True, array_like=True):
    """All of them."""

    last: int = 0
    """The highest number ever given."""
    by_number: dict[int, Hold] = {}

    def holder(self, seq: int) -> int | None:
        """The number of the hold that keeps entry `seq`."""
        return next((number for number, hold in self._keeping() if _within(hold.spans, seq)), None)

    def spans(self, *, keeping: bool = False) -> list[Span]:
        """What is there because it is held, or was; with `keeping` only what may not be deleted yet. Ascending, joined where it touches."""
        holds = self._keeping() if keeping else self.by_number.items()
        return joined(span for _, hold in holds for span in hold.spans)

    def with_(self, number: int, hold: Hold) -> "Holds":
        """The same with `hold` under that number."""
        return Holds(max(self.last, number), dict(sorted({**self.by_number, number: hold}.items())))

    def without(self, number: int) -> "Holds":
        """The same without that hold."""
        return Holds(self.last, {other: hold for other, hold in self.by_number.items() if other != number})

    def ended(self, number: int, done: int) -> "Holds":
        """The same where that hold is over: of its entries those before `done` are still to be deleted, later ones are as any."""
        hold = self.by_number[number]
        spans = tuple((first, min(last, done)) for first, last in hold.spans if first < done)
        if not spans:
            return self.without(number)
        return self.with_(number, replace(hold, spans=spans, stage=Stage.OVER))

    def at(self, stage: Stage) -> Mapping[int, Hold]:
        """Those that have come so far."""
        return {number: hold for number, hold in self.by_number.items() if hold.stage is stage}

    def _keeping(self) -> Iterable[tuple[int, Hold]]:
        return ((number, hold) for number, hold in self.by_number.items() if hold.stage is not Stage.LEAVING)


def key_of(number: int) -> bytes:
    """The key under which a hold says why."""
    return number.to_bytes(8, "big")


def read(held: Mapping[bytes, bytes]) -> Holds:
    """What META says."""
    return msgspec.msgpack.decode(held[KEY], type=Holds) if KEY in held else Holds()


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same entries in as few spans as can be, ascending."""
    found: list[Span] = []
    for first, end in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((first, end))
    return found


def cut(spans: Iterable[Span], most: int) -> tuple[list[Span], list[Span]]:
    """The first `most` entries of `spans`, and the rest."""
    head: list[Span] = []
    rest: list[Span] = []
    for first, end in spans:
        middle = min(end, first + most)
        most -= middle - first
        head += [(first, middle)] if first < middle else []
        rest += [(middle, end)] if middle < end else []
    return head, rest


def without(spans: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """What is in `spans` and not in `other`; both ascending and apart."""
    found: list[Span] = []
    others = list(other)
    for first, end in spans:
        for start, stop in others:
            if start < end and first < stop:
                found += [(first, start)] if first < start else []
                first = stop  # noqa: PLW2901 - what is left of the span
        found += [(first, end)] if first < end else []
    return found


def _within(spans: Sequence[Span], seq: int) -> bool:
    at = bisect_right(spans, seq, key=lambda span: span[0])
    return at > 0 and seq < spans[at - 1][1]
