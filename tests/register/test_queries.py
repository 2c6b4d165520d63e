"""What is typed into a search: read as it is meant, or refused with its field; never an empty answer for nonsense."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError
from daemon.register import queries
from daemon.register.fold import folded
from daemon.register.kana import search_key
from daemon.register.keys import keys_of
from daemon.register.rows import HonninRecord, Register
from daemon.register.versions import next_row
from daemon.register.wanted import Named
from tests.register.strategies import TODAY, calendar_days, honnin_records
from tests.register.times import NOON

PARSERS: dict[str, Callable[[str], Any]] = {
    "name": lambda text: queries.name(text, whole=False),
    "kana": lambda text: queries.kana(text, whole=False),
    "birth": lambda text: queries.birth(text, TODAY),
    "as_of": lambda text: queries.day(text, TODAY),
    "sex": queries.sex,
    "municipality": queries.municipality,
    "town": queries.town,
    "address": queries.address,
}


def refused(field: str, typed: str) -> str:
    with pytest.raises(InputError) as error:
        PARSERS[field](typed)
    assert error.value.field == field
    assert len(typed) == 1 or typed not in str(error.value)
    return error.value.code


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("髙﨑", "高崎"),
        (" 渡邉　太郎 ", "渡辺太郎"),
        ("渡邉\U000e0106", "渡辺"),
        ("ZHANG YULIN", "zhangyulin"),
        ("ｚｈａｎｇ", "zhang"),
        ("O'BRIEN", "obrien"),
        ("〓田", "〓田"),
        ("佐々木", "佐々木"),
        ("ﾊﾅｺ", "はなこ"),
        ("ジャン＝リュック", "し\u3099やんりゆつく"),
        ("マリー・アンヌ", "まりあんぬ"),
        ("葛\U000e0100城", "葛城"),
    ],
)
def test_a_name_is_folded(typed: str, key: str) -> None:
    assert queries.name(typed, whole=True) == Named((key,), whole=True)


def test_a_reading_takes_every_key_that_it_may_begin() -> None:
    assert queries.kana("ヴ", whole=False) == Named(("ふ", "は", "ひ"))
    assert queries.kana("ｵｵﾉ", whole=True) == Named(("おの",), whole=True)


@pytest.mark.parametrize("field", PARSERS)
@pytest.mark.parametrize(
    "typed",
    [
        " ", "　", "\ud800", "や\udfffま", "\x00", "や\nま", "山\u202e田", "\u200f", "\u200b", "\ufeff", "あ" * 10_000,
        "山" * 10_000, "1" * 10_000, "%", "山%", "_", "＊", "や*", "?", "？", "' OR 1=1 --", "'; DROP TABLE rows; --",
        "々ー" * 90 + ";", '" OR ""="', "<script>", "\\", "・・", "--", "１２３４５６７８９０１", "1234-5678-9012", "123456789012", "\ue000",
        "홍길동", "😀",
    ],
)  # fmt: skip
def test_nonsense_is_an_error_that_names_the_field(field: str, typed: str) -> None:
    assert refused(field, typed).startswith("search.")


@pytest.mark.parametrize(
    ("field", "typed", "code"),
    [
        ("name", "　", "search.empty"),
        ("name", "山" * 201, "search.too_long"),
        ("name", "山田%", "search.wildcard"),
        ("name", "山田＿", "search.wildcard"),
        ("name", "山田1", "search.bad_character"),
        ("name", "山\u202e田", "search.bad_character"),
        ("name", "・", "search.bad_name"),
        ("name", "ー", "search.bad_name"),
        ("name", "24727059608", "search.key_typed"),
        ("address", "２４７２ー７０５９ー６０８", "search.key_typed"),
        ("address", "2472−7059−608", "search.key_typed"),
        ("kana", "3794‐7448‐4458", "search.key_typed"),
        ("birth", "2472-7059-608", "search.key_typed"),
        ("kana", "1234 5678 9012", "search.key_typed"),
        ("kana", "山田", "search.bad_kana"),
        ("address", "滝町%", "search.wildcard"),
        ("address", "山口県", "search.bad_address"),
        ("address", "東京都新宿区西新宿", "search.bad_address"),
        ("address", "滝町1;2", "search.bad_character"),
        ("birth", "20250230", "search.bad_date"),
        ("birth", "明治99年", "search.bad_date"),
        ("birth", "平成32年", "search.bad_date"),
        ("birth", "昭和64年1月8日", "search.bad_date"),
        ("birth", "20261125", "search.bad_date"),
        ("birth", "1990〜1989", "search.reversed_range"),
        ("birth", "H2.1.1-S64", "search.reversed_range"),
        ("birth", "1989〜", "search.bad_date"),
        ("birth", "〜1989", "search.bad_date"),
        ("birth", "1989〜1990〜1991", "search.bad_date"),
        ("birth", "1989〜2027", "search.bad_date"),
        ("birth", "20250230-20250301", "search.bad_date"),
        ("birth", "123456789012", "search.key_typed"),
        ("as_of", "2026", "search.bad_day"),
        ("as_of", "202611", "search.bad_day"),
        ("as_of", "20261125", "search.bad_day"),
        ("as_of", "20250229", "search.bad_day"),
        ("as_of", "00000000", "search.bad_day"),
        ("as_of", "20200101〜20210101", "search.bad_day"),
        ("sex", "3", "search.bad_sex"),
        ("sex", "男", "search.bad_sex"),
        ("sex", "12", "search.bad_sex"),
        ("municipality", "352030", "search.bad_municipality"),
        ("municipality", "3520", "search.bad_municipality"),
        ("municipality", "13104", "search.unknown_municipality"),
        ("town", "01", "search.bad_town"),
        ("town", "0010", "search.bad_town"),
        ("town", "a01", "search.bad_town"),
    ],
)
def test_each_fault_has_its_own_code(field: str, typed: str, code: str) -> None:
    assert refused(field, typed) == code


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("19890107", (19890107, 19890107)),
        ("昭和64年", (19890101, 19890107)),
        ("1989〜1990", (19890101, 19901231)),
        ("1989~1990", (19890101, 19901231)),
        ("1989 ～ 1990", (19890101, 19901231)),
        ("1989から1990", (19890101, 19901231)),
        ("1989-1990", (19890101, 19901231)),
        ("1989−1990", (19890101, 19901231)),
        ("１９８９ー１９９０", (19890101, 19901231)),
        ("1989ー01ー07", (19890107, 19890107)),
        ("19890107-1990", (19890107, 19901231)),
        ("1989-19900107", (19890101, 19900107)),
        ("198901-198903", (19890101, 19890331)),
        ("19890107-19890201", (19890107, 19890201)),
        ("1989-01-07-1989-02-01", (19890107, 19890201)),
        ("1989-01", (19890101, 19890131)),
        ("1989-01-07", (19890107, 19890107)),
        ("S64.1.7〜1990-02", (19890107, 19900229)),
        ("昭和63年-平成２年", (19880101, 19901231)),
        ("大正15年12月25日〜昭和元年12月25日", (19261225, 19261225)),
        ("1989〜198901", (19890101, 19890131)),
        ("1989/1/7〜1989/1/7", (19890107, 19890107)),
        ("20250229", (20250229, 20250229)),
        ("202502", (20250201, 20250229)),
    ],
)
def test_a_birth_is_a_span_of_days(typed: str, days: tuple[int, int]) -> None:
    assert queries.birth(typed, TODAY) == days


@given(calendar_days, calendar_days, st.sampled_from("〜～~-"))
def test_any_two_days_in_their_order_are_a_range(one: date, other: date, sign: str) -> None:
    first, last = sorted((one, other))
    typed = f"{first:%Y%m%d}{sign}{last:%Y%m%d}"
    assert queries.birth(typed, TODAY) == (int(f"{first:%Y%m%d}"), int(f"{last:%Y%m%d}"))
    if first < last:
        assert refused("birth", f"{last:%Y%m%d}{sign}{first:%Y%m%d}") == "search.reversed_range"


@given(calendar_days)
def test_a_day_of_the_past_is_that_day(day: date) -> None:
    assert queries.day(f"{day:%Y-%m-%d}", TODAY) == day
    assert queries.day(f"{day.year}年{day.month}月{day.day}日", TODAY) == day


def test_every_kanji_of_a_register_can_be_typed_and_tells_people_apart() -> None:
    """Also those of later versions of Unicode than Python's own tables know."""
    kanji = regex.findall(r"\p{Unified_Ideograph}", "".join(map(chr, range(0x3400, 0x33480))))
    assert len(kanji) > 100_000
    for one in kanji:
        (key,) = queries.name(f"住{one}", whole=True).keys
        assert len(key) == 2
    assert queries.address("滝町\U00031350１") == ("", "滝町\U000313501")


