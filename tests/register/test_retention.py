"""When the 150 years end: kept through the day before the anniversary, erased from the anniversary on (domain.md §4)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.register.retention import due_year, erased_from
from hsm.protocol import CLASS


@pytest.mark.parametrize(
    ("received", "erased"),
    [
        (date(2002, 8, 5), date(2152, 8, 5)),  # the network's first day: nothing ends before
        (date(2026, 11, 24), date(2176, 11, 24)),
        (date(2024, 2, 29), date(2174, 3, 1)),
        (date(2024, 2, 28), date(2174, 2, 28)),
        (date(2026, 2, 28), date(2176, 2, 28)),
        (date(2025, 12, 31), date(2175, 12, 31)),
        (date(2026, 1, 1), date(2176, 1, 1)),
    ],
)
def test_the_first_day_of_erasure(received: date, erased: date) -> None:
    assert erased_from(received) == erased


def test_a_leap_day_is_kept_where_the_last_year_has_one() -> None:
    assert erased_from(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert erased_from(date(2024, 2, 29), 7) == date(2031, 3, 1)


@pytest.mark.parametrize(
    ("received", "year"),
    [
        (date(2026, 1, 1), 2175),
        (date(2026, 1, 2), 2176),
        (date(2026, 12, 31), 2176),
        (date(2024, 2, 29), 2174),
    ],
)
def test_the_year_is_that_of_the_last_day_kept(received: date, year: int) -> None:
    assert due_year(received) == year


@given(st.dates(date(2002, 8, 5), date(4000, 1, 1)))
def test_no_key_dies_before_its_rows_and_none_outlives_them_by_a_year(received: date) -> None:
    key_dies = date(due_year(received) + 1, 1, 1)
    assert erased_from(received) <= key_dies < erased_from(received) + timedelta(days=366)
    assert CLASS.fullmatch(f"expire.{due_year(received)}")


@given(st.dates(date(2002, 8, 5), date(4000, 1, 1)), st.integers(0, 800))
def test_who_came_later_is_kept_as_long_or_longer(received: date, later: int) -> None:
    assert erased_from(received) <= erased_from(received + timedelta(days=later))
