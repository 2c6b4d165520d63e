"""Which classes are wanted on which day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.crypto import classes
from hsm.protocol import CLASS


@pytest.mark.parametrize(
    ("day", "log", "work", "expire"),
    [
        (date(2026, 3, 31), "log.2025", "work.2026-03", "expire.2176"),
        (date(2026, 4, 1), "log.2026", "work.2026-04", "expire.2176"),
        # Received on 1 January: the last of the 150 years ends on 31 December of the year before.
        (date(2027, 1, 1), "log.2026", "work.2027-01", "expire.2176"),
        (date(2027, 1, 2), "log.2026", "work.2027-01", "expire.2177"),
    ],
)
def test_classes_of_a_day(day: date, log: str, work: str, expire: str) -> None:
    assert (classes.log(day), classes.work(day), classes.expire(day)) == (log, work, expire)


@given(st.dates(date(2003, 1, 1), date(2150, 1, 1)))
def test_no_midnight_needs_the_token(day: date) -> None:
    """Whatever a day within the next sixty will need is wanted today."""
    wanted = set(classes.wanted(day))
    for ahead in range(61):
        later = date.fromordinal(day.toordinal() + ahead)
        assert {classes.log(later), classes.work(later), classes.expire(later)} <= wanted


@given(st.dates(date(2003, 1, 1), date(2150, 1, 1)))
def test_every_wanted_class_is_one_that_can_exist(day: date) -> None:
    assert all(CLASS.fullmatch(name) for name in classes.wanted(day))


def test_a_first_generation_is_made_only_where_there_is_none_and_a_dated_key_once() -> None:
    wanted = ["live.1", "store.1", "log.2026", "log.2027"]
    assert classes.lacking(wanted, ["live.7", "index.2", "log.2026"]) == ["store.1", "log.2027"]
    assert classes.lacking(wanted, []) == wanted
