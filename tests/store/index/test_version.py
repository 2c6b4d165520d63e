"""What is kept of a version, the names that go on with a person, and the days on which each version counts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import replace

from daemon.errors import IntegrityError
from daemon.register.dates import Span, number_of, span
from daemon.register.effect import FOREVER
from daemon.register.rows import RegisterDate
from daemon.register.transitions import Standing
from daemon.store.index import Known, Version, former_codes, known_of, projected, spans, with_former
from daemon.store.index.version import NOTHING, Kind, reaching, starts
from daemon.store.rows import Stored
from tests.register.people import fuhyo_row, honnin_row
from tests.register.strategies import births
from tests.store.index.lives import LIVES, Fact, People

ROW, PERSON = b"ppp" + b"r" * 13, b"p" * 16


def test_a_version_is_projected_with_everything_that_it_can_be_found_by() -> None:
    row = honnin_row(former_name="住基", former_name_kana="じゅうき")
    version = projected(Stored(ROW, PERSON, row))
    assert version[:4] == (ROW, PERSON, 1, row.juminhyo_code)
    assert (version.number, version.standing) == (row.kojin_bango, Standing.PRESENT)
    assert (version.since, version.told) == (20261120, number_of(row.received_on))
    assert (version.birth_min, version.birth_max) == (19890107, 19890107)
    assert (version.sex, version.municipality, version.town) == (row.sex, row.municipality, row.town)
    assert version.kana == "しゆみんたろ"
    assert not any(alias.former for alias in version.aliases)
    assert any(alias.key.startswith("しゆき") for alias in version.aliases)


def test_a_row_that_is_not_its_persons_is_altered() -> None:
    with pytest.raises(IntegrityError, match=r"store\.altered"):
        projected(Stored(b"pp" + b"r" * 14, PERSON, honnin_row()))


def test_in_fuhyo_there_is_neither_number_nor_town() -> None:
    version = projected(Stored(ROW, PERSON, fuhyo_row()))
    assert (version.number, version.town, version.municipality) == ("", "", "35203")


def test_a_former_name_goes_on_with_the_person_and_comes_back_as_their_own() -> None:
    maiden = projected(Stored(ROW, PERSON, honnin_row()), NOTHING)
    married = honnin_row(name="別　花子", kana="べつ　はなこ")
    second = projected(Stored(ROW, PERSON, replace(married, serial=2)), known_of(maiden))
    assert [(alias.key, alias.former) for alias in second.aliases] == [
        (maiden.kana, True),
        (maiden.name, True),
    ]
    again = projected(Stored(ROW, PERSON, replace(honnin_row(), serial=3)), known_of(second))
    assert {alias.key for alias in again.aliases} == {second.kana, second.name}
    codes = (honnin_row().juminhyo_code,)
    assert known_of(again) == Known((maiden.kana, second.kana), (maiden.name, second.name), codes)


def test_a_code_that_was_changed_goes_on_with_the_person_and_is_no_former_one_once_it_comes_back() -> None:
    codes = [honnin_row().juminhyo_code, "24846016224", "25208017643"]
    versions: list[Version] = []
    for serial, code in enumerate([codes[0], codes[1], codes[1], codes[2], codes[0]], start=1):
        row = replace(honnin_row(), serial=serial, juminhyo_code=code)
        versions.append(projected(Stored(ROW, PERSON, row), known_of(versions[-1]) if versions else None))
    assert [set(former_codes(version)) for version in versions] == [
        set(), {codes[0]}, {codes[0]}, {codes[0], codes[1]}, {codes[1], codes[2]},
    ]  # fmt: skip
    assert [known_of(version).codes[0] for version in versions] == [version.code for version in versions]
    assert all(alias.former and alias.kind is Kind.CODE for version in versions for alias in version.aliases)


def test_a_reading_that_is_not_confirmed_is_no_name() -> None:
    version = projected(Stored(ROW, PERSON, honnin_row(kana="")))
    assert (version.kana, known_of(version).kana) == ("", ())


@given(LIVES)
def test_it_survives_being_written_down(lives: list[list[Fact]]) -> None:
    people = People()
    for person, life in enumerate(lives):
        for fact in life:
            version = people.next(person, fact)
            again = Version(*msgpack.decode(msgpack.encode(version)))
            assert known_of(again) == known_of(version)
            assert with_former(again, known_of(version)).aliases == again.aliases


@given(LIVES, st.integers(20191230, 20200115))
def test_one_version_is_in_force_on_each_day_and_it_is_the_last_that_counts(
    lives: list[list[Fact]], day: int
) -> None:
    people = People()
    for person, life in enumerate(lives):
        versions = [people.next(person, fact) for fact in life]
        found = spans(versions)
        in_force = [v for v, (until, _) in zip(versions, found, strict=True) if v.since <= day < until]
        counting = [version for version in versions if version.since <= day]
        assert in_force == counting[-1:]
        assert found[-1] == (FOREVER, True)
        told = versions[-1].told
        assert [is_open for _, is_open in found] == [until > told for until, _ in found]


@given(births, st.dates(date(1868, 1, 25), date(2026, 11, 24)))
def test_whatever_reaches_a_day_began_on_it_or_later_or_on_one_of_its_starts(
    born: RegisterDate, day: date
) -> None:
    asked, held = number_of(day), span(born)
    assert reaching(held) == held  # every form of a register begins so already
    if held[0] < asked <= held[1]:
        assert held[0] in starts(asked)


SPANS = st.tuples(st.dates(date(1868, 1, 25)), st.dates(date(1868, 1, 25))).map(
    lambda days: (number_of(min(days)), number_of(max(days)))
)


@given(SPANS, st.dates(date(1868, 1, 25)))
def test_any_other_span_is_begun_early_enough(held: Span, day: date) -> None:
    first, last = reaching(held)
    assert (first <= held[0], last) == (True, held[1])
    if first < number_of(day) <= last:
        assert first in starts(number_of(day))
