"""Lives as `honnin` hears of them: births, moves, names, numbers, departures, deaths, and what was said by mistake."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from daemon.register.codes import kojin_bango_digit
from daemon.register.rows import HonninRecord, RegisterDate
from tests.commands.world.honnin_rules import ANNEXED, STRIKES, WRITES, stand
from tests.commands.world.lives import CITIES, Lives, a_day
from tests.commands.world.rules import Stand
from tests.register.people import HONNIN


class HonninLives(Lives):
    """Residents."""

    def number(self) -> str:
        """A 個人番号 that nobody had."""
        eleven = f"{104729 * self.another():011}"
        return eleven + kojin_bango_digit(eleven)

    def newcomer(self, city: str, reason: str) -> None:
        """Who is born has no number yet, nor has who comes from abroad."""
        born = a_day(self.today - timedelta(days=2)) if reason == "13" else HONNIN.birth
        given = "" if reason in {"12", "13"} else self.number()
        person = replace(HONNIN, juminhyo_code=self.code(), municipality=city, kojin_bango=given, birth=born)
        self.arrives(person, reason, ago=2 if reason == "13" else 0, **self.somewhere(city))

    def somewhere(self, city: str) -> dict[str, Any]:
        """A new address in a city."""
        made = self.another()
        return {"address": f"山口県{CITIES[city]}{made}番", "municipality": city, "town": f"{made:06}"}

    def happens(self, person: int, what: str, city: str) -> None:
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
        self.says(person, "32", name=f"住民　{self.another()}")

    def _written(self, person: int, _city: str) -> None:
        self.says(person, "33", name=f"住民　{self.another()}号", ago=1)

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

    def _annexed(self, person: int, city: str) -> None:
        """The city that gets where they are says so; too early, or where nothing was announced, it errs."""
        here = self.now[person]
        days = {new: day for old, new, day in self.announced if old == here.municipality}
        new = city if city in days else next(iter(days), city)
        if new == here.municipality:
            return
        day, there = days.get(new, self.today), self.somewhere(new)
        if new in days and day <= self.today:
            self.says(person, ANNEXED, ago=(self.today - day).days, **there)
        else:
            speaker = self.cities[new]
            record = replace(here, reason=ANNEXED, event_date=a_day(day), **there)
            speaker.say(person, record, seq=speaker.due(person))

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
    "struck", "undone", "undone", "annexed", "annexed",
)  # fmt: skip
