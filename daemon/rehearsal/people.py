"""One synthetic person: who they are, and the records that the two registers should hold of them."""

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from msgspec.structs import replace

from daemon.register.checks import ABROAD_ADDRESS
from daemon.register.derived import ABROAD
from daemon.register.items import UNIFIED
from daemon.register.names import gaiji
from daemon.register.rows import FuhyoRecord, HonninRecord, Record, RegisterDate
from daemon.register.unified import unified
from daemon.rehearsal import births
from daemon.rehearsal.ages import WOMAN, Age
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.foreigners import foreign_name
from daemon.rehearsal.names import FORMER_NAME_SHARE, Names, Part
from daemon.rehearsal.numbers import Numbers
from daemon.rehearsal.places import Home

_GROWN_UP = 22  # years: from here on a woman may have a 旧氏
_GROWN_UP_WOMEN = 0.43  # of all residents
_OLD_RECORDS = 40  # years: nobody younger was written down with an unknown date in Japan
_OLD_PEOPLE = 0.65  # of all residents
_FOREIGN_UNKNOWN_SHARE = 0.005

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Person:
    """What does not change in a life here. `number` counts the people of one seed; `age.born` is the true birth."""

    number: int
    age: Age
    family: Part | None
    """Their surname; None for a foreigner, who hands none down."""
    written: str
    read: str
    birth: RegisterDate
    former: Part | None
    """旧氏."""
    keeper: str
    """附票管理市町村: that of the 本籍 if it lies in Yamaguchi, else empty."""
    juminhyo_code: str
    kojin_bango: str
    """Their 個人番号, whether or not a register knows it yet."""

    def honnin(self, home: Home, *, reason: str, event: date, known: bool = True) -> HonninRecord:
        """Their record in `honnin`; `known` says whether the 個人番号 stands in it."""
        former = self.former or Part("", "")
        return HonninRecord(
            juminhyo_code=self.juminhyo_code,
            name=self.written,
            name_gaiji=gaiji(self.written),
            kana=self.read,
            birth=self.birth,
            sex=self.age.sex,
            address=home.address,
            address_gaiji=gaiji(home.address),
            kojin_bango=self.kojin_bango if known else "",
            reason=reason,
            event_date=births.japanese(event),
            municipality=home.municipality,
            town=home.town,
            name_gaiji_version=int(gaiji(self.written) > 0),
            address_gaiji_version=int(gaiji(home.address) > 0),
            former_name=former.written,
            former_name_gaiji=gaiji(former.written),
            former_name_kana=former.read,
            former_name_gaiji_version=int(gaiji(former.written) > 0),
        )

    def fuhyo(self, home: Home, *, abroad: bool, kind: str, event: date) -> FuhyoRecord:
        """Their record in `fuhyo`; for those `abroad` the home is their last one in Japan (最終住所)."""
        municipality, address, last_address = where(home, abroad=abroad)
        return FuhyoRecord(
            juminhyo_code=self.juminhyo_code,
            name=self.written,
            name_gaiji=gaiji(self.written),
            kana=self.read,
            birth=self.birth,
            sex=self.age.sex,
            address_municipality=municipality,
            address=address,
            address_gaiji=gaiji(address),
            last_address=last_address,
            last_address_gaiji=gaiji(last_address),
            event_date=births.japanese(event),
            former_code="",
            municipality=self.keeper,
            notice_kind=kind,
        )


def where(home: Home, *, abroad: bool) -> tuple[str, str, str]:
    """Items 7, 8 and 10 of `fuhyo`: municipality, address, last address in Japan."""
    if abroad:
        return ABROAD, ABROAD_ADDRESS, home.address
    return home.municipality, home.address, ""


def coded(record: R) -> R:
    """`record` with the codes of 住基ネット統一文字 of its names and addresses, as a 市町村CS sends it."""
    beside = UNIFIED["honnin" if isinstance(record, HonninRecord) else "fuhyo"]
    return replace(record, **{codes: unified(getattr(record, text)) for codes, text in beside.items()})


class Maker:
    """Makes people; the same dice make the same person."""

    def __init__(self, seed: int, today: date, names: Names) -> None:
        self._today = today
        self._names = names
        self._numbers = Numbers(seed)

    def japanese(
        self, dice: Dice, number: int, age: Age, *, keeper: str, family: Part | None = None
    ) -> Person:
        """A Japanese with 本籍 at `keeper` ("" for another prefecture); a child takes its parent's `family` name."""
        name = self._names.name(dice, age.sex, age.born.year)
        family = family or name.family
        known = not dice.chance(self._unknown_share(age))
        return Person(
            number=number,
            age=age,
            family=family,
            written=f"{family.written}　{name.given.written}",
            read=f"{family.read}　{name.given.read}",
            birth=births.japanese(age.born) if known else births.unknown(age.born, dice),
            former=self._names.family(dice) if dice.chance(self._former_share(age)) else None,
            keeper=keeper,
            juminhyo_code=self._numbers.juminhyo_code(number),
            kojin_bango=self._numbers.kojin_bango(number),
        )

    def foreigner(self, dice: Dice, number: int, age: Age) -> Person:
        """A foreigner: 西暦, no 旧氏, never in `fuhyo`."""
        name = foreign_name(dice, self._names, age.sex, age.born.year)
        known = age.born.year > self._today.year - _GROWN_UP or not dice.chance(_FOREIGN_UNKNOWN_SHARE)
        return Person(
            number=number,
            age=age,
            family=None,
            written=name.written,
            read=name.read,
            birth=births.western(age.born) if known else births.western_unknown(age.born, dice),
            former=None,
            keeper="",
            juminhyo_code=self._numbers.juminhyo_code(number),
            kojin_bango=self._numbers.kojin_bango(number),
        )

    def child(self, dice: Dice, number: int, age: Age, parent: Person) -> Person:
        """A child of `parent`: of the same nation, name and 本籍."""
        if parent.family is None:
            return self.foreigner(dice, number, age)
        return self.japanese(dice, number, age, keeper=parent.keeper, family=parent.family)

    def _unknown_share(self, age: Age) -> float:
        old = self._today.year - age.born.year >= _OLD_RECORDS
        return births.UNKNOWN_SHARE / _OLD_PEOPLE if old else 0

    def _former_share(self, age: Age) -> float:
        grown = age.sex == WOMAN and self._today.year - age.born.year >= _GROWN_UP
        return FORMER_NAME_SHARE / _GROWN_UP_WOMEN if grown else 0
