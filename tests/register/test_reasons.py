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
from daemon.register.honnin_reasons import HONNIN_REASONS, NOT_NOTIFIABLE
from daemon.register.items import HONNIN as HONNIN_ITEMS
from daemon.register.items import Origin
from daemon.register.reasons import Boundary, Decision
from daemon.register.rows import HonninRecord, HonninRow, Record
from daemon.register.transitions import Standing
from tests.register.people import (
    CHANGE,
    FUHYO,
    HONNIN,
    KNOWN,
    OTHER,
    OTHER_CITY,
    OTHER_CODE,
    OTHER_NUMBER,
    honnin_row,
    judged,
    refusal,
    row_of,
)
from tests.register.strategies import fuhyo_records, honnin_records
from tests.register.times import TOMORROW

# Who is known how, and what each reason says of that; "" is applied. By hand from the table of domain.md §2.4.
STANDINGS = {
    "none": None,
    "present": honnin_row("11"),
    "ahead": honnin_row("21", event_date=TOMORROW),
    "out": honnin_row("21"),
    "abroad": honnin_row("22"),
    "dead": honnin_row("23"),
    "gone": honnin_row("24"),
    "undone": honnin_row("25"),
}
SHORT = {
    "+": "", "k": "not_known", "a": "present_already", "e": "present_elsewhere", "p": "departure_pending", "o": "moved_out",
    "d": "dead", "s": "struck", "m": "other_municipality", "c": "code_in_use", "n": "not_announced",
}  # fmt: skip
ENTRIES, STRIKES = ("11", "12", "14"), ("21", "22", "23", "24", "25")
CHANGES = ("31", "32", "33", "34", "35", "36", "37", "41", "42", "51")
#        none present ahead out abroad dead gone undone
FROM_THERE = {
    ENTRIES:  "+ a + + + d + +",
    ("13",):  "+ c c c c c c c",
    ("15",):  "k a + + + + + +",
    STRIKES:  "k + + o o d s s",
    CHANGES:  "k + p o o d s s",
    ("38",):  "k n p o o d s s",
}  # fmt: skip
FROM_ELSEWHERE = {
    ENTRIES:  "+ e + + + d + +",
    ("13",):  "+ c c c c c c c",
    ("15",):  "k e m m m m m +",
    STRIKES:  "k m m o o d s s",
    CHANGES:  "k m p o o d s s",
    ("38",):  "k + p o o d s s",
}  # fmt: skip
AFTER = {"21": "out", "22": "out", "23": "dead", "24": "gone", "25": "gone"}


def cells(grid: dict[tuple[str, ...], str]) -> list[tuple[str, str, str]]:
    """Reason, standing and the code of the refusal."""
    return [
        (reason, standing, SHORT[sign])
        for reasons, signs in grid.items()
        for reason in reasons
        for standing, sign in zip(STANDINGS, signs.split(), strict=True)
    ]


def told(reason: str, last: HonninRow | None) -> tuple[HonninRecord, HonninRow | None]:
    """A record that makes the one change its reason asks for, and the last row fit for it."""
    record = replace(HONNIN, reason=reason, **CHANGE.get(reason, {}))
    if reason == "38":
        record = replace(record, municipality=HONNIN.municipality)
    if last is None:
        return replace(record, kojin_bango="") if reason == "12" else record, None
    return record, replace(last, kojin_bango="") if reason == "42" else last


def test_the_grids_hold_every_reason() -> None:
    for grid in (FROM_THERE, FROM_ELSEWHERE):
        assert {reason for reason, _, _ in cells(grid)} == set(HONNIN_REASONS)


@pytest.mark.parametrize(("reason", "standing", "code"), cells(FROM_THERE))
def test_every_reason_after_every_standing_from_there(reason: str, standing: str, code: str) -> None:
    record, last = told(reason, STANDINGS[standing])
    outcome(record, last, code, **KNOWN.get(reason, {}))


@pytest.mark.parametrize(("reason", "standing", "code"), cells(FROM_ELSEWHERE))
def test_every_reason_after_every_standing_from_elsewhere(reason: str, standing: str, code: str) -> None:
    record, last = told(reason, STANDINGS[standing])
    moved = (Boundary(OTHER_CITY, HONNIN.municipality, 20261120),)
    outcome(
        record,
        replace(last, municipality=OTHER_CITY) if last else None,
        code,
        **({"announced": moved} if reason == "38" else KNOWN.get(reason, {})),
    )


@pytest.mark.parametrize(("reason", "standing", "code"), cells(FROM_THERE))
def test_whoever_took_the_place_of_a_municipality_speaks_for_it(
    reason: str, standing: str, code: str
) -> None:
    record, last = told(reason, STANDINGS[standing])
    record = replace(record, municipality="35215")  # 周南市, since 2003
    outcome(
        record, replace(last, municipality="35205") if last else None, code, **KNOWN.get(reason, {})
    )  # 徳山市


def outcome(record: HonninRecord, last: HonninRow | None, refused: str, **known: Any) -> None:
    """Assert that `record` is applied, or refused with that code."""
    if refused:
        assert refusal(record, last, **known)[0] == f"reason.{refused}"
    else:
        assert judged(record, last, **known).standing == AFTER.get(record.reason, "present")


