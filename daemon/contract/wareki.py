"""Dates as people read them: 和暦 where the register holds an era, 西暦 where it holds none, 不詳 where it knows no more."""

from datetime import date

from daemon.register.dates import number_of, of_day, parts
from daemon.register.eras import ALL, ERAS, WESTERN
from daemon.register.rows import RegisterDate


def display(written: RegisterDate) -> str:
    """A date of a register: the 不詳 expression as it was written, if one was, else 昭和64年1月7日, 昭和64年月日不詳, …

    Foreigners' dates of birth are written without an era, and are shown so.
    """
    if written.text:
        return written.text
    year, month, day = parts(written.code)
    return f"{_year(year, written.era)}{_rest(month, day, known_year=bool(year))}"


def display_day(day: date) -> str:
    """A day of the calendar in 和暦: the day on which a notice came, today."""
    # Of two eras that share a day the later counts, as in official calendars.
    era = next((era for era in reversed(ALL) if era.first <= number_of(day)), None)
    return display(of_day(day, era=era.code if era else WESTERN))


def _year(year: int, era_code: str) -> str:
    if era_code == WESTERN:
        return f"{year}年" if year else ""
    era = ERAS[era_code]
    if not year:
        return era.name
    count = era.year(year)
    return f"{era.name}{'元' if count == 1 else count}年"


def _rest(month: int, day: int, *, known_year: bool) -> str:
    if day:
        return f"{month}月{day}日"
    if month:
        return f"{month}月日不詳"
    return "月日不詳" if known_year else "年月日不詳"
