"""What a thief of hourly copies asks, put to a real register hour by hour: which, who again, how many."""

from dataclasses import dataclass

from leak_files import DATABASES
from leak_guess import Guessed, Hour, again, counted, which
from leak_hours import Belongs, Hours, anybody, called, lives_in

from daemon.rehearsal.dice import Dice

LEAKS = 0.01
"""Below this probability of being right so often by luck, pages tell."""
MOST_COUNTED = 40  # notices, and searches, in an hour whose number is asked for

KINDS: dict[str, dict[str, Belongs]] = {
    "下関市 or 山口市": {"下関市": lives_in("35201"), "山口市": lives_in("35203")},
    "佐藤 or 鈴木": {"佐藤": called("佐藤"), "鈴木": called("鈴木")},
}


@dataclass(frozen=True)
class Answer:
    """How well one question was answered from one file."""

    question: str
    beside: int
    """Notices of other people in the same hour."""
    file: str
    guessed: Guessed
    attempts: int
    """Ways that were tried, the best of which is shown."""

    @property
    def leaks(self) -> bool:
        """Whether the thief does better than by chance, counting that several ways were tried."""
        return min(1.0, self.guessed.p * self.attempts) < LEAKS


async def moved(hours: Hours, question: str, beside: int, count: int, dice: Dice) -> list[Answer]:
    """Who of two kinds of people moved house, among `beside` others: `count` hours."""
    kinds = KINDS[question]
    seen = [
        await hours.hour(label, hours.draw(kinds[label]) + hours.draw(anybody, beside))
        for label in _labels(question, count, dice)
    ]
    return _answers(question, beside, seen, dice)


async def searched(hours: Hours, question: str, each: int, count: int, dice: Dice) -> list[Answer]:
    """Whom of two kinds of people an operator looked for, `each` searches in each of `count` hours."""
    kinds = KINDS[question]
    seen = [
        await hours.hour(label, [], hours.draw(kinds[label], each))
        for label in _labels(question, count, dice)
    ]
    return _answers(f"searched for: {question}", 0, seen, dice)


async def returned(hours: Hours, beside: int, count: int, dice: Dice) -> list[Answer]:
    """Whether somebody who moved in a known hour moved again in a later one, among `beside` others."""
    people = [hours.draw(anybody) for _ in range(count)]
    rounds = [
        [await hours.hour("", person + hours.draw(anybody, beside)) for person in people] for _ in range(2)
    ]
    answers = []
    for file in DATABASES:
        first, second = ([hour.within(file) for hour in part] for part in rounds)
        answers.append(Answer("the same person again", beside, file, again(first, second, dice), 1))
    return answers


async def numbers(hours: Hours, count: int, dice: Dice) -> dict[str, float]:
    """Median error in per cent of counts guessed from the number of changed pages."""
    seen = []
    for _ in range(count):
        movers, looked = (dice.between(1, MOST_COUNTED) for _ in range(2))
        seen.append(await hours.hour("", hours.draw(anybody, movers), hours.draw(anybody, looked)))
    return {
        "notices": counted(seen, _size, lambda hour: hour.notices),
        "searches": counted(seen, _size, lambda hour: hour.searches),
        "both together": counted(seen, _size, lambda hour: hour.notices + hour.searches),
    }


def _labels(question: str, count: int, dice: Dice) -> list[str]:
    """As many of either kind, in an order by chance: in turn they would go with whatever else comes in turn."""
    first, second = KINDS[question]
    return [
        label for _, label in sorted((dice.fraction(), label) for label in [first, second] * (count // 2))
    ]


def _answers(question: str, beside: int, seen: list[Hour], dice: Dice) -> list[Answer]:
    answers = []
    for file in DATABASES:
        ways = which([hour.within(file) for hour in seen], dice)
        best = max(ways.values(), key=lambda guessed: guessed.hits)
        answers.append(Answer(question, beside, file, best, len(ways)))
    return answers


def _size(hour: Hour) -> int:
    return len(hour.changed)
