"""The names of keys: their kinds, when each ends, and when a dated one may be made."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock import JST, day_of
from daemon.crypto import classes
from hsm import names
from hsm.protocol import CLASS

EXAMPLES = {
    "expire.2176": True, "log.2026": True, "case.2026": True, "work.2026-12": True, "transit.2026-07-01T09": True,
    "hold.1": True, "live.1": False, "store.2": False, "index.3": False, "backup.4": False, "secret.5": False,
    "seal.6": False, "form.7": False,
}  # fmt: skip
"""One name of each class of the design's table, and whether the law sets its end."""

MOMENTS = st.timedeltas(timedelta(), timedelta(days=124 * 365)).map(
    lambda days: datetime(2026, 1, 1, tzinfo=UTC) + days
)


def test_every_class_of_the_table_has_its_kind() -> None:
    assert all(names.sound(name) for name in EXAMPLES)
    assert {name: names.lawful(name) for name in EXAMPLES} == EXAMPLES
    assert [name for name in EXAMPLES if names.is_pair(name)] == ["seal.6", "form.7"]


@pytest.mark.parametrize(
    "name",
    ["", "live", "live.", "live.0", "live.01", "live.1 ", "live.1\n", "LIVE.1", "live.-1", "log.26", "log.20260",
     "work.2026-13", "transit.2026-07-01", "expire.1", "other.1", "live.1.1", "ｌive.1", "live.１",
     "transit.2026-02-30T09", "transit.2026-02-28T24", "expire.9999", "log.9995", "work.9999-12", "work.0000-01"],
)  # fmt: skip
def test_no_other_name_can_exist(name: str) -> None:
    assert not names.sound(name)


ENDS = {
    "expire.2176": "2177-01-01T00:00:00+09:00",
    "log.2026": "2034-04-01T00:00:00+09:00",
    "case.2026": "2034-04-01T00:00:00+09:00",
    "work.2026-10": "2026-12-01T00:00:00+09:00",
    "work.2026-11": "2027-01-01T00:00:00+09:00",
    "work.2026-12": "2027-02-01T00:00:00+09:00",
    "transit.2026-12-31T23": "2027-01-01T00:00:00+09:00",
    "hold.1": None,
    "live.1": None,
    "seal.1": None,
}


@pytest.mark.parametrize(("name", "end"), ENDS.items())
def test_a_key_ends_on_its_lawful_day_in_japan(name: str, end: str | None) -> None:
    found = names.ends(name)
    assert (found and found.isoformat()) == end


@given(MOMENTS, st.integers(0, 60))
def test_what_the_register_wants_may_be_made_that_day_also_by_a_clock_held_back(
    now: datetime, behind: int
) -> None:
    wanted = [name for name in classes.wanted(day_of(now)) if names.kind(name) in names.DATED]
    assert len(wanted) >= 4
    record = now - timedelta(days=behind)
    assert [name for name in wanted if not names.in_window(name, record)] == []


@given(st.from_regex(CLASS, fullmatch=True).filter(names.sound), MOMENTS)
def test_what_may_be_made_is_not_long_over_and_not_far_off(name: str, now: datetime) -> None:
    end = names.ends(name)
    if end is None or not names.in_window(name, now):
        return
    assert end > now - timedelta(days=61)
    years = {"expire": 153, "log": 9, "case": 9, "work": 1, "transit": 1}[names.kind(name)]
    assert end <= now + timedelta(days=366 * years)


def test_the_number_of_dated_keys_that_can_exist_is_bounded() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    years = [f"{kind}.{year:04}" for kind in ("expire", "log", "case") for year in range(1, 9990)]
    months = [f"work.{year}-{month:02}" for year in range(2000, 2100) for month in range(1, 13)]
    hours = [
        f"transit.{date(2026, 11, 1) + timedelta(days=day)}T{hour:02}"
        for day in range(60)
        for hour in range(24)
    ]
    assert sum(names.in_window(name, now) for name in (*years, *months, *hours)) < 400


def test_the_newest_generation_is_the_highest_of_its_kind() -> None:
    there = ["live.2", "live.10", "store.11", "log.2026"]
    assert [names.newest(kind, there) for kind in ("live", "store", "seal")] == [10, 11, 0]


@given(MOMENTS)
def test_a_transit_hour_is_over_an_hour_after_it_began(now: datetime) -> None:
    began = now.astimezone(JST).replace(minute=0, second=0, microsecond=0)
    assert names.ends(f"transit.{began:%Y-%m-%dT%H}") == began + timedelta(hours=1)
