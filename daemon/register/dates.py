"""Days as registers write them: which forms exist, and the real days that each may stand for.

Unknown parts are trailing: the day, or month and day, or all (標準仕様書 j80). 29 February of any year is a legal day of
a register, calendar or not; no other day outside the calendar is. A date written in an era lies in that era, both
ends included (明治45年7月30日 and 大正15年12月25日 are right).
"""

import re
from datetime import date
from functools import lru_cache

from daemon.errors import InputError
from daemon.register.eras import ALL, ERAS, LAST_DAY, WESTERN
from daemon.register.names import check_text
from daemon.register.rows import RegisterDate

Span = tuple[int, int]
"""First and last day, both included, as YYYYMMDD; (0, 99991231) is "any day"."""

EARLIEST_YEAR = 1850  # nobody born before was left when the network began (2002-08-05): a slip of the pen
LATEST_YEAR = 2299  # past every term that begins now, and short of 8901, which is someone's 89.01.07
MAX_TEXT = 40  # graphemes of a 不詳 expression
_ASSUMED = "みなし"  # an invented day for an unknown one, which no register may make (標準仕様書 j80)
_LAST_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CODE = re.compile(r"[0-9]{8}")
KEPT = 32_768
"""Codes of which is known what they stand for: a century has 36,525 days, and each notice has three or four."""


def parts(code: str) -> tuple[int, int, int]:
    """Year, month and day of a code; 0 where unknown."""
    return int(code[:4]), int(code[4:6]), int(code[6:])


def of_day(day: date, *, era: str = WESTERN) -> RegisterDate:
    """A day of the calendar as a register writes it."""
    return RegisterDate(f"{number_of(day):08}", era)


def number_of(day: date) -> int:
    """A day of the calendar as YYYYMMDD, to hold against a span."""
    return day.year * 10000 + day.month * 100 + day.day


def is_complete(written: RegisterDate) -> bool:
    """Whether year, month and day are known."""
    return all(parts(written.code))


def is_calendar(written: RegisterDate) -> bool:
    """Whether it is one day of the calendar, fully known."""
    return _is_day(written.code)


@lru_cache(KEPT)
def _is_day(code: str) -> bool:
    try:
        date(*parts(code))
    except ValueError:
        return False
    return True


@lru_cache(KEPT)
def _well_formed(code: str) -> bool:
    if not _CODE.fullmatch(code):
        return False
    year, month, day = parts(code)
    if month > 12 or (year == 0 and month):  # noqa: PLR2004 - December
        return False
    return (year == 0 or EARLIEST_YEAR <= year <= LATEST_YEAR) and day <= (
        _LAST_OF_MONTH[month - 1] if month else 0
    )


def _span_of_code(code: str) -> Span:
    year, month, day = parts(code)
    if not year:
        return 0, LAST_DAY
    if not month:
        return year * 10000 + 101, year * 10000 + 1231
    first = (year * 100 + month) * 100
    return (first + day, first + day) if day else (first + 1, first + _LAST_OF_MONTH[month - 1])


def span(written: RegisterDate) -> Span:
    """The days that `written` may stand for, for a search by range; an unknown year is every day of its era.

    A row fits a query if their spans overlap. A month ends on its last day in any year, so that those born on
    a 29 February outside the calendar are found by their month.
    """
    return _span(written.code, written.era)


@lru_cache(KEPT)
def _span(code: str, written_in: str) -> Span:
    first, last = _span_of_code(code)
    if written_in == WESTERN:
        return first, last
    era = ERAS[written_in]
    return max(first, era.first), min(last, era.last)


def check_date(written: RegisterDate, field: str) -> RegisterDate:
    """`written`, or an InputError: code outside every form, or outside its era."""
    if not _well_formed(written.code):
        raise InputError("record.bad_date", field=field)
    if written.era != WESTERN and written.era not in ERAS:
        raise InputError("record.bad_era", field=field)
    first, last = span(written)
    if first > last:
        raise InputError("record.bad_era", field=field)
    if written.text:
        check_text(written.text, field, MAX_TEXT)
        if _ASSUMED in written.text:
            raise InputError("record.assumed_date", field=field)
    return written


_ERA = f"(?P<era>{'|'.join(f'{era.name}|{era.letter}' for era in ALL)})"
_YEAR = r"(?P<year>[0-9]{1,2}|元)"
_IN_WORDS = r"年(?:(?P<month>[0-9]{1,2})月(?:(?P<day>[0-9]{1,2})日)?)?"
_PARTED = r"(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?:(?P=sep)(?P<day>[0-9]{1,2}))?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>[0-9]{4})(?:(?P<month>[0-9]{2})(?P<day>[0-9]{2})?)?",
        rf"(?P<year>[0-9]{{4}}){_PARTED}",
        rf"(?:西暦)?(?P<year>[0-9]{{4}}){_IN_WORDS}",
        rf"{_ERA}{_YEAR}{_IN_WORDS}",
        rf"{_ERA}{_YEAR}(?:{_PARTED})?",
        rf"{_ERA}(?P<year>[0-9]{{2}})(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})",
    )
)
"""What a form accepts: 19890107, 1989-01-07, 1989年1月7日, 昭和64年1月7日, S64.1.7, S640107, and shorter: month, year."""

_CODES = {era.name: era for era in ALL} | {era.letter: era for era in ALL}
_WIDTH = {ord("！") + n: ord("!") + n for n in range(94)} | dict.fromkeys(map(ord, " 　"))
MAX_QUERY = 20  # characters


def parse_query(text: str, *, today: date | None = None, field: str = "birth") -> Span:
    """The days that a date typed into `field` may mean; InputError if it is no date of ours, or after `today`.

    Full-width figures pass, unknown parts may be written 00. A year that an era does not have is an error, never
    an empty answer; of a year that it has in part, that part is meant (昭和64年 ends on 7 January).
    """
    typed = text.translate(_WIDTH).upper() if len(text) <= MAX_QUERY else ""
    found = next((match for form in _FORMS if (match := form.fullmatch(typed))), None)
    if found is None:
        raise InputError("search.bad_date", field=field)
    part = found.groupdict(default="0")
    year = int(part["year"].replace("元", "1"))
    era = _CODES.get(part.get("era", ""))
    western = era.western(year) if era else year
    written = RegisterDate(
        f"{western:04}{int(part['month']):02}{int(part['day']):02}", era.code if era else WESTERN
    )
    try:
        check_date(written, field)
    except InputError as error:
        raise InputError("search.bad_date", field=field) from error
    days = span(written)
    if western == 0 or (today and days[0] > number_of(today)):
        raise InputError("search.bad_date", field=field)
    return days
