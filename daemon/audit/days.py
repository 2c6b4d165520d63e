"""What was done on each day and in each month, in figures, kept in META with every commit.

A day says between which entries its own lie and what occurs in them, so that whoever looks for an entry reads only the days that may
have it. It goes with its entries. A month's figures stay for ever: they name nobody.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from daemon.audit.entry import Header, Outcome
from daemon.store.engine import Reads, Table

DAY, MONTH = b"day:", b"month:"
"""In META: `day:<YYYY-MM-DD>` → Day, `month:<YYYY-MM>` → Figures."""
MOST_MONTHS = 12 * 200
AT_ONCE = 400  # days in one read

Figures = dict[str, tuple[int, int, int]]
"""By action how many were ok, were refused, failed."""
PLACES = {Outcome.OK: 0, Outcome.REFUSED: 1, Outcome.FAILED: 2}


class Day(msgspec.Struct, frozen=True, array_like=True):
    """The entries of one day (in Japan), as their time says."""

    first: int
    """They lie at and after this place,"""
    end: int
    """and before this one."""
    figures: Figures
    actors: frozenset[str]
    terminals: frozenset[str]
    affairs: frozenset[str]

    def has(self, action: str, outcome: str, *, actor: str, terminal: str, affair: str) -> bool:
        """Whether there may be an entry with these values; what is empty asks nothing."""
        counted = [by for of, by in self.figures.items() if is_of(of, action)]
        return (
            any(not outcome or by[PLACES[Outcome(outcome)]] for by in counted)
            and (not actor or actor in self.actors)
            and (not terminal or terminal in self.terminals)
            and (not affair or affair in self.affairs)
        )


def is_of(action: str, asked: str) -> bool:
    """Whether an action is the one that was asked for, or of that kind: `search` asks for all of `search.done`, `search.refused`."""
    return asked in ("", action) or action.startswith(f"{asked}.")


def key_of_day(day: date) -> bytes:
    """Its key in META."""
    return DAY + day.isoformat().encode()


def key_of_month(day: date) -> bytes:
    """The key in META of the month that `day` lies in."""
    return MONTH + day.isoformat()[:7].encode()


def with_entries(day: Day | None, headers: Iterable[Header]) -> Day:
    """`day` (None before its first) with further entries."""
    new = list(headers)
    first, end = new[0].seq, new[-1].seq + 1
    before = day or Day(first, end, {}, frozenset(), frozenset(), frozenset())
    return Day(
        min(before.first, first),
        max(before.end, end),
        counted(before.figures, new),
        before.actors.union({header.actor for header in new}),
        before.terminals.union({header.terminal for header in new}),
        before.affairs.union({header.affair for header in new}),
    )


def counted(before: Figures, headers: Iterable[Header]) -> Figures:
    """The figures with further entries."""
    figures = dict(before)
    for header in headers:
        by = list(figures.get(header.action, (0, 0, 0)))
        by[PLACES[header.outcome]] += 1
        ok, refused, failed = by
        figures[header.action] = (ok, refused, failed)
    return figures


_DAY = msgspec.msgpack.Decoder(Day)
_FIGURES: msgspec.msgpack.Decoder[Figures] = msgspec.msgpack.Decoder(Figures)


def decoded(value: bytes) -> Day:
    """A day as it lies in META."""
    return _DAY.decode(value)


def day_in(held: Mapping[bytes, bytes], key: bytes) -> Day | None:
    """The day under `key`, if it is there."""
    return decoded(held[key]) if key in held else None


def figures_in(held: Mapping[bytes, bytes], key: bytes) -> Figures:
    """The figures of the month under `key`; none if it is not there."""
    return _FIGURES.decode(held[key]) if key in held else {}


async def days(reads: Reads, first: date | None, last: date | None) -> list[Day]:
    """The days from `first` to `last` of which there are entries, the first first."""
    begin = key_of_day(first) if first else DAY
    end = (key_of_day(last) if last else DAY + b"\xff") + b"\x00"
    found: list[Day] = []
    while pairs := await reads.scan(Table.META, first=begin, last=end, limit=AT_ONCE):
        found += [decoded(value) for _, value in pairs]
        begin = pairs[-1][0] + b"\x00"
    return found


async def newest_before(reads: Reads, day: date) -> Day | None:
    """The last day before `day` of which there are entries."""
    pairs = await reads.scan(Table.META, first=DAY, last=key_of_day(day), limit=1, reverse=True)
    return decoded(pairs[0][1]) if pairs else None


async def months(reads: Reads) -> dict[str, Figures]:
    """The figures of every month (`2026-11`), the first first."""
    pairs = await reads.scan(Table.META, first=MONTH, last=MONTH + b"\xff", limit=MOST_MONTHS)
    return {key.removeprefix(MONTH).decode(): _FIGURES.decode(value) for key, value in pairs}


async def gone(reads: Reads, floor: int) -> list[bytes]:
    """The keys of the days all of whose entries lie below `floor`."""
    pairs = await reads.scan(Table.META, first=DAY, last=DAY + b"\xff", limit=100_000)
    return [key for key, value in pairs if decoded(value).end <= floor]
