"""When an entry is past its 7 years, how far a purge may reach, and in which hours it is seen to."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.verify.purges import lapsed
from daemon.clock import JST
from daemon.retention.due import is_over, reach
from daemon.retention.purging import is_time

MOMENT = st.datetimes(datetime(2000, 1, 1), datetime(2120, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@pytest.mark.parametrize(
    ("moment", "over"),
    [
        ("2026-11-24T00:00:00+09:00", "2033-11-25"),
        ("2026-11-24T23:59:59.999999+09:00", "2033-11-25"),
        ("2028-02-28T12:00:00+09:00", "2035-03-01"),
        ("2028-02-29T12:00:00+09:00", "2035-03-01"),
        ("2025-02-28T12:00:00+09:00", "2032-03-01"),
        # It is the day in Japan that counts: these are of 31 March and of 1 April.
        ("2027-03-31T14:59:59+00:00", "2034-04-01"),
        ("2027-03-31T15:00:00+00:00", "2034-04-02"),
    ],
)
def test_seven_calendar_years_in_japan_of_which_the_first_day_does_not_count(moment: str, over: str) -> None:
    first = datetime.fromisoformat(f"{over}T00:00:00").replace(tzinfo=JST)
    assert is_over(datetime.fromisoformat(moment), first)
    assert not is_over(datetime.fromisoformat(moment), first - timedelta(microseconds=1))


@given(MOMENT, st.timedeltas(timedelta(days=2550), timedelta(days=2562)))
def test_what_is_over_the_auditors_program_lets_go(moment: datetime, passed: timedelta) -> None:
    now = moment + passed
    assert not is_over(moment, now) or lapsed(moment.isoformat(), now.isoformat())
    # And it is no more than a day behind: what begins with 1 March ends with February, however long that is.
    assert is_over(moment, now + timedelta(days=1)) or not lapsed(moment.isoformat(), now.isoformat())


@given(st.integers(0, 50), st.sets(st.integers(1, 99)), st.integers(0, 99))
def test_a_purge_ends_with_the_largest_old_tree_that_holds_nothing_young(
    purged: int, sizes: set[int], young: int
) -> None:
    old = {size for size in sizes if size > purged}
    end = reach(purged, old, young)
    assert end in {purged, *old}
    assert end == purged or end <= young
    assert not any(end < size <= young for size in old)


@pytest.mark.parametrize(
    ("now", "looked", "time"),
    [
        ("2033-11-24T00:59:00+09:00", "2033-11-23", False),
        ("2033-11-24T01:00:00+09:00", "2033-11-23", True),
        ("2033-11-24T04:59:00+09:00", "2033-11-23", True),
        ("2033-11-24T05:00:00+09:00", "2033-11-23", False),
        ("2033-11-24T03:00:00+09:00", "2033-11-24", False),
        ("2033-11-24T12:00:00+09:00", "2033-11-22", True),
    ],
)
def test_once_a_night_or_at_once_where_a_night_was_missed(now: str, looked: str, time: bool) -> None:  # noqa: FBT001
    assert is_time(datetime.fromisoformat(now), date.fromisoformat(looked)) is time


def test_the_first_time_is_at_once() -> None:
    assert is_time(datetime(2026, 11, 24, 3, tzinfo=UTC), None)
