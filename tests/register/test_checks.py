"""Rules of form: a valid record passes as it is, and every fault of one field is named."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.errors import AuthorityError, InputError
from daemon.register.checks import check, check_sender
from daemon.register.codes import six_digits
from daemon.register.derived import derived
from daemon.register.rows import FuhyoRecord, HonninRecord, Record, RegisterDate
from tests.register.people import FUHYO, HONNIN
from tests.register.strategies import fuhyo_records, honnin_records, municipalities


def _refused(record: Record) -> tuple[str, str]:
    with pytest.raises(InputError) as refused:
        check(record)
    return refused.value.code, refused.value.field


@settings(max_examples=40)
@given(honnin_records(), fuhyo_records())
def test_a_right_record_comes_back_as_it_came(honnin: HonninRecord, fuhyo: FuhyoRecord) -> None:
    assert check(honnin) == honnin
    assert check(fuhyo) == fuhyo


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("juminhyo_code", "24727059609", "record.bad_juminhyo_code"),
        ("juminhyo_code", "", "record.bad_juminhyo_code"),
        ("name", "", "record.empty"),
        ("name", "山" * 101, "record.too_long"),
        ("name", "山\u202e田", "record.bad_character"),
        ("name", "山田 太郎", "record.stray_space"),
        ("kana", "住民", "record.not_kana"),
        ("kana", "あ" * 101, "record.too_long"),
        ("kana", "あ\u200b", "record.bad_character"),
        ("kana", "　あ", "record.stray_space"),
        ("birth", RegisterDate(""), "record.bad_date"),
        ("birth", RegisterDate("20250230"), "record.bad_date"),
        ("birth", RegisterDate("19890108", "3"), "record.bad_era"),
        ("sex", "", "record.bad_sex"),
        ("sex", "3", "record.bad_sex"),
        ("sex", "12", "record.bad_sex"),
        ("address", "", "record.empty"),
        ("address", "山" * 201, "record.too_long"),
        ("kojin_bango", "123456789010", "record.bad_kojin_bango"),
        ("event_date", RegisterDate("2026"), "record.bad_date"),
        ("municipality", "352030", "record.bad_municipality"),
        ("municipality", "", "record.bad_municipality"),
        ("municipality", "13104", "record.unknown_municipality"),
        ("municipality", "35000", "record.unknown_municipality"),
        ("town", "001", "record.bad_town"),
        ("town", "００１０００", "record.bad_town"),
        ("name_gaiji_version", -1, "record.bad_version"),
        ("address_gaiji_version", 10_000, "record.bad_version"),
        ("former_name_gaiji_version", 10_000, "record.bad_version"),
        ("former_name", "山" * 51, "record.too_long"),
        ("former_name_kana", "旧", "record.not_kana"),
        ("name_gaiji", 1, "record.gaiji_count"),
        ("address_gaiji", 1, "record.gaiji_count"),
        ("former_name_gaiji", 1, "record.gaiji_count"),
        ("seion_kana", "しゆうみんたろう", "record.derived_differs"),
        ("gaiji_flag", "1", "record.derived_differs"),
        ("struck_flag", "1", "record.derived_differs"),
        ("name_unified", "4F4F6C113000592A90ce", "record.bad_unified"),
        ("name_unified", "4F4F6C113000592A90C", "record.bad_unified"),
        ("name_unified", "4F4F6C113000592A", "record.unified_count"),
        ("name_unified", "4F4F6C113000592A90CF", "record.unified_differs"),
        ("address_unified", "5C71", "record.unified_count"),
        ("former_name_unified", "4F4F", "record.unified_count"),
    ],
)
def test_a_fault_in_honnin_is_named(field: str, value: Any, code: str) -> None:
    if field == "seion_kana":
        value += "う"
    assert _refused(replace(HONNIN, **{field: value})) == (code, field)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("juminhyo_code", "12345678901", "record.bad_juminhyo_code"),
        ("name", "", "record.empty"),
        ("kana", "abc", "record.not_kana"),
        ("birth", RegisterDate("19891301"), "record.bad_date"),
        ("sex", "男", "record.bad_sex"),
        ("address_municipality", "48100", "record.bad_municipality"),
        ("address_municipality", "00100", "record.bad_municipality"),
        ("address_municipality", "131040", "record.bad_municipality"),
        ("address", "", "record.empty"),
        ("address", "国外転出者", "record.abroad_address"),
        ("last_address", "東京都", "record.last_address"),
        ("last_address", "東\x00", "record.bad_character"),
        ("event_date", RegisterDate("99"), "record.bad_date"),
        ("former_code", "1", "record.bad_juminhyo_code"),
        ("former_code", "24846016224", "record.former_code"),
        ("municipality", "13104", "record.unknown_municipality"),
        ("name_gaiji", 1, "record.gaiji_count"),
        ("address_gaiji", -1, "record.gaiji_count"),
        ("last_address_gaiji", 1, "record.gaiji_count"),
        ("status", "2", "record.derived_differs"),
        ("gaiji_flag", "", "record.derived_differs"),
        ("gaiji_pattern", "1", "record.derived_differs"),
        ("name_unified", "住民　太郎", "record.bad_unified"),
        ("address_unified", "6771", "record.unified_count"),
        ("last_address_unified", "6771", "record.unified_count"),
    ],
)
def test_a_fault_in_fuhyo_is_named(field: str, value: Any, code: str) -> None:
    assert _refused(replace(FUHYO, **{field: value})) == (code, field)


def test_every_field_has_a_test_of_its_faults_or_is_judged_elsewhere() -> None:
    tested = {
        mark.args[1][index][0]
        for test in (test_a_fault_in_honnin_is_named, test_a_fault_in_fuhyo_is_named)
        for mark in test.pytestmark
        for index in range(len(mark.args[1]))
    }
    assert {*HonninRecord.__struct_fields__, *FuhyoRecord.__struct_fields__} - tested == {
        "reason",
        "notice_kind",
    }


def test_an_unknown_reason_is_refused() -> None:
    assert _refused(replace(HONNIN, reason="99")) == ("reason.unknown", "reason")
    assert _refused(replace(HONNIN, reason="91")) == ("reason.not_notifiable", "reason")
    assert _refused(replace(FUHYO, notice_kind="5")) == ("reason.unknown", "notice_kind")


def test_a_change_of_code_names_the_old_one() -> None:
    changed = replace(FUHYO, notice_kind="4", former_code="24846016224")
    assert check(changed) == changed
    assert _refused(replace(changed, former_code="")) == ("record.former_code", "former_code")
    assert _refused(replace(changed, former_code="24846016225"))[0] == "record.bad_juminhyo_code"


def test_a_municipality_of_an_earlier_day_is_well_formed() -> None:
    assert check(replace(HONNIN, municipality="352055")).municipality == "35205"


def test_kana_is_stored_as_hiragana_and_municipalities_as_five_digits() -> None:
    sent = replace(
        HONNIN, kana="ｼﾞｭｳﾐﾝ タロウ", municipality="352039", former_name="住基", former_name_kana="ジュウキ"
    )
    stored = check(sent)
    assert (stored.kana, stored.former_name_kana) == ("じゅうみん　たろう", "じゅうき")
    assert stored.municipality == "35203"
    assert check(replace(FUHYO, address_municipality="131041")).address_municipality == "13104"


@settings(max_examples=40)
@given(honnin_records())
def test_checking_twice_is_checking_once(record: HonninRecord) -> None:
    katakana = {code: code + 0x60 for code in range(0x3041, 0x3097)}
    stored = check(replace(record, kana=record.kana.translate(katakana)))
    assert check(stored) == stored == check(record)


def test_a_kana_may_be_unconfirmed_and_a_number_not_yet_given() -> None:
    assert check(replace(HONNIN, kana="", kojin_bango="")).kana == ""


@pytest.mark.parametrize("rest", [{"former_name_kana": "じゅうき"}, {"former_name_gaiji_version": 1}])
def test_nothing_of_a_former_name_stands_without_it(rest: dict[str, Any]) -> None:
    assert _refused(replace(HONNIN, **rest)) == ("record.former_name_missing", "former_name")
    assert check(replace(HONNIN, former_name="住基", **rest)).former_name == "住基"


@pytest.mark.parametrize("municipality", ["99999", ""])
def test_a_person_abroad_has_the_last_address_in_japan(municipality: str) -> None:
    abroad = replace(
        FUHYO, address_municipality=municipality, address="国外転出者", last_address="山口県山口市"
    )
    assert check(abroad).address_municipality == "99999"
    assert _refused(replace(abroad, last_address="")) == ("record.last_address", "last_address")
    assert _refused(replace(abroad, address="ハワイ")) == ("record.abroad_address", "address")


@settings(max_examples=40)
@given(honnin_records() | fuhyo_records(), st.data())
def test_what_the_sender_derives_is_taken_if_right_and_refused_if_not(
    record: Any, data: st.DataObject
) -> None:
    right = derived(record)
    assert check(replace(record, **right)) == replace(record, **right)
    field = data.draw(st.sampled_from(sorted(right)))
    wrong = data.draw(
        st.sampled_from(["0", "1", "2", "9", "", "あ"]).filter(lambda value: value != right[field])
    )
    assert _refused(replace(record, **{field: wrong})) == ("record.derived_differs", field)


def test_the_derived_items() -> None:
    whole = replace(HONNIN, name="〓", name_gaiji=1, reason="21")
    assert derived(HONNIN) == {"seion_kana": "しゆうみんたろう", "gaiji_flag": "0", "struck_flag": "0"}
    assert derived(whole) == {"seion_kana": "しゆうみんたろう", "gaiji_flag": "1", "struck_flag": "1"}
    for field in ("name_gaiji", "address_gaiji", "former_name_gaiji"):
        assert derived(replace(HONNIN, **{field: 1}))["gaiji_flag"] == "1"
    abroad = replace(FUHYO, address_municipality="99999", name_gaiji=1, last_address_gaiji=2)
    assert derived(FUHYO) == {"status": "1", "gaiji_flag": "0", "gaiji_pattern": "0"}
    assert derived(abroad) == {"status": "2", "gaiji_flag": "1", "gaiji_pattern": "5"}
    assert derived(replace(abroad, notice_kind="2", address_gaiji=1))["status"] == "9"
    assert derived(replace(FUHYO, address_gaiji=1))["gaiji_pattern"] == "2"


@given(municipalities)
def test_a_municipality_speaks_for_itself_only(sender: str) -> None:
    check_sender(replace(HONNIN, municipality=sender), sender)
    check_sender(replace(FUHYO, municipality=six_digits(sender)), sender)
    for record in (HONNIN, FUHYO, replace(HONNIN, municipality="")):
        if sender != record.municipality:
            with pytest.raises(AuthorityError) as refused:
                check_sender(record, sender)
            assert (refused.value.code, refused.value.field) == ("notice.wrong_sender", "municipality")


def test_no_error_tells_what_was_sent() -> None:
    for record in (replace(HONNIN, name="秘密\x00"), replace(HONNIN, kojin_bango="123456789010")):
        with pytest.raises(InputError) as refused:
            check(record)
        assert "秘密" not in str(refused.value)
        assert "123456789010" not in str(refused.value)
