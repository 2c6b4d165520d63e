"""The lives of a population go on: an endless stream of events, the same for the same seed.

Every event takes place within the fortnight before the population's day, never in the future, and for one person never
before the last. As people become fewer, fewer leave, so that the stream never runs dry.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count

from daemon.rehearsal.ages import MAN, WOMAN, Age
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.events import ARRIVALS, RATES, Event, Kind
from daemon.rehearsal.life import Life
from daemon.rehearsal.people import Person
from daemon.rehearsal.places import Home
from daemon.rehearsal.residents import BIRTH, DOMESTIC, ENTERED, OVERSEAS, Population
from daemon.rehearsal.sendings import Sending

DEPARTURE, DEATH, HOUSE = "21", "23", "31"  # 異動事由

_RECENT = 13  # days
_RETURNS = 0.4  # of those who come from elsewhere in Japan: have lived or have their 本籍 here
_COMES_HOME = 0.1  # of those who come from abroad: Japanese
_MOTHERS = (18, 46)  # years
_TRIES = 30
_OLDEST_OF = 24  # a death takes the oldest of so many


class Lives:
    """The events that follow on a population; `seed` chooses which."""

    def __init__(self, population: Population, seed: int) -> None:
        self._population = population
        self._seed = seed

    def events(self, start: int = 0) -> Iterator[Event]:
        """The events from number `start` on; those before it are lived through silently."""
        world = _World(self._population, self._seed)
        for number in count():
            event = world.live(number)
            if number >= start:
                yield event


class _World:
    """Who lives where now."""

    def __init__(self, population: Population, seed: int) -> None:
        self._population = population
        self._places = population.places
        self._dice = Dice(seed, "lives", population.seed, population.size)
        self._present = [Life.of(one) for one in population.residents]
        self._away = [Life.of(one) for one in population.elsewhere if not one.abroad]
        self._abroad = [Life.of(one) for one in population.elsewhere if one.abroad]
        self._people = count(len(population.everybody))
        self._ids = (f"E-{seed}-{number}" for number in count())
        self._acts: dict[Kind, Callable[[date], Iterator[Sending]]] = {
            Kind.BORN: self._born,
            Kind.FROM_ELSEWHERE: self._from_elsewhere,
            Kind.FROM_ABROAD: self._from_abroad,
            Kind.MOVED_HOUSE: self._moved_house,
            Kind.MOVED_CITY: self._moved_city,
            Kind.MOVED_OUT: self._moved_out,
            Kind.WENT_ABROAD: self._went_abroad,
            Kind.DIED: self._died,
        }

    def live(self, number: int) -> Event:
        """Let the next thing happen."""
        kind = self._kind()
        day = self._population.today - timedelta(days=self._dice.between(0, _RECENT))
        return Event(number, kind, tuple(self._acts[kind](day)))

    def _kind(self) -> Kind:
        while True:
            kind = RATES.draw(self._dice)
            if kind in ARRIVALS or (
                self._dice.chance(len(self._present) / self._population.size) and self._may(kind)
            ):
                return kind

    def _may(self, kind: Kind) -> bool:
        return bool(self._away) if kind is Kind.WENT_ABROAD else bool(self._present)

    def _born(self, day: date) -> Iterator[Sending]:
        parent = self._parent()
        dice, number = self._dice, next(self._people)
        age = Age(MAN if dice.chance(0.512) else WOMAN, max(day, parent.since))
        child = self._population.maker.child(dice, number, age, parent.person)
        life = Life(child, parent.home, age.born)
        self._present.append(life)
        yield life.arrive(next(self._ids), parent.home, BIRTH, age.born, known=False)
        if child.keeper:
            yield life.enter_fuhyo(next(self._ids), ENTERED, age.born)

    def _from_elsewhere(self, day: date) -> Iterator[Sending]:
        returns = self._away and self._dice.chance(_RETURNS)
        life = self._draw(self._away) if returns else self._stranger(day)
        yield from self._arrive(life, self._places.municipality(self._dice), DOMESTIC, day)

    def _from_abroad(self, day: date) -> Iterator[Sending]:
        if self._abroad and self._dice.chance(_COMES_HOME):
            life = self._draw(self._abroad)
        else:
            age = self._population.ages.mover(self._dice)
            person = self._population.maker.foreigner(self._dice, next(self._people), age)
            life = self._newcomer(person, day)
        yield from self._arrive(life, self._places.municipality(self._dice), OVERSEAS, day)

    def _moved_house(self, day: date) -> Iterator[Sending]:
        life = self._dice.pick(self._present)
        home = self._other_home(life, life.home.municipality)
        yield life.move_house(next(self._ids), home, HOUSE, max(day, life.since))
        yield from self._follow(life)

    def _moved_city(self, day: date) -> Iterator[Sending]:
        life = self._draw(self._present)
        yield life.leave(next(self._ids), DEPARTURE, max(day, life.since))
        yield from self._arrive(life, self._other_municipality(life.home.municipality), DOMESTIC, day)

    def _moved_out(self, day: date) -> Iterator[Sending]:
        life = self._draw(self._present)
        yield life.leave(next(self._ids), DEPARTURE, max(day, life.since))
        life.home = self._places.elsewhere(self._dice)
        # Whoever has no 附票 here is not heard of again.
        if life.fuhyo is not None:
            self._away.append(life)
        yield from self._follow(life)

    def _went_abroad(self, day: date) -> Iterator[Sending]:
        life = self._draw(self._away)
        life.abroad, life.since = True, max(day, life.since)
        self._abroad.append(life)
        yield from self._follow(life)

    def _died(self, day: date) -> Iterator[Sending]:
        candidates = [int(self._dice.fraction() * len(self._present)) for _ in range(_OLDEST_OF)]
        life = self._take(
            self._present, min(candidates, key=lambda index: self._present[index].person.age.born)
        )
        yield life.leave(next(self._ids), DEATH, max(day, life.since))
        if life.fuhyo is not None:
            yield life.strike_fuhyo(next(self._ids), life.since)

    def _arrive(self, life: Life, municipality: str, reason: str, day: date) -> Iterator[Sending]:
        home = self._other_home(life, municipality)
        yield life.arrive(next(self._ids), home, reason, max(day, life.since), known=reason == DOMESTIC)
        self._present.append(life)
        yield from self._follow(life)

    def _follow(self, life: Life) -> Iterator[Sending]:
        """Where somebody lives is told to the municipality of their 本籍, which tells `fuhyo`."""
        if life.fuhyo is not None:
            yield life.change_fuhyo(next(self._ids), life.since)

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