@pytest.mark.parametrize("sign", queries.DASHES)
def test_whatever_looks_like_a_dash_is_one(sign: str) -> None:
    assert queries.name(f"マリ{sign}アンヌ", whole=True) == Named(("まりあんぬ",), whole=True)
    assert queries.kana(f"マリ{sign}アンヌ", whole=True) == Named(("まりあんぬ",), whole=True)
    assert queries.address(f"滝町1{sign}1") == ("", "滝町1-1")
    assert queries.birth(f"1989{sign}01{sign}07", TODAY) == (19890107, 19890107)
    assert refused("address", f"2472{sign}7059{sign}608") == "search.key_typed"


def test_codes_are_taken_in_any_width() -> None:
    assert [queries.sex(typed) for typed in ("1", "２", " 0 ", "9")] == ["1", "2", "0", "9"]
    assert [queries.municipality(typed) for typed in ("35203", "352039", "３５２０３９")] == ["35203"] * 3
    assert [queries.town(typed) for typed in ("001", "001000", "００１")] == ["001", "001000", "001"]


@pytest.mark.parametrize(
    ("typed", "honnin", "fuhyo"),
    [
        ("山口市滝町1-1", ("35203", "滝町1-1"), ("", "山口市滝町1-1")),
        ("山口県山口市滝町１番１号", ("35203", "滝町1-1"), ("", "山口市滝町1-1")),
        ("滝町一丁目", ("", "滝町1"), ("", "滝町1")),
        ("山口市", ("35203", ""), ("", "山口市")),
        ("滝町1㈱住民寮№2", ("", "滝町1株住民寮no2"), ("", "滝町1株住民寮no2")),
        (
            "滝町1-1 コーポ・Ａ－１０１　＃２／３",
            ("", "滝町1-1こほ\u309aa101-2-3"),
            ("", "滝町1-1こほ\u309aa101-2-3"),
        ),
    ],
)
def test_an_address_names_its_municipality_or_not(
    typed: str, honnin: tuple[str, str], fuhyo: tuple[str, str]
) -> None:
    assert queries.address(typed) == honnin
    assert queries.address(typed, Register.FUHYO) == fuhyo


@given(honnin_records(), st.integers(1, 12))
def test_whatever_is_stored_is_found_by_its_own_beginning(record: HonninRecord, length: int) -> None:
    keys = keys_of(next_row(record, None, received=NOON, terminal="CS"))
    for whole, typed in ((True, record.name), (False, record.name[:length])):
        if folded(typed) and not any(digit in typed for digit in "0123456789"):
            assert queries.name(typed, whole).fits(keys.names)
    for whole, typed in ((True, record.kana), (False, record.kana[:length])):
        if search_key(typed):
            assert queries.kana(typed, whole).fits(keys.kana)
    typed = record.address[: length + len("山口県")].removeprefix("山口県")
    code, key = queries.address(typed)
    assert code in ("", keys.municipality)
    assert code or keys.address.startswith(key)


@given(st.sampled_from(sorted(PARSERS)), st.text(max_size=40))
def test_any_text_is_a_criterion_or_an_error_of_ours(field: str, typed: str) -> None:
    asked, fields = None, []
    try:
        asked = PARSERS[field](typed)
    except InputError as error:
        fields.append(error.field)
    assert fields in ([], [field])
    assert asked not in ("", ("", ""), Named(("",)))
