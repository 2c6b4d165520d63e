"""Surnames from tokens: how often a token stands there, and how often a name does in public statistics. Pure.

By rank: the commonest token is the commonest name. Together: tokens of the reading (かな) beside those of the writing say which
writings belong to one reading, and a group of counts is a better fingerprint than one count. What is found is measured
against what anyone gets who has no file at all: everybody is called 佐藤.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from japanese_personal_name_dataset import load_dataset

from daemon.rehearsal.dice import Dice

T = TypeVar("T", bound=Hashable)

RANKS = (10, 100, 1000)
_WINDOW = 25  # readings of about the same frequency that are tried for one another
_PASSES = 12
_UNKNOWN = 3.0  # how unlikely a writing is that no statistics know, as a logarithm
_MISSED = 0.01  # share of its bearers by which a number may be off


@dataclass(frozen=True)
class Statistic:
    """One surname of the public statistics."""

    written: str
    reading: str
    bearers: float


@dataclass(frozen=True)
class Recovered:
    """How much a thief got right."""

    by_rank: dict[int, int]
    """Of the so many commonest surnames: how many of them."""
    people: float
    """Share of the people whose surname is right."""


def statistics(dice: Dice | None = None, blur: float = 0.0) -> list[Statistic]:
    """The public numbers of bearers, commonest first; with `blur` each is wrong by about that share."""
    _, _, families = load_dataset("org", include_last_names=True)
    found = [
        Statistic(name, entry["reading"], entry["count"] * (math.exp(blur * _normal(dice)) if dice else 1.0))
        for name, entry in families.items()
    ]
    return sorted(found, key=lambda one: -one.bearers)


def by_rank(tokens: Sequence[T], public: Sequence[Statistic]) -> dict[T, str]:
    """The n-th commonest token is the n-th commonest name: the likeliest match where a token says nothing but its count."""
    order = [token for token, _ in Counter(tokens).most_common()]
    return {token: one.written for token, one in zip(order, public, strict=False)}


def together(rows: Sequence[tuple[T, T]], public: Sequence[Statistic]) -> dict[T, str]:
    """Match readings and their writings at once, by the likelihood of their counts; `rows` are (writing, reading)."""
    scale = len(rows) / math.fsum(one.bearers for one in public)
    names: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for one in public:
        names[one.reading].append((one.bearers * scale, one.written))
    tokens: dict[T, list[tuple[int, T]]] = defaultdict(list)
    for (writing, reading), count in Counter(rows).most_common():
        tokens[reading].append((count, writing))
    ours = sorted(tokens.values(), key=lambda group: -sum(count for count, _ in group))
    theirs = sorted(names.values(), key=lambda group: -sum(count for count, _ in group))
    matched = _improved(ours, theirs[: len(ours)])
    return {
        token: name
        for group, reading in zip(ours, matched, strict=False)
        for (_, token), (_, name) in zip(group, reading, strict=False)
    }


def _improved(
    ours: Sequence[list[tuple[int, T]]], theirs: list[list[tuple[float, str]]]
) -> list[list[tuple[float, str]]]:
    """Exchange readings of about the same frequency as long as that makes the counts likelier."""
    held = list(theirs)
    known: dict[tuple[int, int], float] = {}

    def fits(at: int, reading: list[tuple[float, str]]) -> float:
        key = at, id(reading)
        if key not in known:
            known[key] = _likelihood([count for count, _ in ours[at]], [count for count, _ in reading])
        return known[key]

    for _ in range(_PASSES):
        better = False
        for at in range(len(held)):
            for other in range(at + 1, min(at + _WINDOW, len(held))):
                one, two = held[at], held[other]
                if fits(at, two) + fits(other, one) > fits(at, one) + fits(other, two):
                    held[at], held[other], better = two, one, True
        if not better:
            break
    return held


def _likelihood(counts: Sequence[int], expected: Sequence[float]) -> float:
    """Log of the density of `counts` where so many are `expected`: normal, spread by chance and by what the statistics miss.

    A writing too many is one that no statistics know (髙 for 高); a writing too few is one that nobody here bears.
    """
    spreads = [(mean, mean + (_MISSED * mean) ** 2) for mean in expected]
    there = math.fsum(
        -((count - mean) ** 2) / (2 * spread) - math.log(spread) / 2
        for count, (mean, spread) in zip(counts, spreads, strict=False)
    )
    return there - _UNKNOWN * max(0, len(counts) - len(expected)) - math.fsum(expected[len(counts) :])


def recovered(guess: Mapping[T, str], tokens: Sequence[T], surnames: Sequence[str]) -> Recovered:
    """Compare a guess with the truth: the token and the surname of each person."""
    of = dict(zip(surnames, tokens, strict=True))
    order = [name for name, _ in Counter(surnames).most_common()]
    right = sum(guess.get(token) == name for token, name in zip(tokens, surnames, strict=True))
    return Recovered(
        {rank: sum(guess.get(of[name]) == name for name in order[:rank]) for rank in RANKS},
        right / len(surnames),
    )


def by_chance(surnames: Sequence[str], public: Sequence[Statistic]) -> Recovered:
    """What a thief gets who has no file: everybody bears the commonest name."""
    return recovered({0: public[0].written}, [0] * len(surnames), surnames)


def _normal(dice: Dice) -> float:
    """About a standard normal: the sum of twelve throws."""
    return math.fsum(dice.fraction() for _ in range(12)) - 6
