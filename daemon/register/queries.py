"""What is typed into the fields of a search, read strictly: each parser gives what is looked for, or an InputError.

An error names the field (as `contract.console.Search` calls it) and says by its code what is wrong with it; nothing that
nobody could mean ends as an empty answer. A field that is the empty string is not asked, and not given to a parser; one of
blanks alone is `search.empty`. A 住民票コード or 個人番号 typed into any field is `search.key_typed`: keys have a lookup of
their own.
"""

import re
import unicodedata
from datetime import date

from daemon.errors import InputError
from daemon.register import addresses, dates
from daemon.register import kana as readings
from daemon.register.codes import five_digits
from daemon.register.dates import Span, number_of, parse_query
from daemon.register.fold import folded
from daemon.register.municipalities import EVERY
from daemon.register.names import is_text
from daemon.register.rows import Register
from daemon.register.wanted import Named

MAX_TEXT = 200  # characters of a name or an address
_WILDCARDS = re.compile(r"[%_*?％＿＊？]")
_KEY = re.compile(r"[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{3,4}|[0-9]{11,12}")
_DIGITS = re.compile(r"[0-9]+")
DASHES = "ー‐‑‒–—―−─━－ｰ-"  # the ASCII one last: it stands in a character class below
"""All that is typed for a dash or for 長音."""
_TO_DASH = str.maketrans(dict.fromkeys(DASHES, "-"))
_NAME_SIGNS = "・･.．,，'’‘＝゠〜～()（）〓" + DASHES
_ADDRESS_SIGNS = "、､#＃&＆/／+＋" + _NAME_SIGNS
# Two planes hold nothing but kanji, also those that are newer than what \w knows.
_LETTERS = "\\w゛゜\u3099\u309a \u3000\U00020000-\U0003fffd"
# Letters, figures only in an address, and signs: one class, so that no text can be read in two ways.
_IN_NAME = re.compile(rf"(?:(?![\d_])[{_LETTERS}{_NAME_SIGNS}])+")
_IN_ADDRESS = re.compile(rf"(?:(?!_)[{_LETTERS}{_ADDRESS_SIGNS}])+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_RANGE = re.compile("[〜～~]|から")
_SEXES = ("0", "1", "2", "9")
_TOWN_DIGITS = (3, 6)  # 大字, or 大字 and 小字


def name(text: str, whole: bool) -> Named:  # noqa: FBT001 - what the form says beside the name
    """A name as it is written: kanji, Latin letters or kana."""
    key = folded(_text(text, "name", _IN_NAME))
    if not key:
        raise InputError("search.bad_name", field="name")
    return Named((key,), whole)


def kana(text: str, whole: bool) -> Named:  # noqa: FBT001 - as in `name`
    """A name as it is read."""
    read = readings.parse_query(_typed(text, "kana"))
    return Named((readings.search_key(read),) if whole else readings.prefix_keys(read), whole)


def address(text: str, register: Register = Register.HONNIN) -> tuple[str, str]:
    """The municipality that is named at the beginning (5 digits, or ""), and how the rest begins, as a key.

    The key is empty where there is no rest. In `fuhyo` an address may lie anywhere: the municipality's name stays in
    the key, and no code is given.
    """
    typed = _text(text, "address", _IN_ADDRESS)
    if register is Register.FUHYO:
        code, key = "", addresses.address_key(typed, "")
    else:
        code, key = addresses.split(typed)
    if not (code or key):
        raise InputError("search.bad_address", field="address")
    return code, key


def birth(text: str, today: date) -> Span:
    """A day, month or year of birth, or two with 〜, ～, ~, から or (where that leaves no doubt) a dash between them."""
    typed = _bare(text, "birth", 2 * dates.MAX_QUERY + 2)
    try:
        spans = _spans(typed.translate(_TO_DASH), today)
    except InputError:
        # Last, since a range such as 19890107-1990 has the digits of a key.
        _no_key(typed, "birth")
        raise
    first, last = spans[0][0], spans[-1][1]
    if first > last:
        raise InputError("search.reversed_range", field="birth")
    return first, last


def _spans(typed: str, today: date) -> list[Span]:
    """What is typed on each side of a range; one where it is none."""
    ends = _RANGE.split(typed)
    if len(ends) == 1:
        ends = _at_a_dash(typed, today) or ends
    spans = [parse_query(end.strip(), today=today) for end in ends[:2]]
    if len(ends) > len(spans):
        raise InputError("search.bad_date", field="birth")
    return spans


def _at_a_dash(typed: str, today: date) -> list[str]:
    """The two ends of a range written with a dash; empty where it is a date, or could be cut in more than one way."""
    if _is_date(typed, today):
        return []
    cuts = [place for place, sign in enumerate(typed) if sign == "-"]
    ranges = [[typed[:cut].strip(), typed[cut + 1 :].strip()] for cut in cuts]
    possible = [ends for ends in ranges if all(_is_date(end, today) for end in ends)]
    return possible[0] if len(possible) == 1 else []


def _is_date(text: str, today: date) -> bool:
    try:
        parse_query(text, today=today)
    except InputError:
        return False
    return True


def day(text: str, today: date) -> date:
    """One full day of the calendar, not after today."""
    error = InputError("search.bad_day", field="as_of")
    try:
        first, last = parse_query(_typed(text, "as_of"), today=today, field="as_of")
        meant = date(first // 10000, first // 100 % 100, first % 100)
    except (InputError, ValueError) as unread:
        if isinstance(unread, InputError) and unread.code != "search.bad_date":
            raise
        raise error from unread
    if first != last or first > number_of(today):
        raise error
    return meant


def sex(text: str) -> str:
    """`0`, `1`, `2` or `9`."""
    digit = _plain(text, "sex")
    if digit not in _SEXES:
        raise InputError("search.bad_sex", field="sex")
    return digit


def municipality(text: str) -> str:
    """The 5-digit code of a municipality of this prefecture, of today or of an earlier day, from 5 digits or 6."""
    code = five_digits(_plain(text, "municipality"))
    if code is None:
        raise InputError("search.bad_municipality", field="municipality")
    if code not in EVERY:
        raise InputError("search.unknown_municipality", field="municipality")
    return code


def town(text: str) -> str:
    """A 大字 code of 3 digits, or 大字 and 小字 code of 6."""
    code = _plain(text, "town")
    if not _DIGITS.fullmatch(code) or len(code) not in _TOWN_DIGITS:
        raise InputError("search.bad_town", field="town")
    return code


def _typed(text: str, field: str) -> str:
    """`text` without blanks around it; no 住民票コード and no 個人番号."""
    typed = _bare(text, field, MAX_TEXT)
    _no_key(typed, field)
    return typed


def _bare(text: str, field: str, limit: int) -> str:
    """`text` without blanks around it."""
    if len(text) > limit:
        raise InputError("search.too_long", field=field)
    typed = text.strip(" \u3000")
    if not typed:
        raise InputError("search.empty", field=field)
    return typed


def _no_key(typed: str, field: str) -> None:
    if _KEY.fullmatch(unicodedata.normalize("NFKC", typed).translate(_TO_DASH)):
        raise InputError("search.key_typed", field=field)


def _plain(text: str, field: str) -> str:
    """Figures of any width as ASCII."""
    return unicodedata.normalize("NFKC", _typed(text, field))


def _text(text: str, field: str, allowed: re.Pattern[str]) -> str:
    """A name or an address."""
    typed = _typed(text, field)
    if _WILDCARDS.search(typed):
        raise InputError("search.wildcard", field=field)
    plain = _SELECTORS.sub("", typed)
    # Signs such as ㈱ and № are compared by the letters that they stand for, so they are allowed where those are.
    ways = (plain, unicodedata.normalize("NFKC", plain))
    if not is_text(typed) or not any(map(allowed.fullmatch, ways)):
        raise InputError("search.bad_character", field=field)
    return typed
