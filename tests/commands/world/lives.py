"""Invented lives: what happens to a person, and which city says what of it. What can happen is each register's own."""

from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from daemon.register.codes import juminhyo_digit
from daemon.register.rows import RegisterDate
from tests.commands.world.cities import City

CITIES = {"35201": "下関市南部町", "35203": "山口市滝町", "35344": "熊毛郡平生町大字平生町"}


def a_day(day: date) -> RegisterDate:
    """A day of the calendar."""
    return RegisterDate(f"{day:%Y%m%d}")


class Lives:
    """The people, as they truly are, and the cities that tell of them."""

    reason = "reason"
    """The item that says what a notice is told for,"""
    move, rename = "31", "51"
    """and what it is for another address, and for another 住民票コード."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.cities = {code: City(code) for code in CITIES}
        self.now: list[Any] = []
        """What is true of each, as it was said last."""
        self.trail: list[list[Any]] = []
        """And all that was true before."""
        self.issued: set[str] = set()
        self.announced: list[tuple[str, str, date]] = []
        """廃置分合・境界変更: the city that ends there, the one that begins, and the day."""
        self._made = 0

    def code(self) -> str:
        """A 住民票コード that nobody had."""
        ten = f"{7919 * self.another():010}"
        self.issued.add(ten + juminhyo_digit(ten))
        return ten + juminhyo_digit(ten)

    def another(self) -> int:
        """A number that was never used."""
        self._made += 1
        return self._made

    def says(self, person: int, reason: str, *, ago: int = 0, old: str = "", **items: Any) -> None:
        """Something happened, and the city where they are says so."""
        given = {self.reason: reason, "event_date": a_day(self.today - timedelta(days=ago)), **items}
        record = replace(self.now[person], **given)
        self.trail[person].append(self.now[person])
        self.now[person] = record
        self.cities[record.municipality].say(person, record, old=old)

    def arrives(self, person: Any, reason: str, **items: Any) -> None:
        """Somebody of whom nothing was said before."""
        self.now.append(replace(person, name=f"住民　{'一二三四五六七八九'[len(self.now)]}子"))
        self.trail.append([])
        self.says(len(self.now) - 1, reason, **items)
        self.trail[-1].clear()

    def moved(self, record: Any) -> Any:
        """With another address."""
        return replace(record, **{self.reason: self.move}, **self.somewhere(record.municipality))

    def renamed(self, record: Any, code: str) -> Any:
        """With another 住民票コード."""
        return replace(record, **{self.reason: self.rename}, juminhyo_code=code)

    def happens(self, person: int, what: str, city: str) -> None:
        """One of the deeds of this register, or nothing where it cannot be."""
        raise NotImplementedError

    def newcomer(self, city: str, reason: str) -> None:
        """Somebody is born, or comes from outside."""
        raise NotImplementedError

    def somewhere(self, city: str) -> dict[str, Any]:
        """A new address of somebody of a city."""
        raise NotImplementedError
