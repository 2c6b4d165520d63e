"""Each code with which the transition tables refuse or warn is reached, and has its text."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from daemon.contract.messages import text_of
from daemon.errors import ConflictError, InputError
from daemon.register.honnin_reasons import HONNIN_REASONS, NOT_NOTIFIABLE
from daemon.register.reasons import Boundary, Code, Decision
from daemon.register.rows import HonninRow, Record, Row
from tests.register.people import (
    CHANGE,
    FUHYO,
    HONNIN,
    KNOWN,
    MOVING,
    OTHER,
    OTHER_CITY,
    OTHER_CODE,
    OTHER_NUMBER,
    fuhyo_row,
    honnin_row,
    judged,
)
from tests.register.times import LEAP, PARTLY, TOMORROW


@dataclass(frozen=True)
class Case:
    """What is told, after what, and what else is known."""

    record: Record
    last: Row | None = None
    known: dict[str, Any] = field(default_factory=dict)


def told(reason: str, **changes: Any) -> Record:
    return replace(HONNIN, reason=reason, **changes)


HERE, AWAY = honnin_row(), honnin_row(municipality=OTHER_CITY)
CASES: dict[str, Case] = {
    "unknown": Case(told("99")),
    "not_notifiable": Case(told("94"), HERE),
    "municipality_not_valid": Case(told("11", municipality="35205")),
    "birth_in_future": Case(told("11", birth=TOMORROW)),
    "before_birth": Case(told("11", birth=replace(HONNIN.birth, code="20261121", era="5"))),
    "date_incomplete": Case(told("11", event_date=PARTLY)),
    "date_not_in_calendar": Case(told("11", event_date=LEAP)),
    "date_in_future": Case(told("11", event_date=TOMORROW)),
    "not_known": Case(told("31")),
    "present_already": Case(told("11"), HERE),
    "present_elsewhere": Case(told("11"), AWAY),
    "code_in_use": Case(told("13", kojin_bango=""), HERE),
    "moved_out": Case(told("23"), honnin_row("21")),
    "dead": Case(told("14"), honnin_row("23")),
    "struck": Case(replace(FUHYO, notice_kind="2"), fuhyo_row("2")),
    "departure_pending": Case(told("31", **CHANGE["31"]), honnin_row("21", event_date=TOMORROW)),
    "other_municipality": Case(told("15"), honnin_row("24", municipality=OTHER_CITY)),
    "not_announced": Case(told("38", **CHANGE["38"]), HERE),
    "boundary_date": Case(
        told("38", **CHANGE["38"]), HERE, {"announced": [Boundary("35203", OTHER_CITY, 20261101)]}
    ),
    "old_code": Case(told("51", **CHANGE["51"]), HERE),
    "old_code_unasked": Case(told("31", **CHANGE["31"]), HERE, {"code": Code(old=OTHER_CODE)}),
    "item_changed": Case(told("25", sex="2"), HERE),
    "nothing_changed": Case(told("37"), HERE),
    "number_too_early": Case(told("13")),
    "number_known": Case(told("42", kojin_bango=OTHER_NUMBER), HERE),
    "number_missing": Case(told("41", kojin_bango=""), HERE),
}
WARNINGS = {
    "future_departure": Case(told("21", event_date=TOMORROW), HERE),
    "number_changed": Case(told("14", kojin_bango=OTHER_NUMBER), honnin_row("24")),
}


def test_the_cases_are_all_there_are() -> None:
    texts = resources.files("daemon.contract").joinpath("texts", "reason.toml").read_text("utf-8")
    assert {*CASES, *WARNINGS} == set(tomllib.loads(texts)["reason"])


@pytest.mark.parametrize("code", CASES)
def test_a_refusal_has_its_code(code: str) -> None:
    case = CASES[code]
    with pytest.raises((InputError, ConflictError)) as refused:
        judged(case.record, case.last, **case.known)
    assert refused.value.code == f"reason.{code}"
    assert refused.value.field in {*case.record.__struct_fields__, "old_code"}
    text = text_of(refused.value.code)
    assert text.ja
    assert text.en


@pytest.mark.parametrize("code", WARNINGS)
def test_a_warning_has_its_code(code: str) -> None:
    case = WARNINGS[code]
    assert judged(case.record, case.last, **case.known).warnings == (f"reason.{code}",)
    assert text_of(f"reason.{code}").en


# Whatever comes: one decision, or one refusal that is in the list, and nothing is touched.

reasons = st.sampled_from([*HONNIN_REASONS, *NOT_NOTIFIABLE, "", "99"])
values = st.fixed_dictionaries(
    {}, optional={name: st.just(value) for name, value in OTHER.items() if hasattr(HONNIN, name)}
)
places = st.sampled_from(["35203", OTHER_CITY, "35205", "35215"])
lasts = st.none() | st.builds(
    lambda reason, place, days: honnin_row(reason, municipality=place, **days),
    st.sampled_from(sorted(HONNIN_REASONS)),
    places,
    st.sampled_from([{}, {"event_date": TOMORROW}]),
)
known = st.fixed_dictionaries(
    {},
    optional={
        "announced": st.just(MOVING),
        "code": st.builds(
            Code, st.sampled_from(["", HONNIN.juminhyo_code, OTHER_CODE]), st.sampled_from([None, AWAY])
        ),
    },
)
AFTER = {"21": "out", "22": "out", "23": "dead", "24": "gone", "25": "gone"}


@settings(max_examples=300)
@given(
    st.builds(
        lambda reason, place, said: told(reason, **{"municipality": place} | said), reasons, places, values
    ),
    lasts,
    known,
)
def test_whatever_is_told_is_decided_or_refused_as_a_whole(
    record: Any, last: HonninRow | None, known: dict[str, Any]
) -> None:
    before = asdict(record), last and asdict(last)
    decision = decided(record, last, known)
    if isinstance(decision, str):
        assert decision.removeprefix("reason.") in CASES
    else:
        assert decision.standing == AFTER.get(record.reason, "present")
        assert {code.removeprefix("reason.") for code in decision.warnings} <= set(WARNINGS)
        lawful(record, last, known)
    assert (asdict(record), last and asdict(last)) == before


def decided(record: Record, last: Row | None, known: dict[str, Any]) -> Decision | str:
    """The decision, or the code of the refusal."""
    try:
        return judged(record, last, **known)
    except (InputError, ConflictError) as refused:
        return refused.code


def lawful(record: Any, last: HonninRow | None, known: dict[str, Any]) -> None:
    """Assert what holds of everything that is applied, in other words than the table's."""
    rules: dict[str, Callable[[], bool]] = {
        "an abolished municipality says nothing": lambda: record.municipality != "35205",
        "an old code is named with 51 alone": lambda: (
            (record.reason == "51") == bool(known.get("code", Code()).old)
        ),
        "a code changes with 51 alone": lambda: (
            last is None or (record.reason == "51") == (record.juminhyo_code != last.juminhyo_code)
        ),
        "who is not known is entered": lambda: last is not None or record.reason in {"11", "12", "13", "14"},
        "who died comes back by 15": lambda: last is None or last.reason != "23" or record.reason == "15",
        "a birth comes first": lambda: record.reason != "13" or last is None,
        "38 was announced": lambda: record.reason != "38" or known.get("announced") == MOVING,
    }
    assert [rule for rule, holds in rules.items() if not holds()] == []


@pytest.mark.parametrize("reason", ["38", "51"])
def test_what_is_known_makes_the_difference(reason: str) -> None:
    record = told(reason, **CHANGE[reason])
    assert judged(record, HERE, **KNOWN[reason]).standing == "present"
    with pytest.raises(ConflictError):
        judged(record, HERE)
