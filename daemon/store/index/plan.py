"""Which index a search goes through. Pure.

Each criterion that has an index is a way in, with a guess of the part of the people that lies on it. A guess does not know
which surname is common and which town is small, so where it matters a way is looked at first: its entries are counted up to a
bound. The first way that has fewer is taken. Where all have more, hits are dense on one of them as a rule, and the one
is taken on which, by the guesses, enough people are found for the least work: entries read, and rows read for those entries
of which the index does not tell all that was asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from daemon.register.dates import Span
from daemon.register.wanted import Named, Wanted

PEOPLE = 1_500_000
"""A prefecture; only the order of magnitude matters."""
FEW = 500
"""Entries on a way that need no thought: they are read in less time than it takes to look."""
LOOKS = (300, 3_000)
"""Entries counted on each way, in the first round and in the second."""
LITTLE = 4_000
"""Work, in entries, that may be done without looking further."""
ROW = 20
"""Entries that can be read in the time of a row."""

# Parts of the people who share a beginning of so many characters; common ones, not the average.
_KANA = (1.0, 0.06, 0.015, 0.008, 0.004, 0.001)
_NAME = (1.0, 0.03, 0.008, 0.001)
_ADDRESS = (1.0, 0.04, 0.01, 0.004, 0.002, 0.001)
_WHOLE_KANA, _WHOLE_NAME = 0.0003, 0.0001
_MUNICIPALITY, _TOWN = 0.1, 0.01
_SEX, _OTHER_SEX = {"1": 0.5, "2": 0.5}, 0.001
_DAYS, _YEAR, _MONTH = 80 * 365, 365, 31


class Way(StrEnum):
    """A way in, named for the criterion that leads."""

    KANA = "kana"
    NAME = "name"
    BIRTH = "birth"
    """And sex."""
    PLACE = "place"
    """The municipality."""
    TOWN = "town"
    ADDRESS = "address"


_ALSO = {Way.PLACE: {Way.BIRTH}, Way.TOWN: {Way.PLACE}}
"""Criteria that narrow a way down besides the one that leads; those of a whole name are the birth."""
_TOLD = {
    Way.KANA: {Way.BIRTH, Way.PLACE},
    Way.NAME: {Way.BIRTH, Way.PLACE, Way.KANA},
    Way.BIRTH: {Way.PLACE, Way.KANA, Way.NAME},
    Way.PLACE: {Way.BIRTH, Way.KANA, Way.NAME},
    Way.TOWN: {Way.BIRTH, Way.KANA, Way.NAME},
    Way.ADDRESS: {Way.PLACE, Way.BIRTH, Way.KANA, Way.NAME},
}
"""Criteria that the entries of a way tell, without their rows (`daemon.store.migrations`)."""


@dataclass(frozen=True)
class Guess:
    """A way, with guesses of what going it means."""

    way: Way
    part: float
    """The part of the people that lies on it."""
    dense: float
    """The work, in entries, until enough people are found, if the criteria do not depend on each other."""

    whole: float
    """The work of going it to its end."""

    @property
    def work(self) -> float:
        """Whichever comes first."""
        return min(self.whole, self.dense)


def guesses(wanted: Wanted, limit: int = 1, *, past: bool = False) -> list[Guess]:
    """The ways that a search has, the narrowest first; by place there is none into the past."""
    parts = _parts(wanted)
    # Whoever is on the way by birth and in the municipality is on that by place.
    closed = {Way.PLACE, Way.TOWN} if past else {Way.BIRTH} if wanted.municipality else set()
    ways = [_guess(way, parts, _also(way, wanted), limit) for way in parts if way not in closed]
    return sorted(ways, key=lambda guess: guess.part)


def choose(wanted: Wanted, limit: int, count: Callable[[Way, int], int], *, past: bool = False) -> Way | None:
    """The way to go; None where there is none. `count` counts a way's entries up to a bound."""
    ways = guesses(wanted, limit, past=past)
    if len(ways) < 2 or ways[0].part * PEOPLE < FEW:  # noqa: PLR2004 - no choice
        return ways[0].way if ways else None
    easiest = min(ways, key=lambda guess: guess.work)
    if easiest.work <= FEW:
        return easiest.way
    for guess in ways:
        if count(guess.way, LOOKS[0]) < LOOKS[0]:
            return guess.way
    if easiest.work <= LITTLE:
        return easiest.way
    ways.sort(key=lambda guess: guess.work)
    return next((guess.way for guess in ways if count(guess.way, LOOKS[1]) < LOOKS[1]), ways[0].way)


def named_part(named: Named, steps: Sequence[float], whole: float) -> float:
    """The part of the people whose name has one of these keys."""
    return sum(whole if named.whole else _step(steps, len(key)) for key in named.keys)


def birth_part(span: Span) -> float:
    """The part of the people born in a span, as if as many were born on each day; never nothing."""
    (first, last) = (day // 10000 * _YEAR + day // 100 % 100 * _MONTH + day % 100 for day in span)
    return min(max(last - first + 1, 1) / _DAYS, 1.0)


def _parts(wanted: Wanted) -> dict[Way, float]:
    """The part of the people that each criterion leaves."""
    parts = {}
    if wanted.kana:
        parts[Way.KANA] = named_part(wanted.kana, _KANA, _WHOLE_KANA)
    if wanted.name:
        parts[Way.NAME] = named_part(wanted.name, _NAME, _WHOLE_NAME)
    if wanted.birth or wanted.sex:
        sex = _SEX.get(wanted.sex, _OTHER_SEX) if wanted.sex else 1.0
        parts[Way.BIRTH] = sex * (birth_part(wanted.birth) if wanted.birth else 1.0)
    if wanted.municipality:
        parts[Way.PLACE] = _MUNICIPALITY
        if wanted.town:
            parts[Way.TOWN] = _TOWN
    if wanted.address:
        parts[Way.ADDRESS] = _step(_ADDRESS, len(wanted.address))
    return parts


def _also(way: Way, wanted: Wanted) -> set[Way]:
    named = {Way.KANA: wanted.kana, Way.NAME: wanted.name}.get(way)
    return {Way.BIRTH} if named and named.whole else _ALSO.get(way, set())


def _guess(way: Way, parts: dict[Way, float], also: set[Way], limit: int) -> Guess:
    led = {way} | (also & parts.keys())
    rest = parts.keys() - led
    told = rest & _TOLD[way]
    rows = ROW * prod(parts[each] for each in told) if rest - told else 0.0
    entries, part = limit / prod(parts[each] for each in rest), prod(parts[each] for each in led)
    return Guess(way, part, entries * (1 + rows), part * PEOPLE * (1 + rows))


def _step(steps: Sequence[float], length: int) -> float:
    return steps[min(length, len(steps) - 1)]
