"""From what was typed to what is wanted: every field is read or refused by name, and a search must name enough."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from daemon.commands.inquiries.criteria import READERS, SHOWN, STANDINGS, to_add, wanted
from daemon.contract.console import Match, Scope, Search
from daemon.errors import InputError
from daemon.register.rows import Register
from daemon.register.transitions import Standing
from daemon.register.wanted import Wanted
from tests.register.strategies import TODAY

HONNIN, FUHYO = Register.HONNIN, Register.FUHYO


def typed(**fields: Any) -> Search:
    return Search(affair="a", purpose="p", application="A", **fields)


def read(register: Register = HONNIN, **fields: Any) -> Wanted:
    return wanted(typed(**fields), register=register, today=TODAY)


def refused(register: Register = HONNIN, **fields: Any) -> tuple[str, str]:
    with pytest.raises(InputError) as error:
        read(register, **fields)
    return error.value.code, error.value.field


def test_every_field_is_asked() -> None:
    asked = read(
        kana="さとう", kana_match=Match.WHOLE, name="佐藤", name_match=Match.WHOLE, former=True, birth="1989", sex="2",
        municipality="352039", town="001", address="滝町1", as_of="20200401",
    )  # fmt: skip
    assert asked.kana is not None
    assert asked.name is not None
    assert (asked.kana.whole, asked.name.whole, asked.former) == (True, True, True)
    assert (asked.on, asked.birth, asked.sex) == (20200401, (19890101, 19891231), "2")
    assert (asked.municipality, asked.town) == ("35203", "001")
    assert asked.address


def test_what_is_not_typed_asks_nothing() -> None:
    assert read(birth="1989") == Wanted(
        on=20261124, standings=(Standing.PRESENT,), birth=(19890101, 19891231)
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"sex": "1"},
        {"municipality": "35203"},
        {"municipality": "35203", "town": "001", "sex": "1"},
        {"address": "山口市"},
        {"address": "山口県山口市", "sex": "2"},
        {"as_of": "20200401", "former": True, "scope": Scope.STRUCK},
    ],
)
def test_what_is_too_little(fields: dict[str, Any]) -> None:
    assert refused(**fields) == ("search.nothing_asked", "kana")


@pytest.mark.parametrize("field", ["kana", "name", "birth", "address"])
def test_each_of_these_is_enough(field: str) -> None:
    value: dict[str, Any] = {field: {"birth": "1989", "address": "滝町"}.get(field, "さとう")}
    assert getattr(read(**value), field)


def test_a_town_needs_its_municipality() -> None:
    assert refused(birth="1989", town="001") == ("search.town_alone", "municipality")
    assert read(birth="1989", town="001", municipality="35203").town == "001"
    assert read(town="001", address="山口市滝町").town == "001"


def test_a_municipality_may_be_named_by_the_address_and_must_not_differ() -> None:
    within = read(address="山口県山口市滝町1")
    assert (
        within
        == read(address="滝町1", municipality="35203")
        == read(address="山口市滝町1", municipality="352039")
    )
    assert refused(address="山口市滝町1", municipality="35201") == ("search.municipality_differs", "address")


def test_in_fuhyo_the_municipality_is_who_keeps_it_wherever_the_address_lies() -> None:
    asked = read(FUHYO, address="山口県下関市南部町1", municipality="35203")
    assert asked.municipality == "35203"
    assert not read(FUHYO, address="山口県下関市南部町1").municipality
    assert asked.address != read(FUHYO, address="南部町1").address


def test_fuhyo_has_no_towns_and_nobody_struck_off() -> None:
    assert refused(FUHYO, birth="1989", town="001", municipality="35203") == ("search.town_not_here", "town")
    assert refused(FUHYO, birth="1989", scope=Scope.STRUCK) == ("search.scope_not_here", "scope")


def test_whom_a_search_may_find() -> None:
    assert STANDINGS.keys() == {(register, scope) for register in Register for scope in Scope}
    assert SHOWN[FUHYO] == {Standing.ABROAD}
    assert SHOWN[HONNIN] == {Standing.PRESENT, Standing.OUT, Standing.DEAD, Standing.GONE}
    assert read(birth="1989", scope=Scope.STRUCK).standings == (Standing.OUT, Standing.DEAD, Standing.GONE)
    assert read(FUHYO, birth="1989", as_of="20200401").standings == (Standing.ABROAD,)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"birth": "1989"}, "kana"),
        ({"address": "滝町"}, "kana"),
        ({"kana": "さ"}, "birth"),
        ({"name": "佐"}, "birth"),
        ({"kana": "さ", "birth": "1989"}, "address"),
        ({"kana": "さ", "birth": "1989", "address": "滝"}, "municipality"),
        ({"kana": "さ", "birth": "1989", "address": "滝", "municipality": "35203"}, "sex"),
        ({"kana": "さ", "birth": "1989", "address": "滝", "municipality": "35203", "sex": "1"}, "kana"),
        ({"name": "佐", "birth": "1989", "address": "滝", "municipality": "35203", "sex": "1"}, "name"),
        (
            {"name": "佐", "name_match": Match.WHOLE, "birth": "1989", "address": "滝", "municipality": "35203", "sex": "1"},
            "address",
        ),
    ],
)  # fmt: skip
def test_what_to_add_where_too_many_fit(fields: dict[str, Any], field: str) -> None:
    assert to_add(typed(**fields)) == field


@given(
    field=st.sampled_from(sorted(READERS)),
    text=st.text(min_size=1),
    beside=st.sampled_from(["birth", "kana"]),
)
def test_nothing_typed_is_passed_over(field: str, text: str, beside: str) -> None:
    """Whatever stands in a field changes what is wanted, or is an error that names the field."""
    assume(field != beside)
    plain: dict[str, Any] = {"birth": "1989"} if beside == "birth" else {"kana": "さとう"}
    try:
        asked = read(**plain | {field: text})
    except InputError as error:
        assert error.field == field or error.code == "search.town_alone"  # noqa: PT017 - either may be
    else:
        assert asked != read(**plain)
