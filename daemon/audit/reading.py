"""Finding entries of the log: by what their headers say, and by what their sealed fields mention, which are not shown.

By header only the days are read that may have such an entry (`daemon.audit.days`), in slices from the newest on; by mention only the
entries that the projection names, and each is opened to see that it is so. However long the log is, one look takes a bounded time:
it ends after `LOOKED` entries and says where to go on.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from daemon.audit import days
from daemon.audit.days import Day
from daemon.audit.journal import leaf_of, sequence
from daemon.audit.mention import Mention, mentioned
from daemon.clock import day_of
from daemon.store.engine import Engine, Table
from daemon.store.index import Index
from daemon.store.labels import Labels

SLICE = 500  # entries in one read
LOOKED = 20_000  # entries in one look

Pair = tuple[bytes, bytes]
Span = tuple[int, int]


class _Said(msgspec.Struct):
    """Of a leaf what is asked for, not yet checked."""

    time: datetime
    actor: str
    terminal: str
    action: str
    outcome: str
    affair: str


@dataclass(frozen=True)
class Wanted:
    """What a header must say; whatever is empty asks nothing."""

    since: datetime | None = None
    until: datetime | None = None
    """Before it."""
    actor: str = ""
    terminal: str = ""
    action: str = ""
    """One action, or all that begin so before a point."""
    outcome: str = ""
    affair: str = ""

    def fits(self, leaf: bytes) -> bool:
        """Whether an entry is wanted."""
        said = msgspec.json.decode(leaf, type=_Said)
        return (
            (self.since is None or self.since <= said.time)
            and (self.until is None or said.time < self.until)
            and days.is_of(said.action, self.action)
            and self.actor in ("", said.actor)
            and self.terminal in ("", said.terminal)
            and self.outcome in ("", said.outcome)
            and self.affair in ("", said.affair)
        )

    def may_be_in(self, day: Day) -> bool:
        """Whether a day may have such an entry."""
        return day.has(
            self.action,
            self.outcome,
            actor=self.actor,
            terminal=self.terminal,
            affair=self.affair,
        )

    @property
    def first(self) -> date | None:
        """The first day of them,"""
        return day_of(self.since) if self.since else None

    @property
    def last(self) -> date | None:
        """and the last."""
        return day_of(self.until) if self.until else None


class Found(NamedTuple):
    """Entries as they are stored, the newest first."""

    pairs: list[Pair]
    next: int
    """Go on below this one; 0 where there is no more."""


class LogReader:
    """Reads the log beside the writer."""

    def __init__(self, engine: Engine, index: Index, labels: Labels) -> None:
        self._engine = engine
        self._index = index
        self._labels = labels

    async def entry(self, seq: int) -> Pair | None:
        """One entry; None where it is not there."""
        key = sequence(seq)
        value = (await self._engine.get_many(Table.LOG, [key])).get(key)
        return (key, value) if value is not None else None

    async def by_header(self, wanted: Wanted, *, below: int, limit: int) -> Found:
        """Up to `limit` entries before number `below`."""
        return await _looked(self._slices(await self._spans(wanted), below), wanted, limit)

    async def mentioning(self, mention: Mention, wanted: Wanted, *, below: int, limit: int) -> Found:
        """Of those that mention it."""
        seqs = await self._index.mentioned.find(self._labels.wanted(mention))
        slices = self._opened(mention, [seq for seq in seqs if seq < below])
        return await _looked(slices, wanted, limit)

    async def _spans(self, wanted: Wanted) -> list[Span]:
        """Where such entries may lie, apart from each other, the newest first."""
        held = await days.days(self._engine.apart, wanted.first, wanted.last)
        oldest = await self._engine.apart.scan(Table.META, first=days.DAY, last=days.DAY + b"\xff", limit=1)
        # Entries under a hold outlive their days; they lie before all others.
        before = [(0, days.decoded(value).first) for _, value in oldest]
        return apart([*before, *((day.first, day.end) for day in held if wanted.may_be_in(day))])

    async def _slices(self, spans: Iterable[Span], below: int) -> AsyncIterator[list[Pair]]:
        for first, end in spans:
            last = min(end, below)
            while last > first:
                pairs = await self._engine.apart.scan(
                    Table.LOG, first=sequence(first), last=sequence(last), limit=SLICE, reverse=True
                )
                if not pairs:
                    break
                yield pairs
                last = int.from_bytes(pairs[-1][0], "big")

    async def _opened(self, mention: Mention, seqs: Sequence[int]) -> AsyncIterator[list[Pair]]:
        for start in range(0, len(seqs), SLICE):
            keys = [sequence(seq) for seq in seqs[start : start + SLICE]]
            held = await self._engine.apart.get_many(Table.LOG, keys)
            yield [(key, held[key]) for key in keys if key in held and self._says(mention, key, held[key])]

    def _says(self, mention: Mention, key: bytes, value: bytes) -> bool:
        return mention.content in mentioned(self._labels.fields(key, value))


async def _looked(slices: AsyncIterator[list[Pair]], wanted: Wanted, limit: int) -> Found:
    """What is wanted of what comes, until it is enough or `LOOKED` were looked at."""
    found: list[Pair] = []
    looked = 0
    async for pairs in slices:
        found += [pair for pair in pairs if wanted.fits(leaf_of(pair[1])[0])]
        if len(found) > limit:
            return Found(found[:limit], _number(found[limit - 1]))
        looked += SLICE
        if looked >= LOOKED and pairs:
            return Found(found, _number(pairs[-1]))
        await asyncio.sleep(0)
    return Found(found, 0)


def apart(spans: Iterable[Span]) -> list[Span]:
    """The same numbers in spans that do not touch, the last first."""
    joined: list[Span] = []
    for first, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((first, end))
    return joined[::-1]


def _number(pair: Pair) -> int:
    return int.from_bytes(pair[0], "big")
