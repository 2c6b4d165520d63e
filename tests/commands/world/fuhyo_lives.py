"""Lives as `fuhyo` hears of them: from the city of the 本籍, which says where in Japan or that abroad its people live."""

from typing import Any

from msgspec.structs import replace

from daemon.register.rows import RegisterDate
from tests.commands.world.fuhyo_rules import ABROAD, CHANGED, NOWHERE, RENAMED, STRUCK, WRITTEN, stand
from tests.commands.world.lives import Lives, a_day
from tests.commands.world.rules import Stand
from tests.register.people import FUHYO

PLACES = {"13104": "東京都新宿区西新宿", "27100": "大阪府大阪市北区", "35203": "山口県山口市滝町"}


class FuhyoLives(Lives):
    """People of Japan, wherever they live."""

    reason = "notice_kind"
    move, rename = CHANGED, RENAMED

    def newcomer(self, city: str, reason: str) -> None:
        """Somebody gets a 附票 here."""
        person = replace(FUHYO, juminhyo_code=self.code(), municipality=city)
        self.arrives(person, reason, **self.somewhere(city))

    def somewhere(self, city: str) -> dict[str, Any]:
        """A new address in Japan of somebody whose 附票 a city keeps."""
        made = self.another()
        place = sorted(PLACES)[made % len(PLACES)]
        return {
            "address_municipality": place,
            "address": f"{PLACES[place]}{made}番",
            "last_address": "",
            "municipality": city,
        }

    def happens(self, person: int, what: str, city: str) -> None:
        if stand(self.now[person]) is Stand.STRUCK:
            self.says(person, WRITTEN, **self.somewhere(city))
        else:
            getattr(self, f"_{what}")(person, city)

    def _moves(self, person: int, _city: str) -> None:
        """Also back from abroad."""
        self.says(person, CHANGED, **self.somewhere(self.now[person].municipality))

    def _abroad(self, person: int, _city: str) -> None:
        """Of whoever is abroad the last address alone can change."""
        here = self.now[person]
        last = here.address if here.address != ABROAD else f"{here.last_address}の{self.another()}"
        self.says(person, CHANGED, address_municipality=NOWHERE, address=ABROAD, last_address=last)

    def _named(self, person: int, _city: str) -> None:
        self.says(person, CHANGED, name=f"住民　{self.another()}", ago=1)

    def _read(self, person: int, _city: str) -> None:
        self.says(person, CHANGED, kana="じゅうみん　" + "あ" * (len(self.now[person].kana) % 9 + 1))

    def _corrected(self, person: int, _city: str) -> None:
        sex = "2" if self.now[person].sex == "1" else "1"
        self.says(person, CHANGED, sex=sex, birth=RegisterDate(f"1989{self.another() % 12 + 1:02}07"))

    def _renamed(self, person: int, _city: str) -> None:
        self.says(person, RENAMED, juminhyo_code=self.code(), old=self.now[person].juminhyo_code)

    def _transfers(self, person: int, city: str) -> None:
        """転籍: both cities say so, each for itself."""
        here = self.now[person]
        if city != here.municipality:
            self.says(person, STRUCK)
            self.says(person, WRITTEN, municipality=city)

    def _struck(self, person: int, _city: str) -> None:
        month = RegisterDate(f"{self.today:%Y%m}00")
        self.says(person, STRUCK, event_date=month if len(self.trail[person]) % 2 else a_day(self.today))


DEEDS = (
    "moves", "moves", "abroad", "abroad", "abroad", "named", "read", "corrected", "renamed", "renamed", "transfers", "transfers",
    "transfers", "struck",
)  # fmt: skip
