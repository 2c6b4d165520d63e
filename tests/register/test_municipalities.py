"""The municipalities of the prefecture since the network began: when their codes were valid, and who came after whom."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.register import queries
from daemon.register.addresses import address_key, split
from daemon.register.codes import MUNICIPALITIES, six_digits
from daemon.register.kana import is_kana
from daemon.register.municipalities import EVERY, NETWORK, keeper

days = st.dates(NETWORK, date(2152, 12, 31))


@pytest.mark.parametrize(
    ("day", "cities", "towns", "villages"),
    [
        (NETWORK, 14, 37, 5),  # 総務省, 平成の合併: 56 in 1999
        (date(2003, 4, 20), 14, 37, 5),
        (date(2003, 4, 21), 13, 35, 5),
        (date(2006, 3, 20), 13, 9, 0),
        (date(2008, 3, 21), 13, 7, 0),
        (date(2010, 1, 16), 13, 6, 0),
        (date(2026, 11, 24), 13, 6, 0),
    ],
)
def test_there_were_so_many_on_a_day(day: date, cities: int, towns: int, villages: int) -> None:
    kinds = [place.name[-1] for place in EVERY.values() if place.valid(day)]
    assert [kinds.count(kind) for kind in "市町村"] == [cities, towns, villages]
    assert len(kinds) == cities + towns + villages


@pytest.mark.parametrize(
    ("six", "name"),
    [("352055", "徳山市"), ("354031", "阿知須町"), ("354619", "美東町"), ("352152", "周南市")],
)
def test_they_have_their_published_six_digits(six: str, name: str) -> None:
    # As encyclopedias give them for the day of the merger.
    assert EVERY[six[:5]].name == name
    assert six_digits(six[:5]) == six


def test_each_is_written_whole() -> None:
    for code, place in EVERY.items():
        assert code == place.code
        assert code.startswith("35")
        assert is_kana(place.kana)
        assert bool(place.district) == (place.name[-1] != "市")
        assert place.district[-1:] in ("", "郡")
        assert place.since < place.until
        assert bool(place.heir) == (place.until != date.max)
        assert not place.heir or EVERY[place.heir].since <= place.until < EVERY[place.heir].until


def test_those_of_today_are_those_that_nobody_succeeded() -> None:
    assert len(MUNICIPALITIES) == 19
    assert (
        MUNICIPALITIES.items()
        == {code: place for code, place in EVERY.items() if place.valid(date(2026, 11, 24))}.items()
    )


@given(st.sampled_from(sorted(EVERY)), days)
def test_on_every_day_somebody_keeps_the_records(code: str, day: date) -> None:
    if EVERY[code].since <= day:
        assert EVERY[keeper(code, day)].valid(day)
    if EVERY[code].valid(day):
        assert keeper(code, day) == code


@given(st.sampled_from(sorted(code for code, place in EVERY.items() if place.heir)))
def test_they_are_kept_by_another_from_the_day_of_the_merger_on(code: str) -> None:
    place = EVERY[code]
    assert keeper(code, place.until - timedelta(days=1)) == code
    assert keeper(code, place.until) == place.heir


@pytest.mark.parametrize(
    ("code", "address"),
    [("35205", "山口県徳山市滝町１"), ("35361", "山口県都濃郡鹿野町滝町１"), ("35324", "本郷村滝町１")],
)
def test_an_address_of_its_time_loses_the_municipality_of_its_time(code: str, address: str) -> None:
    assert address_key(address, code) == "滝町1"


def test_a_search_may_name_one_that_is_no_more() -> None:
    assert queries.municipality("352055") == queries.municipality("３５２０５") == "35205"
    # Typed at the beginning of an address it is no municipality: today it may be a town of another one.
    assert split("豊浦町川棚１") == ("", "豊浦町川棚1")
