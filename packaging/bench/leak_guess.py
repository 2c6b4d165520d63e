"""Thieves who saw which pages changed in each hour, and guess what happened in it. Pure, every throw from a seed.

The first learns from hours whose story it knows and guesses the others (naive Bayes over changed pages, ten-fold
cross-validation). The second knows one hour of a person and asks in which other hour the same person came again. The third counts.
Each is strong on purpose: labels that no thief has, hours of one kind next to each other in time.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from leak_files import Place
from leak_stats import binomial_tail, line, wilson

from daemon.rehearsal.dice import Dice

FOLDS = 10
GRAINS = (1, 16)
"""Pages looked at one by one, and in neighbourhoods: an index that was built in one go has near keys in near pages."""
_DOUBT = 0.5  # added to every count (Jeffreys)
_TIES = 1e-9

Feature = tuple[str, int, int]


@dataclass(frozen=True)
class Hour:
    """What the thief sees of an hour, and what truly happened in it."""

    label: str
    changed: frozenset[Place]
    notices: int = 0
    searches: int = 0

    def within(self, file: str) -> "Hour":
        """The same, seen in one file alone."""
        return replace(self, changed=frozenset(place for place in self.changed if place[0] == file))


@dataclass(frozen=True)
class Guessed:
    """How often a thief was right, who would be right half the time by chance."""

    hits: int
    tries: int

    @property
    def accuracy(self) -> float:
        return self.hits / self.tries

    @property
    def interval(self) -> tuple[float, float]:
        """95 %."""
        return wilson(self.hits, self.tries)

    @property
    def p(self) -> float:
        """Probability to be so often right by luck."""
        return binomial_tail(self.hits, self.tries, 0.5)


def shuffled(dice: Dice, things: Sequence[Hour]) -> list[Hour]:
    """In an order by chance."""
    return [
        thing for _, thing in sorted(((dice.fraction(), thing) for thing in things), key=lambda pair: pair[0])
    ]


def which(hours: Sequence[Hour], dice: Dice) -> dict[int, Guessed]:
    """Tell two kinds of hours apart, by grain. There should be as many of either."""
    labels = sorted({hour.label for hour in hours})
    kinds = [shuffled(dice, [hour for hour in hours if hour.label == label]) for label in labels]
    pairs = list(zip(*kinds, strict=False))
    return {grain: _cross(pairs, grain, dice) for grain in GRAINS}


def _cross(pairs: Sequence[Sequence[Hour]], grain: int, dice: Dice) -> Guessed:
    """Guess each tenth of the pairs from the rest.

    An hour of either kind leaves together, so that what is left favours neither: else the thief would be wrong too often.
    """
    seen = [[(hour.label, _features(hour.changed, grain)) for hour in pair] for pair in pairs]
    labels = [label for label, _ in seen[0]]
    hits = tries = 0
    for fold in range(FOLDS):
        score = _learned([one for at, pair in enumerate(seen) if at % FOLDS != fold for one in pair], labels)
        for label, features in (one for pair in seen[fold::FOLDS] for one in pair):
            value = score(features)
            first = dice.chance(0.5) if abs(value) < _TIES else value > 0
            hits += label == labels[0 if first else 1]
            tries += 1
    return Guessed(hits, tries)


def _features(changed: frozenset[Place], grain: int) -> frozenset[Feature]:
    return frozenset((name, grain, number // grain) for name, number in changed)


def _learned(
    known: Sequence[tuple[str, frozenset[Feature]]], labels: Sequence[str]
) -> Callable[[frozenset[Feature]], float]:
    """The log of how much likelier the first label is, given what changed and what did not."""
    counts = [Counter[Feature]() for _ in labels]
    totals = [0 for _ in labels]
    for label, features in known:
        which_one = labels.index(label)
        counts[which_one].update(features)
        totals[which_one] += 1

    def odds(feature: Feature, *, there: bool) -> float:
        shares = [
            (count[feature] + _DOUBT) / (total + 2 * _DOUBT)
            for count, total in zip(counts, totals, strict=True)
        ]
        first, second = shares if there else (1 - share for share in shares)
        return math.log(first / second)

    every = counts[0] | counts[1]
    nothing = math.fsum(odds(feature, there=False) for feature in every)
    gain = {feature: odds(feature, there=True) - odds(feature, there=False) for feature in every}
    # Both kinds are equally likely, whatever the hours at hand: where nothing changed, nothing is known.
    return lambda features: nothing + math.fsum(gain.get(feature, 0.0) for feature in features)


def again(first: Sequence[Hour], second: Sequence[Hour], dice: Dice) -> Guessed:
    """Hour n of `second` has the person of hour n of `first` in it: tell that hour from another by shared pages.

    A page counts the more, the fewer hours it changed in.
    """
    changes = Counter(place for hour in (*first, *second) for place in hour.changed)
    total = len(first) + len(second)

    def score(one: Hour, other: Hour) -> float:
        return math.fsum(math.log(total / changes[place]) for place in one.changed & other.changed)

    hits = 0
    for at, hour in enumerate(second):
        wrong = (at + dice.between(1, len(first) - 1)) % len(first)
        right, other = score(first[at], hour), score(first[wrong], hour)
        hits += dice.chance(0.5) if abs(right - other) < _TIES else right > other
    return Guessed(hits, len(second))


def counted(hours: Sequence[Hour], seen: Callable[[Hour], int], told: Callable[[Hour], int]) -> float:
    """Median error, in per cent, of guessing a count from another by a line; learnt on even hours, tried on odd ones."""
    slope, rest = line([(seen(hour), told(hour)) for hour in hours[::2]])
    errors = [abs(slope * seen(hour) + rest - told(hour)) / told(hour) for hour in hours[1::2] if told(hour)]
    return 100 * median(errors)
