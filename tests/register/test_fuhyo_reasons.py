"""The transition table of `fuhyo` (domain.md §2.5), written out again: every kind of notice after every status."""

from typing import Any

import pytest
from msgspec.structs import replace

from daemon.errors import InputError
from daemon.register.items import FUHYO as FUHYO_ITEMS
from daemon.register.items import Origin
from daemon.register.reasons import Code, standing_of
from daemon.register.rows import FuhyoRow
from daemon.register.versions import next_row
from tests.register.people import (
    FUHYO,
    OTHER,
    OTHER_CITY,
    OTHER_CODE,
    fuhyo_row,
    judged,
    refusal,
)
from tests.register.times import LEAP, NOON, PARTLY, TOMORROW, UNKNOWN

HERE, ABROAD, STRUCK = fuhyo_row(), fuhyo_row(address_municipality="99999"), fuhyo_row("2")
FUHYO_ELSEWHERE = fuhyo_row(municipality=OTHER_CITY)
RECODED = {"juminhyo_code": OTHER_CODE, "former_code": FUHYO.juminhyo_code}
CHANGED: dict[str, dict[str, Any]] = {"3": {"name": "住民　次郎"}, "4": RECODED}


@pytest.mark.parametrize(
    ("kind", "last", "code"),
    [
        ("1", None, ""),
        ("1", STRUCK, ""),
        ("1", HERE, "present_already"),
        ("1", ABROAD, "present_already"),
        ("1", FUHYO_ELSEWHERE, "present_elsewhere"),
        ("2", None, "not_known"),
        ("2", HERE, ""),
        ("2", FUHYO_ELSEWHERE, "other_municipality"),
        ("2", STRUCK, "struck"),  # the assessment's own example
        ("3", None, "not_known"),
        ("3", HERE, ""),
        ("3", FUHYO_ELSEWHERE, "other_municipality"),
        ("3", STRUCK, "struck"),
        ("4", None, "not_known"),
        ("4", HERE, ""),
        ("4", FUHYO_ELSEWHERE, "other_municipality"),
        ("4", STRUCK, "struck"),
    ],
)
def test_every_kind_after_every_status(kind: str, last: FuhyoRow | None, code: str) -> None:
    record = replace(FUHYO, notice_kind=kind, **CHANGED.get(kind, {}))
    if code:
        assert refusal(record, last)[0] == f"reason.{code}"
    else:
        assert judged(record, last).standing == {"2": "struck"}.get(kind, "present")


def test_going_abroad_and_coming_back_is_a_change_of_address() -> None:
    gone = replace(
        FUHYO, notice_kind="3", address_municipality="99999", address="国外転出者", last_address="東京都"
    )
    assert judged(gone, HERE).standing == "abroad"
    row = next_row(gone, HERE, received=NOON, terminal="")
    assert standing_of(row) == "abroad"
    assert judged(replace(FUHYO, notice_kind="3"), row).standing == "present"
    assert judged(replace(gone, notice_kind="2"), row).standing == "struck"


FUHYO_COMPARED = [
    item for item in FUHYO_ITEMS if item.origin is Origin.SENDER and item.number not in {12, 13, 14, 18}
]


@pytest.mark.parametrize("item", FUHYO_COMPARED, ids=lambda item: item.name)
def test_a_strike_changes_nothing_and_a_change_all_but_the_code(item: Any) -> None:
    changed = replace(FUHYO, **{item.name: OTHER[item.name]})
    assert refusal(replace(changed, notice_kind="2"), HERE) == ("reason.item_changed", item.name)
    if item.number == 1:
        assert refusal(replace(changed, notice_kind="3"), HERE) == ("reason.item_changed", item.name)
    else:
        assert judged(replace(changed, notice_kind="3"), HERE).standing == "present"


@pytest.mark.parametrize("item", FUHYO_COMPARED, ids=lambda item: item.name)
def test_a_change_of_code_changes_nothing_else(item: Any) -> None:
    record = replace(FUHYO, notice_kind="4", **(RECODED | {item.name: OTHER[item.name]}))
    if item.number == 1:
        assert judged(record, HERE).standing == "present"
    else:
        assert refusal(record, HERE) == ("reason.item_changed", item.name)


def test_a_change_of_code_names_the_stored_one() -> None:
    record = replace(FUHYO, notice_kind="4", **RECODED)
    for old in ("", "25208017643", OTHER_CODE):
        assert refusal(replace(record, former_code=old), HERE) == ("reason.old_code", "former_code")
    assert refusal(replace(record, juminhyo_code=FUHYO.juminhyo_code), HERE) == (
        "reason.nothing_changed",
        "juminhyo_code",
    )
    assert judged(record, HERE).standing == "present"
    holder = Code(holder=fuhyo_row(juminhyo_code=OTHER_CODE))
    assert refusal(record, HERE, code=holder) == ("reason.code_in_use", "juminhyo_code")


def test_whoever_is_abroad_stays_so_when_the_code_changes() -> None:
    abroad = {"address_municipality": "99999", "address": "国外転出者", "last_address": "東京都"}
    record = replace(FUHYO, notice_kind="4", **RECODED, **abroad)
    assert judged(record, fuhyo_row(**abroad)).standing == "abroad"


def test_what_follows_a_change_of_code_names_no_old_one() -> None:
    row = next_row(replace(FUHYO, notice_kind="4", **RECODED), HERE, received=NOON, terminal="")
    after = replace(FUHYO, juminhyo_code=OTHER_CODE, notice_kind="3", sex="2")
    assert judged(after, row).standing == "present"
    again = replace(after, former_code=FUHYO.juminhyo_code)
    assert refusal(again, row, InputError) == ("reason.old_code_unasked", "former_code")


def test_whoever_took_the_place_of_a_municipality_keeps_its_fuhyo() -> None:
    before = fuhyo_row(municipality="35205")  # 徳山市, until 2003
    for kind in "234":
        record = replace(FUHYO, notice_kind=kind, municipality="35215", **CHANGED.get(kind, {}))
        assert judged(record, before).standing == {"2": "struck"}.get(kind, "present")
        assert refusal(replace(record, municipality="35201"), before)[0] == "reason.other_municipality"
    assert refusal(replace(FUHYO, municipality="35215"), before)[0] == "reason.present_already"


def test_a_change_of_a_fuhyo_changes_something() -> None:
    assert refusal(replace(FUHYO, notice_kind="3"), HERE) == ("reason.nothing_changed", "name")


def test_a_fuhyo_is_dated_too() -> None:
    assert refusal(replace(FUHYO, event_date=TOMORROW), None, InputError) == (
        "reason.date_in_future",
        "event_date",
    )
    assert judged(replace(FUHYO, event_date=UNKNOWN), None).warnings == ()
    assert judged(replace(FUHYO, notice_kind="2", event_date=LEAP), HERE).warnings == ()
    changed = replace(FUHYO, notice_kind="3", sex="2")
    assert refusal(replace(changed, event_date=PARTLY), HERE, InputError) == (
        "reason.date_incomplete",
        "event_date",
    )
