"""Synthetic histories of `honnin`: every version of everybody, as a register that ran since 2002 would hand them over.

For loads at the size of a prefecture: made one after the other in constant memory, the same for the same seed, in the
order of their 住民票コード. Of every seven people two are struck off, the others are residents now. Like those of
`daemon.rehearsal.residents` they are never real people.
"""

import dataclasses
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from msgspec.structs import replace

from daemon.register.codes import juminhyo_digit
from daemon.register.municipalities import NETWORK
from daemon.register.rows import HonninRecord, HonninRow, RegisterDate
from daemon.register.versions import next_row
from daemon.rehearsal.ages import Ages
from daemon.rehearsal.births import japanese
from daemon.rehearsal.dice import Dice, Table
from daemon.rehearsal.foreigners import SHARE as FOREIGN_SHARE
from daemon.rehearsal.mergers import as_of, merger
from daemon.rehearsal.mistakes import DEATH
from daemon.rehearsal.moves import DEPARTURE, Setting
from daemon.rehearsal.numbers import Numbers
from daemon.rehearsal.people import Maker, Person
from daemon.rehearsal.residents import BIRTH, DOMESTIC, OVERSEAS, Source
from daemon.rehearsal.turns import next_turn

SEVENTH = 7
STRUCK = 2  # of seven people
ROWS_PER_RESIDENT = 4.3 / 1.35
"""Versions to one resident, with those of people struck off (1.35 million residents, about 3 million older rows)."""
CHUNK = 500  # people who share one stream of throws
MOST = 200  # further versions of one person

_ENDS = Table(((DEATH, 50), (DEPARTURE, 40), ("22", 6), ("24", 4)))  # 死亡, 転出, 国外転出, 職権消除
_FROM_ABROAD = 0.5  # of the foreigners
_VAGUE = 0.003  # of the deaths: the day is not known
_LEAVING = 0.0003  # of the residents: their 転出 is told and lies ahead
_AHEAD = 0.3  # of the 転出: told before their day
_DELAYS = (0, 0, 0, 1, 2, 3, 7, 14)  # days from an event until it is told
_MORNING = time(0, 0, tzinfo=UTC)  # 9:00 in Japan
_OFFICE = 28_000  # seconds that an office is open

History = tuple[HonninRow, ...]
"""All versions of one person, the oldest first."""


