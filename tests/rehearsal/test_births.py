"""Dates of birth as a register writes them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.register.dates import check_date, is_calendar, is_complete, span
from daemon.rehearsal.births import japanese, unknown, western, western_unknown
from daemon.rehearsal.dice import Dice

DAYS = st.dates(date(1900, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("day", "era"),
    [
        (date(1912, 7, 29), "1"),
        (date(1912, 7, 30), "2"),
        (date(1926, 12, 24), "2"),
        (date(1926, 12, 25), "3"),
        (date(1989, 1, 7), "3"),
        (date(1989, 1, 8), "4"),
        (date(2019, 4, 30), "4"),
        (date(2019, 5, 1), "5"),
    ],
)
def test_a_japanese_day_has_its_era(day: date, era: str) -> None:
    """On both sides of each change."""
    assert (japanese(day).code, japanese(day).era) == (f"{day:%Y%m%d}", era)


@given(DAYS)
def test_known_days_are_known(day: date) -> None:
    """In either calendar they mean that day alone."""
    for written in (japanese(day), western(day)):
        assert span(check_date(written, "birth")) == (int(f"{day:%Y%m%d}"),) * 2


@given(DAYS, st.integers(0, 999))
def test_unknown_days_are_well_formed_and_no_day(day: date, seed: int) -> None:
    """Each form passes the register's check, and none is a day of the calendar."""
    for written in (unknown(day, Dice(seed)), western_unknown(day, Dice(seed))):
        assert check_date(written, "birth") == written
        assert not is_calendar(written)
        assert bool(written.text) != is_complete(written)


@given(DAYS, st.integers(0, 999))
def test_a_foreigners_unknown_day_still_holds_the_true_one(day: date, seed: int) -> None:
    """Parts are left out; none is changed."""
    first, last = span(western_unknown(day, Dice(seed)))
    assert first <= int(f"{day:%Y%m%d}") <= last
