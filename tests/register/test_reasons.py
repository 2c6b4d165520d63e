"""The transition table of `honnin`, every cell: who may come to whom, and what may differ.

The table of domain.md §2.4 is written out again here, in another form than the program's, so that a slip in either
shows.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from daemon.errors import ConflictError, InputError
from daemon.register.codes import kojin_bango_digit
from daemon.register.fuhyo_reasons import FUHYO_REASONS
from daemon.register.honnin_reasons import HONNIN_REASONS
from daemon.register.items import HONNIN as HONNIN_ITEMS
from daemon.register.items import Origin
from daemon.register.reasons import Decision
from daemon.register.rows import HonninRecord, Record
from daemon.register.transitions import Standing
from tests.register.people import (
    CHANGE,
    FUHYO,
    HONNIN,
    OTHER,
    OTHER_CITY,
    OTHER_NUMBER,
    honnin_row,
    judged,
    refusal,
    row_of,
)
from tests.register.strategies import fuhyo_records, honnin_records

LAST = {
    "none": None,
    "present": honnin_row("11"),
    "elsewhere": honnin_row("11", municipality=OTHER_CITY),
    "out": honnin_row("21", municipality=OTHER_CITY),
    "dead": honnin_row("23"),
    "gone": honnin_row("24"),
}
STANDINGS = ("none", "present", "elsewhere", "out", "dead", "gone")
ENTRIES = ("", "present_already", "present_elsewhere", "", "dead", "")
BIRTH = ("", "code_in_use", "code_in_use", "code_in_use", "code_in_use", "code_in_use")
OF_THE_PRESENT = ("not_known", "", "other_municipality", "moved_out", "dead", "struck")
CELLS = [
    (reason, last, code)
    for reason in HONNIN_REASONS
    for last, code in zip(
        STANDINGS, {"11": ENTRIES, "12": ENTRIES, "13": BIRTH}.get(reason, OF_THE_PRESENT), strict=True
    )
]


@pytest.mark.parametrize(("reason", "last", "code"), CELLS)
def test_every_reason_after_every_standing(reason: str, last: str, code: str) -> None:
    before = LAST[last]
    record = replace(HONNIN, reason=reason, **CHANGE.get(reason, {}))
    if reason == "12" and last == "none":
        record = replace(record, kojin_bango="")
    if reason == "42" and before:
        before = replace(before, kojin_bango="")
    if code:
        assert refusal(record, before)[0] == f"reason.{code}"
    else:
        after = {"21": "out", "22": "out", "23": "dead", "24": "gone"}.get(reason, "present")
        assert judged(record, before).standing == after


# Items that may differ from the last row, by domain.md §2.4 (N = 2, 3, 4, 23; A = 7, 8, 15, 24; Q = 25–28).
MAY_DIFFER = {
    "21": set(), "22": set(), "23": set(), "24": set(),
    "31": {7, 8, 15, 24},
    "32": {2, 3, 4, 23, 5, 6, 7, 8, 15, 24},
    "33": {2, 3, 23, 7, 8, 15, 24},
    "34": {4},
    "35": {25, 26, 27, 28},
    "36": {2, 3, 4, 23},
    "41": {9}, "42": {9},
}  # fmt: skip
COMPARED = [
    item for item in HONNIN_ITEMS if item.origin is Origin.SENDER and item.number not in {10, 11, 14}
]  # 14 has its own error


@pytest.mark.parametrize("reason", sorted(MAY_DIFFER))
@pytest.mark.parametrize("item", COMPARED, ids=lambda item: item.name)
def test_every_reason_against_every_item(reason: str, item: Any) -> None:
    before = honnin_row("11", kojin_bango="" if reason == "42" else HONNIN.kojin_bango)
    asked_for = {"41": {"kojin_bango": OTHER_NUMBER}}.get(reason, {})
    record = replace(HONNIN, reason=reason, **(asked_for | {item.name: OTHER[item.name]}))
    if item.number in MAY_DIFFER[reason]:
        assert judged(record, before).standing == "present"
    else:
        assert refusal(record, before) == ("reason.item_changed", item.name)


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        ("31", "address"), ("32", "name"), ("33", "name"), ("34", "kana"), ("35", "former_name"), ("36", "name"),
        ("41", "kojin_bango"),
    ],
)  # fmt: skip
def test_a_change_changes_something(reason: str, field: str) -> None:
    assert refusal(replace(HONNIN, reason=reason), honnin_row()) == ("reason.nothing_changed", field)


@pytest.mark.parametrize("reason", ["14", "15", "25", "37", "38", "51", "00", "", "1", "１１", "世帯分離"])
def test_reasons_that_are_not_notified_or_not_taken_yet(reason: str) -> None:
    assert refusal(replace(HONNIN, reason=reason), honnin_row(), InputError) == ("reason.unknown", "reason")


@pytest.mark.parametrize("kind", ["0", "4", "9", "", "11"])
def test_kinds_of_notice_that_are_not_taken(kind: str) -> None:
    assert refusal(replace(FUHYO, notice_kind=kind), None, InputError) == ("reason.unknown", "notice_kind")


def test_a_code_outside_the_notice_is_never_another_persons() -> None:
    # The caller looks the row up by code; should it ever hand over another's, nothing is applied.
    record = replace(HONNIN, juminhyo_code="24846016224")
    assert refusal(record, LAST["out"]) == ("reason.item_changed", "juminhyo_code")


# Numbers (domain.md §2.4, corrections).


def test_a_newborn_and_a_first_arrival_from_abroad_have_no_number() -> None:
    assert refusal(replace(HONNIN, reason="13"), None, InputError) == (
        "reason.number_too_early",
        "kojin_bango",
    )
    assert refusal(replace(HONNIN, reason="12"), None, InputError) == (
        "reason.number_too_early",
        "kojin_bango",
    )
    assert judged(replace(HONNIN, reason="13", kojin_bango=""), None) == Decision(Standing.PRESENT)
    assert judged(replace(HONNIN, reason="12", kojin_bango=""), None) == Decision(Standing.PRESENT)


@pytest.mark.parametrize("reason", ["11", "12"])
@pytest.mark.parametrize("last", ["out", "gone"])
def test_who_comes_back_may_have_another_number_and_someone_looks_at_it(reason: str, last: str) -> None:
    record = replace(HONNIN, reason=reason)
    assert judged(record, LAST[last]).warnings == ()
    assert judged(replace(record, kojin_bango=OTHER_NUMBER), LAST[last]).warnings == (
        "reason.number_changed",
    )


def test_a_number_is_replaced_by_another_and_given_where_there_was_none() -> None:
    replaced, given_ = replace(HONNIN, reason="41"), replace(HONNIN, reason="42")
    without = honnin_row(kojin_bango="")
    assert judged(replace(replaced, kojin_bango=OTHER_NUMBER), honnin_row()).standing == "present"
    assert refusal(replace(replaced, kojin_bango=""), honnin_row()) == (
        "reason.number_missing",
        "kojin_bango",
    )
    assert refusal(replaced, without) == ("reason.number_missing", "kojin_bango")
    assert judged(given_, without).standing == "present"
    nothing = replace(given_, kojin_bango="")
    assert refusal(nothing, without) == ("reason.nothing_changed", "kojin_bango")
    assert refusal(replace(given_, kojin_bango=OTHER_NUMBER), honnin_row()) == (
        "reason.number_known",
        "kojin_bango",
    )


# The tables themselves.


def test_the_tables_are_keyed_by_their_codes_and_name_real_items() -> None:
    for table, count in ((HONNIN_REASONS, 28), (FUHYO_REASONS, 18)):
        assert all(code == row.code and row.title and row.law for code, row in table.items())
        assert all(row.must <= row.may <= set(range(1, count + 1)) for row in table.values())
    assert set(HONNIN_REASONS) >= {"11", "12", "13", "21", "23", "31"}
    assert set(FUHYO_REASONS) == {"1", "2", "3"}


@settings(max_examples=40)
@given(honnin_records() | fuhyo_records(), st.sampled_from(["municipality", "name", "sex"]))
def test_judging_changes_neither_the_record_nor_the_row(record: Record, field: str) -> None:
    last = row_of(record)
    changed = replace(record, **{field: OTHER.get(field, OTHER_CITY)})
    before = asdict(changed), asdict(last)
    with pytest.raises(ConflictError):
        judged(changed, last)
    assert (asdict(changed), asdict(last)) == before


@given(st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_any_number_that_differs_is_noticed_while_present(base: str) -> None:
    number = base + kojin_bango_digit(base)
    moved = replace(HONNIN, reason="31", address="新しい住所", kojin_bango=number)
    if number != HONNIN.kojin_bango:
        assert refusal(moved, honnin_row()) == ("reason.item_changed", "kojin_bango")


def test_records_and_tables_speak_of_the_same_fields() -> None:
    assert {item.name for item in COMPARED} <= set(HonninRecord.__struct_fields__)