class Histories:
    """The people of one seed, as of the morning of `today`, with about `rows` versions in all."""

    def __init__(
        self, seed: int, residents: int, today: date, *, rows: int | None = None, source: Source | None = None
    ) -> None:
        source = source or Source.load()
        self._seed = seed
        self._until = today - timedelta(days=1)
        self._source = source
        self._ages = Ages(self._until)
        self._maker = Maker(seed, self._until, source.names)
        self._numbers = Numbers(seed)
        self.people = max(residents * SEVENTH // (SEVENTH - STRUCK), 1)
        self._stride = 10**10 // self.people
        further = (rows or residents * ROWS_PER_RESIDENT) / self.people - 1 - STRUCK / SEVENTH
        # The whole part of an exponential throw on this scale has `further` for its mean.
        self._scale = 1 / math.log1p(1 / further) if further > 0 else 0.0

    def __iter__(self) -> Iterator[History]:
        """Everybody, from the first again each time."""
        for chunk in range(self.chunks):
            yield from self.chunk(chunk)

    @property
    def chunks(self) -> int:
        """How many chunks of people there are."""
        return -(-self.people // CHUNK)

    def chunk(self, chunk: int) -> Iterator[History]:
        """The people of one chunk, which are the same whatever was made before."""
        dice = Dice(self._seed, "histories", chunk)
        for number in range(chunk * CHUNK, min((chunk + 1) * CHUNK, self.people)):
            yield self._history(number, dice)

    def _history(self, number: int, dice: Dice) -> History:
        person = self._person(number, dice)
        reason = self._entry(person, dice)
        born = person.age.born
        first = born if reason == BIRTH else dice.day(max(born, NETWORK), self._until)
        end = self._end(number, dice)
        records = self._stated(person, reason, first, dice)
        if end:
            records.append(replace(records[-1], reason=end))
        days = self._days(dice, first, len(records), leaving=end == DEPARTURE and number % SEVENTH >= STRUCK)
        return self._rows(records, days, dice)

    def _person(self, number: int, dice: Dice) -> Person:
        age = self._ages.resident(dice)
        if dice.chance(FOREIGN_SHARE):
            person = self._maker.foreigner(dice, number, age)
        else:
            person = self._maker.japanese(dice, number, age, keeper="")
        base = f"{number * self._stride + dice.between(0, self._stride - 1):010}"
        return dataclasses.replace(person, juminhyo_code=base + juminhyo_digit(base))

    def _entry(self, person: Person, dice: Dice) -> str:
        """異動事由 of the first version."""
        if person.age.born >= NETWORK:
            return BIRTH
        return OVERSEAS if person.family is None and dice.chance(_FROM_ABROAD) else DOMESTIC

    def _end(self, number: int, dice: Dice) -> str:
        """異動事由 of the last version where that strikes them off, or is going to."""
        if number % SEVENTH < STRUCK:
            return _ENDS.draw(dice)
        return DEPARTURE if dice.chance(_LEAVING) else ""

    def _stated(self, person: Person, reason: str, first: date, dice: Dice) -> list[HonninRecord]:
        """What was stated while they were here, in turn; only the first has its day."""
        places, known = self._source.places, reason == DOMESTIC
        home = places.home(dice, places.municipality(dice))
        setting = Setting(
            places,
            self._source.names,
            year=person.age.born.year,
            foreign=person.family is None,
            number=self._numbers.kojin_bango(person.number + self.people) if known else person.kojin_bango,
        )
        records = [person.honnin(home, reason=reason, event=first, known=known)]
        further = min(int(-math.log(1 - dice.fraction()) * self._scale), MOST)
        while len(records) <= further:
            for change in next_turn(records[-1], dice, setting):
                records.append(replace(records[-1], **change))
        return records

    def _days(self, dice: Dice, first: date, count: int, *, leaving: bool) -> list[date]:
        """The days of `count` events; the last is ahead of today for somebody who is `leaving`."""
        last = dice.day(first, self._until)
        between = sorted(dice.day(first, last) for _ in range(count - 2))
        if leaving:
            last = self._until + timedelta(days=dice.between(2, 20))
        return [first, *between, last][:count]

    def _rows(self, records: list[HonninRecord], days: list[date], dice: Dice) -> History:
        rows: list[HonninRow] = []
        told, last = days[0], records[0]
        for record, day in zip(records, days, strict=True):
            dated = replace(record, event_date=_written(record, day, dice))
            before, told = told, min(max(told, day + timedelta(days=_delay(record, dice))), self._until)
            if rows and (moved := merger(last, before, told)):
                _add(rows, *moved)
            _add(rows, as_of(dated, told), told, dice.between(0, _OFFICE))
            last = record
        if moved := merger(last, told, self._until):
            _add(rows, *moved)
        return tuple(rows)


def _add(rows: list[HonninRow], record: HonninRecord, told: date, second: int = 0) -> None:
    """One version more, told in that second of the office's day."""
    received = datetime.combine(told, _MORNING) + timedelta(seconds=second)
    last = rows[-1] if rows else None
    row = next_row(record, last, received=received, terminal=f"CS{record.municipality}")
    if isinstance(row, HonninRow):
        rows.append(row)


def _delay(record: HonninRecord, dice: Dice) -> int:
    """Days from the event until it was told; fewer than none where a 転出 was told ahead."""
    if record.reason == DEPARTURE and dice.chance(_AHEAD):
        return -dice.between(1, 10)
    return dice.pick(_DELAYS)


def _written(record: HonninRecord, day: date, dice: Dice) -> RegisterDate:
    written = japanese(day)
    if record.reason == DEATH and dice.chance(_VAGUE):
        return replace(written, code=f"{day:%Y%m}00", text="日不詳")
    return written
