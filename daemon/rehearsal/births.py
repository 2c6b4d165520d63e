"""Dates of birth as a register writes them: Japanese eras, 西暦 for foreigners, and those nobody knows exactly.

About one person in a thousand has a date that is unknown in part or in no calendar (住民記録システム標準仕様書 j80).
"""

from datetime import date

from daemon.register.eras import ALL, WESTERN, Era
from daemon.register.rows import RegisterDate
from daemon.rehearsal.dice import Dice, Table

UNKNOWN_SHARE = 0.001

_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def wide(number: int) -> str:
    """`number` in full-width digits, as addresses and 不詳 expressions write it."""
    return str(number).translate(_WIDE)


def japanese(day: date) -> RegisterDate:
    """A known day, with its era."""
    return RegisterDate(f"{day:%Y%m%d}", _era(day).code)


def western(day: date) -> RegisterDate:
    """A known day of a foreigner, in 西暦."""
    return RegisterDate(f"{day:%Y%m%d}", WESTERN)


def _era(day: date) -> Era:
    """The era that `day` lies in; the later one where two share a day."""
    number = (day.year * 100 + day.month) * 100 + day.day
    for era in reversed(ALL):
        if number >= era.first:
            return era
    raise ValueError("a day before the first era")


def _year(day: date) -> str:
    era = _era(day)
    return f"{era.name}{wide(era.year(day.year))}年"


def _day_unknown(day: date) -> RegisterDate:
    return RegisterDate(f"{day:%Y%m}00", _era(day).code, f"{_year(day)}{wide(day.month)}月日不詳")


def _month_unknown(day: date) -> RegisterDate:
    return RegisterDate(f"{day:%Y}0000", _era(day).code, f"{_year(day)}月日不詳")


def _estimated(day: date) -> RegisterDate:
    return RegisterDate(f"{day:%Y}0000", _era(day).code, f"推定{_year(day)}")


def _spring(day: date) -> RegisterDate:
    return RegisterDate(f"{day:%Y}0000", _era(day).code, f"{_year(day)}春")


def _all_unknown(_day: date) -> RegisterDate:
    return RegisterDate("00000000", WESTERN, "年月日不詳")


def _no_such_day(day: date) -> RegisterDate:
    """29 February of a year that has none: written so, it stays so."""
    year = day.year if day.year % 4 else day.year - 1
    return RegisterDate(f"{year}0229", _era(date(year, 2, 28)).code)


_FORMS = Table(
    (
        (_month_unknown, 4),
        (_day_unknown, 3),
        (_estimated, 1),
        (_spring, 1),
        (_all_unknown, 2),
        (_no_such_day, 2),
    )
)


def unknown(day: date, dice: Dice) -> RegisterDate:
    """The birth of somebody born about `day`, in one of the forms that are not a known day."""
    return _FORMS.draw(dice)(day)


def western_unknown(day: date, dice: Dice) -> RegisterDate:
    """The same for a foreigner: many passports give the year alone."""
    if dice.chance(0.5):
        return RegisterDate(f"{day:%Y}0000", WESTERN, f"{wide(day.year)}年月日不詳")
    return RegisterDate(f"{day:%Y%m}00", WESTERN, f"{wide(day.year)}年{wide(day.month)}月日不詳")