# Items that may differ from the last row, by domain.md §2.4 (N = 2, 3, 4, 23; A = 7, 8, 15, 24; Q = 25–28).
MAY_DIFFER = {
    "15": set(), "21": set(), "22": set(), "23": set(), "24": set(), "25": set(),
    "31": {7, 8, 15, 24},
    "32": {2, 3, 4, 23, 5, 6, 7, 8, 15, 24},
    "33": {2, 3, 23, 7, 8, 15, 24},
    "34": {4},
    "35": {25, 26, 27, 28},
    "36": {2, 3, 4, 23},
    "37": {2, 3, 4, 23, 5, 6, 7, 8, 15, 24, 9, 25, 26, 27, 28},
    "38": {7, 8, 15, 24},
    "41": {9}, "42": {9},
    "51": {1},
}  # fmt: skip
ASKED_FOR: dict[str, dict[str, Any]] = {
    "38": {"municipality": OTHER_CITY},
    "41": {"kojin_bango": OTHER_NUMBER},
    "51": {"juminhyo_code": OTHER_CODE},
}
COMPARED = [
    item for item in HONNIN_ITEMS if item.origin is Origin.SENDER and item.number not in {10, 11, 14}
]  # 14 has its own error


@pytest.mark.parametrize("reason", sorted(MAY_DIFFER))
@pytest.mark.parametrize("item", COMPARED, ids=lambda item: item.name)
def test_every_reason_against_every_item(reason: str, item: Any) -> None:
    before = honnin_row(
        "24" if reason == "15" else "11", kojin_bango="" if reason == "42" else HONNIN.kojin_bango
    )
    changed = ASKED_FOR.get(reason, {}) | {item.name: OTHER[item.name]}
    record, known = replace(HONNIN, reason=reason, **changed), KNOWN.get(reason, {})
    if item.number in MAY_DIFFER[reason]:
        assert judged(record, before, **known).standing == AFTER.get(reason, "present")
    else:
        assert refusal(record, before, **known) == ("reason.item_changed", item.name)


@pytest.mark.parametrize("item", COMPARED, ids=lambda item: item.name)
def test_who_takes_somebody_back_says_everything_of_them_but_another_code(item: Any) -> None:
    """A 転入 that was a mistake (25): the municipality before restores its own record (15)."""
    undone = honnin_row("25", municipality=OTHER_CITY)
    record = replace(HONNIN, reason="15", **{item.name: OTHER[item.name]})
    if item.number == 1:
        assert refusal(record, undone) == ("reason.item_changed", item.name)
    else:
        warnings = ("reason.number_changed",) if item.number == 9 else ()
        assert judged(record, undone) == Decision(Standing.PRESENT, warnings)


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        ("31", "address"), ("32", "name"), ("33", "name"), ("34", "kana"), ("35", "former_name"), ("36", "name"),
        ("37", "name"), ("41", "kojin_bango"), ("51", "juminhyo_code"),
    ],
)  # fmt: skip
def test_a_change_changes_something(reason: str, field: str) -> None:
    record, known = replace(HONNIN, reason=reason), KNOWN.get(reason, {})
    assert refusal(record, honnin_row(), **known) == ("reason.nothing_changed", field)


@pytest.mark.parametrize("reason", ["00", "97", "", "1", "１１", "世帯分離"])
def test_reasons_that_there_are_not(reason: str) -> None:
    assert refusal(replace(HONNIN, reason=reason), honnin_row(), InputError) == ("reason.unknown", "reason")


@pytest.mark.parametrize("reason", ["91", "92", "93", "94", "95", "96"])
def test_reasons_that_are_not_notified(reason: str) -> None:
    for last in (None, honnin_row()):
        assert refusal(replace(HONNIN, reason=reason), last, InputError) == (
            "reason.not_notifiable",
            "reason",
        )


@pytest.mark.parametrize("kind", ["0", "5", "9", "", "11"])
def test_kinds_of_notice_that_are_not_taken(kind: str) -> None:
    assert refusal(replace(FUHYO, notice_kind=kind), None, InputError) == ("reason.unknown", "notice_kind")


def test_a_code_outside_the_notice_is_never_another_persons() -> None:
    # The caller looks the row up by code; should it ever hand over another's, nothing is applied.
    record = replace(HONNIN, juminhyo_code="24846016224")
    assert refusal(record, honnin_row("21", municipality=OTHER_CITY)) == (
        "reason.item_changed",
        "juminhyo_code",
    )


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


@pytest.mark.parametrize("reason", ENTRIES)
@pytest.mark.parametrize("last", ["out", "gone"])
def test_who_comes_back_may_have_another_number_and_someone_looks_at_it(reason: str, last: str) -> None:
    record = replace(HONNIN, reason=reason)
    assert judged(record, STANDINGS[last]).warnings == ()
    assert judged(replace(record, kojin_bango=OTHER_NUMBER), STANDINGS[last]).warnings == (
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
    assert set(FUHYO_REASONS) == {"1", "2", "3", "4"}
    assert not set(HONNIN_REASONS) & set(NOT_NOTIFIABLE)


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
