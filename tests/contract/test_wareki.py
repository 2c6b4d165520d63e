"""Dates as people read them."""

from datetime import date

import pytest
from hypothesis import given

from daemon.contract.wareki import display, display_day
from daemon.register.dates import parse_query, span
from daemon.register.rows import RegisterDate
from tests.register.strategies import births, calendar_days


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (RegisterDate("19890107", "3"), "昭和64年1月7日"),
        (RegisterDate("19890108", "4"), "平成元年1月8日"),
        (RegisterDate("19120730", "1"), "明治45年7月30日"),
        (RegisterDate("19261225", "2"), "大正15年12月25日"),
        (RegisterDate("20261124", "5"), "令和8年11月24日"),
        (RegisterDate("19890107"), "1989年1月7日"),
        (RegisterDate("20250229", "5"), "令和7年2月29日"),
        (RegisterDate("19890000", "3"), "昭和64年月日不詳"),
        (RegisterDate("19890100", "3"), "昭和64年1月日不詳"),
        (RegisterDate("19890100"), "1989年1月日不詳"),
        (RegisterDate("00000000", "3"), "昭和年月日不詳"),
        (RegisterDate("00000000"), "年月日不詳"),
        (RegisterDate("19450300", "3", "昭和20年3月頃"), "昭和20年3月頃"),
    ],
)
def test_display(written: RegisterDate, shown: str) -> None:
    assert display(written) == shown


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (date(2026, 11, 24), "令和8年11月24日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(1912, 7, 30), "大正元年7月30日"),
        (date(1800, 1, 2), "1800年1月2日"),
    ],
)
def test_display_of_a_day_of_the_calendar(day: date, shown: str) -> None:
    assert display_day(day) == shown


@given(births)
def test_what_is_shown_of_a_known_day_can_be_searched_for(written: RegisterDate) -> None:
    shown = display(written)
    if not written.text:
        assert parse_query(shown) == span(written)
    else:
        assert shown == written.text


@given(calendar_days)
def test_a_day_that_is_shown_is_that_day(day: date) -> None:
    number = int(day.strftime("%Y%m%d"))
    assert parse_query(display_day(day)) == (number, number)
