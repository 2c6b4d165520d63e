"""Synthetic residents of Yamaguchi: never real people, the same for the same seed on every machine.

A population is `size` residents, and beside them the people who live elsewhere but have their 本籍 here and
so stand in `fuhyo` alone. Everything about a person follows from the seed, their number and the day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from daemon.contract.peer import FuhyoNotice, HonninNotice
from daemon.register.rows import FuhyoRecord, HonninRecord, Register
from daemon.rehearsal.ages import Ages
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.foreigners import SHARE as FOREIGN_SHARE
from daemon.rehearsal.names import Names
from daemon.rehearsal.people import Maker, Person, coded
from daemon.rehearsal.places import Home, Places
from daemon.rehearsal.sendings import Sending

ROOTED_HERE = 0.84  # of the Japanese residents: 本籍 in Yamaguchi
ROOTED_AT_HOME = 0.8  # of those: 本籍 in the municipality they live in
ELSEWHERE_SHARE = 0.25  # people in `fuhyo` alone, to one resident
ABROAD_SHARE = 0.043  # of those: 国外転出者, about one in a hundred of all of `fuhyo`
_FROM_ABROAD = 0.5  # of the foreigners: came straight from abroad, and have no 個人番号 on record
_NETWORK = date(2002, 8, 5)  # the network's first day
_YEAR = timedelta(days=365)

DOMESTIC, OVERSEAS, BIRTH = "11", "12", "13"  # 異動事由 of an arrival
ENTERED = "1"  # 通知区分 記載


@dataclass(frozen=True)
class Resident:
    """A person with a home, and what the registers are told of them first; None where a register never hears of them."""

    person: Person
    home: Home
    abroad: bool
    honnin: HonninRecord | None
    fuhyo: FuhyoRecord | None
    since: date
    """The later of the two notices' event dates."""


@dataclass(frozen=True)
class Source:
    """Real places and real frequencies of names; takes a moment to load, and may serve several populations."""

    places: Places
    names: Names

    @classmethod
    def load(cls) -> "Source":
        """From the libraries; StateError if they are not installed."""
        return cls(Places.load(), Names())


class Population:
    """The people of one seed, as of `today`."""

    def __init__(self, seed: int, size: int, today: date, *, source: Source | None = None) -> None:
        source = source or Source.load()
        self.seed = seed
        self.size = size
        self.today = today
        self.places = source.places
        self.ages = Ages(today)
        self.maker = Maker(seed, today, source.names)
        elsewhere = round(size * ELSEWHERE_SHARE)
        self.residents = tuple(self._resident(number) for number in range(size))
        self.elsewhere = tuple(self._elsewhere(number) for number in range(size, size + elsewhere))

    @property
    def everybody(self) -> tuple[Resident, ...]:
        """Residents, then those who live elsewhere."""
        return self.residents + self.elsewhere

    def initial(self, register: Register) -> Iterator[Sending]:
        """The notices that fill an empty register, one per person."""
        for one in self.everybody:
            identity = f"L-{self.seed}-{one.person.number}"
            if register is Register.HONNIN and one.honnin is not None:
                honnin = HonninNotice(id=identity, sender_seq=1, record=coded(one.honnin))
                yield Sending(register, one.honnin.municipality, honnin)
            elif register is Register.FUHYO and one.fuhyo is not None:
                fuhyo = FuhyoNotice(id=identity, sender_seq=1, record=coded(one.fuhyo))
                yield Sending(register, one.fuhyo.municipality, fuhyo)

    def keeper(self, dice: Dice, municipality: str) -> str:
        """Where a Japanese who lives here has their 本籍; empty for another prefecture."""
        if not dice.chance(ROOTED_HERE):
            return ""
        return municipality if dice.chance(ROOTED_AT_HOME) else self.places.municipality(dice)

    def _resident(self, number: int) -> Resident:
        dice = Dice(self.seed, "resident", number)
        age = self.ages.resident(dice)
        home = self.places.home(dice, self.places.municipality(dice))
        if dice.chance(FOREIGN_SHARE):
            person = self.maker.foreigner(dice, number, age)
        else:
            person = self.maker.japanese(dice, number, age, keeper=self.keeper(dice, home.municipality))
        reason = self._reason(dice, person)
        arrived = age.born if reason == BIRTH else self._past(dice, age.born)
        entered = age.born if reason == BIRTH else self._past(dice, age.born)
        fuhyo = person.fuhyo(home, abroad=False, kind=ENTERED, event=entered) if person.keeper else None
        return Resident(
            person=person,
            home=home,
            abroad=False,
            honnin=person.honnin(home, reason=reason, event=arrived, known=reason == DOMESTIC),
            fuhyo=fuhyo,
            since=max(arrived, entered),
        )

    def _elsewhere(self, number: int) -> Resident:
        dice = Dice(self.seed, "elsewhere", number)
        age = self.ages.resident(dice)
        person = self.maker.japanese(dice, number, age, keeper=self.places.municipality(dice))
        home = self.places.elsewhere(dice)
        abroad = dice.chance(ABROAD_SHARE)
        entered = self._past(dice, age.born)
        fuhyo = person.fuhyo(home, abroad=abroad, kind=ENTERED, event=entered)
        return Resident(person=person, home=home, abroad=abroad, honnin=None, fuhyo=fuhyo, since=entered)

    def _reason(self, dice: Dice, person: Person) -> str:
        """How they came. A child of under a year was born here and has no 個人番号 on record yet."""
        if person.age.born > self.today - _YEAR:
            return BIRTH
        return OVERSEAS if person.family is None and dice.chance(_FROM_ABROAD) else DOMESTIC

    def _past(self, dice: Dice, born: date) -> date:
        return dice.day(max(born, _NETWORK), self.today)
