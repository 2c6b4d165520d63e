"""Sex and age, with the shape of Yamaguchi's pyramid (国勢調査 2020, rounded: 65 and over 35.5 %, median about 52)."""

from dataclasses import dataclass
from datetime import date, timedelta

from daemon.rehearsal.dice import Dice, Table

MAN, WOMAN = "1", "2"
_OLDEST = 108  # years

_PYRAMID = (
    (0, 46, 0.512), (5, 52, 0.512), (10, 56, 0.512), (15, 58, 0.513), (20, 54, 0.520), (25, 53, 0.520),
    (30, 59, 0.511), (35, 69, 0.506), (40, 80, 0.504), (45, 96, 0.502), (50, 82, 0.496), (55, 77, 0.489),
    (60, 84, 0.485), (65, 100, 0.480), (70, 116, 0.470), (75, 91, 0.445), (80, 74, 0.410), (85, 55, 0.345),
    (90, 29, 0.260), (95, 9.7, 0.170), (100, 1.3, 0.120),
)  # fmt: skip
"""First age of a five-year group, thousands of people, share of men."""


@dataclass(frozen=True)
class Age:
    """Somebody's sex (1 男, 2 女) and day of birth."""

    sex: str
    born: date


class Ages:
    """The pyramid as of one day; also that of people who move, who are younger."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._residents = Table(((first, men), thousands) for first, thousands, men in _PYRAMID)
        self._movers = Table(
            ((first, men), _mobility(first) * thousands) for first, thousands, men in _PYRAMID
        )

    def resident(self, dice: Dice) -> Age:
        """Anybody."""
        return self._age(dice, *self._residents.draw(dice))

    def mover(self, dice: Dice) -> Age:
        """Somebody who moves house over a long way."""
        return self._age(dice, *self._movers.draw(dice))

    def _age(self, dice: Dice, first: int, men: float) -> Age:
        years = min(first + dice.between(0, 4), _OLDEST)
        born = self._today - timedelta(days=int((years + dice.fraction()) * 365.2425))
        return Age(MAN if dice.chance(men) else WOMAN, born)


def _mobility(age: int) -> float:
    """How much more often than a pensioner somebody of this age moves (住民基本台帳人口移動報告: a peak at 20–29)."""
    peaks = ((18, 2.0), (35, 8.0), (50, 3.0), (65, 1.5))
    return next((times for below, times in peaks if age < below), 1.0)
