"""The lives of a population go on: an endless stream of events, the same for the same seed.

Every event takes place within the fortnight before the population's day, never in the future, and for one person never
before the last. As people become fewer, fewer leave, so that the stream never runs dry.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count

from daemon.rehearsal.ages import MAN, WOMAN, Age
from daemon.rehearsal.crowd import Crowd
from daemon.rehearsal.events import ARRIVALS, RATES, Event, Kind
from daemon.rehearsal.life import Life
from daemon.rehearsal.residents import BIRTH, DOMESTIC, ENTERED, OVERSEAS, Population
from daemon.rehearsal.sendings import Sending

DEPARTURE, DEATH, STRUCK, HOUSE = "21", "23", "24", "31"  # 異動事由
BACK, RESTORED = "15", "37"  # 異動の取消し（増・修正）

_RECENT = 13  # days
_RETURNS = 0.4  # of those who come from elsewhere in Japan: have lived or have their 本籍 here
_COMES_HOME = 0.1  # of those who come from abroad: Japanese
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


class _World(Crowd):
    """What happens to whom."""

    def __init__(self, population: Population, seed: int) -> None:
        super().__init__(population, seed)
        self._acts: dict[Kind, Callable[[date], Iterator[Sending]]] = {
            Kind.BORN: self._born,
            Kind.FROM_ELSEWHERE: self._from_elsewhere,
            Kind.FROM_ABROAD: self._from_abroad,
            Kind.MOVED_HOUSE: self._moved_house,
            Kind.MOVED_CITY: self._moved_city,
            Kind.MOVED_OUT: self._moved_out,
            Kind.WENT_ABROAD: self._went_abroad,
            Kind.DIED: self._died,
            Kind.RECODED: self._recoded,
            Kind.NOT_MOVED: self._not_moved,
            Kind.NOT_GONE: self._not_gone,
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

    def _recoded(self, day: date) -> Iterator[Sending]:
        life = self._dice.pick(self._present)
        code = self._another_code()
        yield life.recode(next(self._ids), code, max(day, life.since))
        if life.fuhyo is not None:
            yield life.recode_fuhyo(next(self._ids), life.since)

    def _not_moved(self, day: date) -> Iterator[Sending]:
        life = self._dice.pick(self._present)
        here, away = life.home, self._other_home(life, life.home.municipality)
        for home, reason in ((away, HOUSE), (here, RESTORED)):
            yield life.move_house(next(self._ids), home, reason, max(day, life.since))
            yield from self._follow(life)

    def _not_gone(self, day: date) -> Iterator[Sending]:
        life = self._dice.pick(self._present)
        for reason in (self._dice.pick((DEATH, STRUCK)), BACK):
            yield life.leave(next(self._ids), reason, max(day, life.since))

    def _arrive(self, life: Life, municipality: str, reason: str, day: date) -> Iterator[Sending]:
        home = self._other_home(life, municipality)
        yield life.arrive(next(self._ids), home, reason, max(day, life.since), known=reason == DOMESTIC)
        self._present.append(life)
        yield from self._follow(life)

    def _follow(self, life: Life) -> Iterator[Sending]:
        """Where somebody lives is told to the municipality of their 本籍, which tells `fuhyo`."""
        if life.fuhyo is not None:
            yield life.change_fuhyo(next(self._ids), life.since)
