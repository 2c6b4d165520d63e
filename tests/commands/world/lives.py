"""Invented lives: what happens to a person, and which city says what of it."""

from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from daemon.register.codes import juminhyo_digit, kojin_bango_digit
from daemon.register.rows import HonninRecord, RegisterDate
from tests.commands.world.cities import City
from tests.commands.world.rules import STRIKES, WRITES, Stand, stand
from tests.register.people import HONNIN

CITIES = {"35201": "下関市南部町", "35203": "山口市滝町", "35344": "熊毛郡平生町大字平生町"}


def a_day(day: date) -> RegisterDate:
    """A day of the calendar."""
    return RegisterDate(f"{day:%Y%m%d}")


class Lives:
    """The people, as they truly are, and the cities that tell of them."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.cities = {code: City(code) for code in CITIES}
        self.now: list[HonninRecord] = []
        """What is true of each, as it was said last."""
        self.trail: list[list[HonninRecord]] = []
        """And all that was true before."""
        self.issued: set[str] = set()
        self._made = 0

    def code(self) -> str:
        """A 住民票コード that nobody had."""
        self._made += 1
        ten = f"{7919 * self._made:010}"
        self.issued.add(ten + juminhyo_digit(ten))
        return ten + juminhyo_digit(ten)

    def number(self) -> str:
        """A 個人番号 that nobody had."""
        self._made += 1
        eleven = f"{104729 * self._made:011}"
        return eleven + kojin_bango_digit(eleven)

    def says(self, person: int, reason: str, *, ago: int = 0, old: str = "", **items: Any) -> None:
        """Something happened, and the city where they are says so."""
        given = {"event_date": a_day(self.today - timedelta(days=ago)), **items}
        record = replace(self.now[person], reason=reason, **given)
        self.trail[person].append(self.now[person])
        self.now[person] = record
        self.cities[record.municipality].say(person, record, old=old)

    # What happens.

    def newcomer(self, city: str, reason: str) -> None:
        """Somebody is born, or comes from outside."""
        day = self.today - timedelta(days=2)
        born = a_day(day) if reason == "13" else HONNIN.birth
        given = "" if reason in {"12", "13"} else self.number()
        person = replace(HONNIN, juminhyo_code=self.code(), municipality=city, kojin_bango=given, birth=born)
        self.now.append(replace(person, name=f"住民　{'一二三四五六七八九'[len(self.now)]}子"))
        self.trail.append([])
        self.says(len(self.now) - 1, reason, ago=2 if reason == "13" else 0, **self.somewhere(city))
        self.trail[-1].clear()

    def somewhere(self, city: str) -> dict[str, Any]:
        """A new address in a city."""
        self._made += 1
        return {
            "address": f"山口県{CITIES[city]}{self._made}番",
            "municipality": city,
            "town": f"{self._made:06}",
        }

    def happens(self, person: int, what: str, city: str) -> None:
        """One of `DEEDS`, or nothing where it cannot be."""
        standing = stand(self.now[person])
        ahead = standing is Stand.OUT and self.now[person].event_date.code > f"{self.today:%Y%m%d}"
        if standing is Stand.PRESENT or (ahead and what in {"dies", "leaves"}):
            getattr(self, f"_{what}")(person, city)
        elif what == "undone":
            self.says(person, "15")
        elif standing is not Stand.DEAD:
            self.says(
                person, "11" if what == "goes" else "12" if what == "moves" else "14", **self.somewhere(city)
            )

    def _moves(self, person: int, _city: str) -> None:
        self.says(person, "31", **self.somewhere(self.now[person].municipality))

    def _named(self, person: int, _city: str) -> None:
        self._made += 1
        self.says(person, "32", name=f"住民　{self._made}")

    def _written(self, person: int, _city: str) -> None:
        self._made += 1
        self.says(person, "33", name=f"住民　{self._made}号", ago=1)

    def _read(self, person: int, _city: str) -> None:
        self.says(person, "34", kana="じゅうみん　" + "あ" * (len(self.now[person].kana) % 9 + 1))

    def _former(self, person: int, _city: str) -> None:
        had = self.now[person].former_name
        self.says(person, "35", former_name="" if had else "住基", former_name_kana="" if had else "じゅうき")

    def _numbered(self, person: int, _city: str) -> None:
        self.says(person, "41" if self.now[person].kojin_bango else "42", kojin_bango=self.number())

    def _renamed(self, person: int, _city: str) -> None:
        self.says(person, "51", juminhyo_code=self.code(), old=self.now[person].juminhyo_code)

    def _goes(self, person: int, city: str) -> None:
        """To another city: both say so, each for itself."""
        here = self.now[person]
        if city != here.municipality:
            self.says(person, "21")
            self.says(person, "11", **self.somewhere(city))

    def _leaves(self, person: int, _city: str) -> None:
        self.says(person, "21", ago=-3)

    def _abroad(self, person: int, _city: str) -> None:
        self.says(person, "22")

    def _dies(self, person: int, _city: str) -> None:
        month = RegisterDate(f"{self.today:%Y%m}00")
        day = month if len(self.trail[person]) % 2 else a_day(self.today)
        self.says(person, "23", event_date=day)

    def _struck(self, person: int, _city: str) -> None:
        self.says(person, "24")

    def _undone(self, person: int, _city: str) -> None:
        """What was said last was a mistake."""
        last, before = self.now[person], self.trail[person]
        if last.reason in WRITES:
            self.says(person, "25")
            if len(before) > 2 and before[-2].reason in STRIKES:
                self._restored(person, before[-3])
        elif last.reason in {"31", "32", "33", "34", "35", "41", "42"}:
            self.says(
                person, "37", **{item: getattr(before[-1], item) for item in last.__struct_fields__[1:9]}
            )

    def _restored(self, person: int, there: HonninRecord) -> None:
        """The city that had them before takes them back."""
        code = self.now[person].juminhyo_code
        self.now[person] = replace(there, juminhyo_code=code)
        self.says(person, "15")


DEEDS = (
    "moves", "named", "written", "read", "former", "numbered", "renamed", "goes", "goes", "goes", "leaves", "abroad", "dies",
    "struck", "undone", "undone",
)  # fmt: skip
