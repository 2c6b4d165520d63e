"""Numbers with a check digit, by three mod-11 rules with two endings, and the municipalities of the prefecture.

個人番号 (番号法総務省令 平成26年総務省令85号 5条) and 住民票コード (施行規則1条; the formula of 平成14年告示436号 is taken to
be the same, domain.md §1.2) end in 0 where the remainder is 0 or 1. 全国地方公共団体コード (JIS X 0401/0402) ends in 1
where it is 0, and in 0 where it is 1. A check digit finds slips of the pen; it proves nobody's identity.
"""

import re
from collections.abc import Sequence
from operator import mul

from daemon.register.municipalities import EVERY

_KOJIN_BANGO_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_JUMINHYO_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_MUNICIPALITY_WEIGHTS = (6, 5, 4, 3, 2)


_ASCII_ZERO = ord("0")


def _remainder(digits: str, weights: Sequence[int]) -> int:
    total: int = sum(map(mul, digits.encode("ascii"), weights))
    return (total - _ASCII_ZERO * sum(weights)) % 11


def _person_digit(remainder: int) -> str:
    return "0" if remainder <= 1 else str(11 - remainder)


def kojin_bango_digit(base: str) -> str:
    """The check digit of a 個人番号, from its first 11 digits."""
    return _person_digit(_remainder(base, _KOJIN_BANGO_WEIGHTS))


def juminhyo_digit(base: str) -> str:
    """The check digit of a 住民票コード, from its first 10 digits."""
    return _person_digit(_remainder(base, _JUMINHYO_WEIGHTS))


def municipality_digit(base: str) -> str:
    """The check digit of a 全国地方公共団体コード, from its first 5 digits."""
    return str((11 - _remainder(base, _MUNICIPALITY_WEIGHTS)) % 10)


_KOJIN_BANGO, _JUMINHYO, _SIX, _FIVE = (re.compile(rf"[0-9]{{{count}}}") for count in (12, 11, 6, 5))


def is_kojin_bango(text: str) -> bool:
    """Whether `text` is 12 digits with a right check digit."""
    return _KOJIN_BANGO.fullmatch(text) is not None and kojin_bango_digit(text[:-1]) == text[-1]


def is_juminhyo_code(text: str) -> bool:
    """Whether `text` is 11 digits with a right check digit."""
    return _JUMINHYO.fullmatch(text) is not None and juminhyo_digit(text[:-1]) == text[-1]


def is_six_digits(text: str) -> bool:
    """Whether `text` is a 全国地方公共団体コード of 6 digits with a right check digit."""
    return _SIX.fullmatch(text) is not None and municipality_digit(text[:-1]) == text[-1]


def five_digits(text: str) -> str | None:
    """A municipality's code as it is stored: 5 digits. None if `text` is neither 5 digits nor a right 6."""
    if is_six_digits(text):
        return text[:-1]
    return text if _FIVE.fullmatch(text) else None


def six_digits(five: str) -> str:
    """A stored code as it is shown: 6 digits."""
    return five + municipality_digit(five)


MUNICIPALITIES = {code: place for code, place in EVERY.items() if not place.heir}
"""The 13 cities and 6 towns of 山口県 today, by 5-digit code (JIS X 0402; 総務省 全国地方公共団体コード)."""
