"""住基ネット統一文字: the two-byte codes J+XXXX that a text has on the wire, beside the text itself.

A field `..._unified` holds four upper-case hex digits for each character (grapheme) of the field that it belongs to, or
nothing where the sender gives none. They are kept and passed on exactly as they came, and never decoded: J+AA00 to J+D7FF
are kanji where Unicode has Hangul. What each character must have:

* a kanji, the code that the MJ文字情報一覧表 gives for it as it is written: 齋 is 9F4B, and AD37 is 齋 with its selector U+E0104;
* a kanji with a selector that the table does not know (of another collection), any code of that kanji;
* another character, spaces among them, its own code in Unicode (U+3000 is 3000);
* 変体仮名, which have codes that the table does not tell, any code that no kanji has;
* 〓, which stands for a 外字, `0000`. A kanji without a code is a 外字, and is to be written so.
"""

import re
from functools import cache
from importlib import resources

import regex

from daemon.errors import InputError
from daemon.register.names import GETA, characters, is_marked

DIGITS = 4
NO_CODE = "0000"
_NONE = "?"
_FORM = re.compile(rf"(?:[0-9A-F]{{{DIGITS}}})*")
_KANJI = regex.compile(r"[\p{Unified_Ideograph}\uF900-\uFAFF\U0002F800-\U0002FA1F]")
_BMP = 0xFFFF
_SUPPLEMENT = 0xE0000
_OF_UNICODE = 0xFE00
"""Selectors from here on are written as they are; those of collections without the plane that they lie in."""


def _codes_of_kanji() -> dict[str, str]:
    """The code of each kanji as it is written."""
    text = resources.files("daemon.register").joinpath("data", "unified.txt").read_text("utf-8")
    codes = {}
    for first, *words in (line.split() for line in text.splitlines() if line and not line.startswith("#")):
        if len(first) == 1:
            for word in words:
                code, _, selector = word.partition(":")
                codes[first + _selector(selector)] = code
        else:
            codes.update((chr(code), f"{code:0{DIGITS}X}") for run in (first, *words) for code in _range(run))
    return codes


def _range(word: str) -> range:
    first, _, last = word.partition("-")
    return range(int(first, 16), int(last or first, 16) + 1)


@cache
def _selector(digits: str) -> str:
    number = int(digits or "0", 16)
    return chr(number if number >= _OF_UNICODE else number | _SUPPLEMENT) if number else ""


_CODE_OF = _codes_of_kanji()
_KANJI_OF = {code: written[0] for written, code in _CODE_OF.items()}
"""The kanji, without selectors, that a code stands for."""


class _Codes(dict[int, str]):
    """For `str.translate`: the code of a character that stands without selector or mark, or a mark that it has none."""

    def __missing__(self, point: int) -> str:
        self[point] = code = _code(chr(point)) or _NONE
        return code


def unified(text: str) -> str:
    """The codes of `text`; empty where one of its characters has none."""
    codes = (
        "".join(_code(one) or _NONE for one in characters(text))
        if is_marked(text)
        else text.translate(_CODES)
    )
    return "" if _NONE in codes else codes


_CODES = _Codes()


def check_unified(codes: str, text: str, field: str) -> str:
    """`codes`, or an InputError that names `field`, if they cannot be those of `text`."""
    if not codes:
        return codes
    if codes == unified(text):
        return codes
    if not _FORM.fullmatch(codes):
        raise InputError("record.bad_unified", field=field)
    split = characters(text)
    if len(codes) != DIGITS * len(split):
        raise InputError("record.unified_count", field=field)
    for place, character in enumerate(split):
        if not _stands_for(codes[DIGITS * place : DIGITS * (place + 1)], character):
            raise InputError("record.unified_differs", field=field)
    return codes


def _code(character: str) -> str:
    """The code that `character` has, or ""; with a selector that the table does not know, that of the plain kanji."""
    if character == GETA:
        return NO_CODE
    if _KANJI.match(character) or character in _CODE_OF:
        return _CODE_OF.get(character) or _CODE_OF.get(character[0], "")
    return f"{ord(character):0{DIGITS}X}" if len(character) == 1 and ord(character) <= _BMP else ""


def _stands_for(code: str, character: str) -> bool:
    if character in _CODE_OF or character == GETA:
        return code == _code(character)
    kanji = _KANJI_OF.get(code)
    if _KANJI.match(character):
        return kanji == character[0] and len(character) > 1
    if right := _code(character):
        return code == right
    return len(character) == 1 and kanji is None and code != NO_CODE
