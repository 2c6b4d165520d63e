"""What is compared of a person, who belongs to a municipality, and what both ends make of the same record."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace

from daemon.errors import AuthorityError, InputError
from daemon.register.reconcile import COMPARED, as_stored, belongs, differing, kept_by, stated
from daemon.register.rows import FuhyoRecord, HonninRecord, Record, Register, RegisterDate, Row
from daemon.register.versions import next_row
from tests.register.people import FUHYO, HONNIN, OTHER, fuhyo_row, honnin_row
from tests.register.strategies import fuhyo_records, honnin_records
from tests.register.times import NOON

TODAY = date(2026, 11, 24)
ABOUT = {"reason", "event_date", "notice_kind", "former_code", "municipality"}
DERIVED = {"seion_kana", "gaiji_flag", "struck_flag", "status", "gaiji_pattern"}


def test_everything_that_a_municipality_states_of_a_person_is_compared() -> None:
    for register, kind in ((Register.HONNIN, HonninRecord), (Register.FUHYO, FuhyoRecord)):
        assert set(COMPARED[register]) == set(kind.__struct_fields__) - ABOUT - DERIVED
        assert len(COMPARED[register]) == len(set(COMPARED[register]))


@pytest.mark.parametrize("register", list(Register))
def test_each_field_makes_a_difference_by_itself(register: Register) -> None:
    record: Record = HONNIN if register is Register.HONNIN else FUHYO
    row: Row = honnin_row() if register is Register.HONNIN else fuhyo_row()
    assert differing(record, row, register) == ()
    for name in COMPARED[register]:
        other = OTHER.get(name, "4E00")
        changed = replace(record, **{name: other})
        assert differing(changed, row, register) == (name,)
        assert stated(changed, register) != stated(row, register)


@pytest.mark.parametrize(
    "change", [{"reason": "32"}, {"event_date": RegisterDate("20200101")}, {"municipality": "35201"}]
)
def test_what_is_about_a_notice_makes_none(change: dict[str, Any]) -> None:
    changed = replace(HONNIN, **change)
    assert differing(changed, honnin_row(), Register.HONNIN) == ()
    assert stated(changed, Register.HONNIN) == stated(honnin_row(), Register.HONNIN)


@given(honnin_records())
def test_both_ends_state_the_same_of_a_resident(record: HonninRecord) -> None:
    stored = as_stored(record, record.municipality)
    row = next_row(stored, None, received=NOON, terminal="CS")
    assert stated(stored, Register.HONNIN) == stated(row, Register.HONNIN)
    assert differing(stored, row, Register.HONNIN) == ()


@given(fuhyo_records())
def test_both_ends_state_the_same_of_a_supplementary_record(record: FuhyoRecord) -> None:
    stored = as_stored(record, record.municipality)
    row = next_row(stored, None, received=NOON, terminal="CS")
    assert stated(stored, Register.FUHYO) == stated(row, Register.FUHYO)


def test_what_is_stated_is_an_array_of_the_values() -> None:
    values = msgspec.json.decode(stated(HONNIN, Register.HONNIN))
    assert values[:3] == [HONNIN.juminhyo_code, HONNIN.name, 0]
    assert values[4] == {"code": "19890107", "era": "3", "text": ""}
    assert len(values) == len(COMPARED[Register.HONNIN])


def test_half_a_character_is_stated_by_nobody() -> None:
    with pytest.raises(InputError) as refused:
        stated(replace(HONNIN, name="\ud842"), Register.HONNIN)
    assert refused.value.code == "json.half_character"


AHEAD, PAST = RegisterDate("20261201", "5"), RegisterDate("20261101", "5")


@pytest.mark.parametrize(
    ("row", "here"),
    [
        (honnin_row("11"), True),
        (honnin_row("31"), True),
        (honnin_row("21", event_date=PAST), False),
        (honnin_row("21", event_date=AHEAD), True),
        (honnin_row("23", event_date=PAST), False),
        (honnin_row("24", event_date=PAST), False),
        (honnin_row("11", municipality="35201"), False),
    ],
)
def test_who_is_present_belongs(row: Row, here: bool) -> None:  # noqa: FBT001 - a column of the table
    assert belongs(row, "35203", Register.HONNIN, TODAY) is here


def test_in_fuhyo_whoever_is_kept_belongs_wherever_they_live() -> None:
    abroad = {"address_municipality": "99999", "address": "国外転出者", "last_address": "山口県"}
    assert belongs(fuhyo_row(), "35203", Register.FUHYO, TODAY)
    assert belongs(fuhyo_row(**abroad), "35203", Register.FUHYO, TODAY)
    assert not belongs(fuhyo_row("2"), "35203", Register.FUHYO, TODAY)
    assert not belongs(fuhyo_row(), "35201", Register.FUHYO, TODAY)


def test_an_abolished_municipality_s_people_belong_to_its_heir() -> None:
    old = honnin_row(municipality="35205")
    assert belongs(old, "35215", Register.HONNIN, TODAY)
    assert not belongs(old, "35205", Register.HONNIN, TODAY)
    assert "35205" in kept_by("35215", TODAY)
    assert kept_by("35202", date(2002, 8, 5)) == ("35202",)


def test_another_municipality_s_record_is_not_taken() -> None:
    with pytest.raises(AuthorityError):
        as_stored(HONNIN, "35201")
    assert as_stored(replace(HONNIN, municipality="352039", kana="ジュウミン"), "35203") == replace(
        HONNIN, kana="じゅうみん"
    )
