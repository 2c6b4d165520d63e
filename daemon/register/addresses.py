"""Addresses as they are compared: a key that the ways of writing one and the same address share.

`address_key` takes prefecture, 郡 and municipality from the beginning, folds what `fold` folds, and then

* 大字 and 字 are dropped, ノ and 之 are の;
* kanji numerals are figures (一丁目 is 1丁目, 二十三番 is 23番);
* between two numbers whatever parts them (丁目, 番地, 番, 号, の, a dash, a space) is one dash, and elsewhere it is dropped:
  滝町１番１号, 滝町1-1, 滝町一番一号 and 滝町１番地の１ are all 滝町1-1.

A part is written only when the next number comes, so the key of a beginning is a beginning of the key, wherever it is cut
after the municipality's name. What does not meet: a number with 百 or 千 in kanji and one in figures, a building's name
and its abbreviation, and ways to write a town that are more than its kanji (三田尻 and ミタジリ).

In `honnin` every address lies in the row's municipality, whose name is dropped. In `fuhyo` it may lie anywhere in Japan:
there only prefecture and 郡 go, and the municipality's name is part of what is looked for.
"""

import re

from daemon.register.codes import MUNICIPALITIES
from daemon.register.fold import Folds
from daemon.register.municipalities import EVERY, Municipality

PREFECTURE = "山口県"
_ANY_PREFECTURE = re.compile(r"\A(?:北海道|東京都|(?:京都|大阪)府|(?:神奈川|和歌山|鹿児島|.{2})県)")
_ANY_DISTRICT = re.compile(r"\A(?!大和郡山市|蒲郡市|小郡市|[^郡]{1,4}[市区]).{1,4}?郡(?=.{1,6}[町村])")
"""Right for every municipality of 日本郵便's table but those of 高市郡 and 余市郡, whose names keep their 郡."""

_SIGN = "ー"
"""What spaces, dashes and other signs fold to, until it is known whether they part two numbers."""
_FOLDS = Folds(_SIGN)
_FIGURES = {figure: str(value) for value, figure in enumerate("〇一二三四五六七八九")}
_TEN = "十"
_NUMERALS = re.compile(rf"[{''.join(_FIGURES)}{_TEN}]+")
_SMALL_PLACE = re.compile(r"大(?:字|\Z)|字")
_PART = rf"(?<=[0-9])(?:丁目?|番地?|号|{_SIGN}|の(?=[0-9{_SIGN}]|\Z))+"
_BETWEEN, _AFTER = re.compile(_PART + "(?=[0-9])"), re.compile(_PART)
_JOINT = "-"


def _figures(found: re.Match[str]) -> str:
    """A run of kanji numerals in figures; 十 at the very end of a text is 1, the beginning of 10 as of 11."""
    run = found[0]
    written = []
    for place, numeral in enumerate(run):
        if numeral != _TEN:
            written.append(_FIGURES[numeral])
            continue
        if place == 0 or run[place - 1] == _TEN:
            written.append("1")
        last = place == len(run) - 1
        if (last and found.end() < len(found.string)) or (not last and run[place + 1] == _TEN):
            written.append("0")
    return "".join(written)


def _folded(text: str) -> str:
    key = _SMALL_PLACE.sub("", text.translate(_FOLDS).replace("之", "の"))
    if _NUMERALS.search(key):
        key = _NUMERALS.sub(_figures, key)
    return _AFTER.sub("", _BETWEEN.sub(_JOINT, key)).replace(_SIGN, "")


def _heads(of: Municipality) -> tuple[str, ...]:
    places = (of.district + of.name, of.name) if of.district else (of.name,)
    return tuple(_folded(before + place) for before in (PREFECTURE, "") for place in places)


_HEADS = {code: _heads(place) for code, place in EVERY.items()}
"""How an address in each municipality may begin, folded; the longest first."""
_HEADS_TODAY = {code: _HEADS[code] for code in MUNICIPALITIES}
_PREFECTURE_KEY = _folded(PREFECTURE)


def address_key(address: str, municipality: str) -> str:
    """The key of an address that lies in `municipality` (5 digits); of one that lies anywhere where that is empty."""
    key = _folded(address)
    if not municipality:
        return _ANY_DISTRICT.sub("", _ANY_PREFECTURE.sub("", key, count=1), count=1)
    for head in _HEADS[municipality]:
        if key.startswith(head):
            return key[len(head) :]
    return key.removeprefix(_PREFECTURE_KEY)


def split(address: str) -> tuple[str, str]:
    """The municipality (5 digits) that a typed address of this prefecture names first, or "", and the key of the rest.

    Both are empty where it names another prefecture, or this one and nothing that is a municipality of it.
    """
    key = _folded(address)
    if _SMALL_PLACE.match(address.translate(_FOLDS)):
        return "", key  # 大字平生町 is a place in 平生町, not the municipality
    for code, heads in _HEADS_TODAY.items():
        for head in heads:
            if key.startswith(head):
                return code, key[len(head) :]
    return "", "" if _ANY_PREFECTURE.match(key) else key
