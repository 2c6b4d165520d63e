"""Who lives where at a moment of a rehearsal, and who is taken for what happens next."""

from datetime import date
from itertools import count

from daemon.rehearsal.ages import WOMAN
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.life import Life
from daemon.rehearsal.numbers import Numbers
from daemon.rehearsal.people import Person
from daemon.rehearsal.places import Home
from daemon.rehearsal.residents import Population

_MOTHERS = (18, 46)  # years
_TRIES = 30


class Crowd:
    """The people of a population, and those who come to it; `seed` chooses who."""

    def __init__(self, population: Population, seed: int) -> None:
        self._population = population
        self._places = population.places
        self._dice = Dice(seed, "lives", population.seed, population.size)
        self._present = [Life.of(one) for one in population.residents]
        self._away = [Life.of(one) for one in population.elsewhere if not one.abroad]
        self._abroad = [Life.of(one) for one in population.elsewhere if one.abroad]
        self._people = count(len(population.everybody))
        self._ids = (f"E-{seed}-{number}" for number in count())
        self._numbers = Numbers(population.seed)

    def _parent(self) -> Life:
        """A mother, or, where there is none of that age, whoever takes the child in."""
        year = self._population.today.year
        for _ in range(_TRIES):
            life = self._dice.pick(self._present)
            if (
                life.person.age.sex == WOMAN
                and _MOTHERS[0] <= year - life.person.age.born.year <= _MOTHERS[1]
            ):
                return life
        return self._dice.pick(self._present)

    def _stranger(self, day: date) -> Life:
        """A Japanese with 本籍 elsewhere whom neither register has heard of."""
        age = self._population.ages.mover(self._dice)
        person = self._population.maker.japanese(self._dice, next(self._people), age, keeper="")
        return self._newcomer(person, day)

    def _newcomer(self, person: Person, day: date) -> Life:
        return Life(person, self._places.elsewhere(self._dice), max(day, person.age.born))

    def _other_home(self, life: Life, municipality: str) -> Home:
        while True:
            home = self._places.home(self._dice, municipality)
            if home.address != life.home.address:
                return home

    def _other_municipality(self, old: str) -> str:
        while True:
            new = self._places.municipality(self._dice)
            if new != old:
                return new

    def _draw(self, lives: list[Life]) -> Life:
        return self._take(lives, int(self._dice.fraction() * len(lives)))

    def _take(self, lives: list[Life], index: int) -> Life:
        """Remove the one at `index`; the last moves into the gap."""
        lives[index], lives[-1] = lives[-1], lives[index]
        return lives.pop()

    def _another_code(self) -> str:
        """A 住民票コード that nobody has."""
        return self._numbers.juminhyo_code(next(self._people))
