"""Addresses: which ways of writing one meet, which do not, and that a beginning finds the whole."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.register.addresses import address_key, split
from daemon.register.codes import MUNICIPALITIES
from tests.register.strategies import municipalities

HEAD = "山口県山口市"
place_text = st.lists(
    st.sampled_from(
        [
            *"滝町大字丁目番地号の之ノ十一二三九〇ー－-・ 　１２3a髙",
            "丁目",
            "番地",
            "番地の",
            "大字",
            "コーポ",
            "葛\U000e0100",
            "〓",
        ]
    ),
    max_size=10,
).map("".join)


def key(address: str) -> str:
    return address_key(address, "35203")


@pytest.mark.parametrize(
    "writings",
    [
        ["滝町１番１号", "滝町1-1", "滝町1番地の1", "滝町一番一号", "滝町１－１", "滝町１ー１", "滝町１−１", "滝町１─１", "滝町 1 の 1", "滝町１番地１"],
        ["滝町一丁目１番１号", "滝町１－１－１", "滝町1丁目1-1", "滝町１丁目１番地の１", "滝町一丁目1番1"],
        ["滝町二十三番地", "滝町23番地", "滝町２３", "滝町二三番地"],
        ["滝町十番", "滝町10番"],
        ["滝町十一番", "滝町11番"],
        ["大字滝町字中１", "滝町中1"],
        ["一の坂町1", "一ノ坂町１", "一之坂町一番地", "１の坂町1"],
        ["滝町１番１号　コーポ・Ａ－１０１", "滝町1-1コーポA101", "滝町１番１号コーポＡ １０１"],
        ["滝町１番１号　２０３号室", "滝町1-1-203号室"],
        ["髙﨑町", "高崎町"],
        ["辻\U000e0100町", "辻町"],
    ],
)  # fmt: skip
def test_they_meet(writings: list[str]) -> None:
    assert {key(writing) for writing in writings} == {key(writings[0])}
    assert {key(HEAD + writing) for writing in writings} == {key(writings[0])}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("滝町1-1", "滝町11"),
        ("滝町1-11", "滝町11-1"),
        ("滝町101", "滝町1-0-1"),
        ("滝町百二十番", "滝町120番"),
        ("三田尻", "ミタジリ"),
        ("滝町1-1", "瀧上町1-1"),
        ("一の坂", "一坂"),
    ],
)
def test_they_do_not(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("滝町1", "滝町１番１号"),
        ("滝町1-", "滝町１番１号"),
        ("滝町1番1", "滝町１－１２"),
        ("滝町1番地", "滝町１－１"),
        ("滝町一丁", "滝町1丁目2番3号"),
        ("滝町一", "滝町１丁目２番３号"),
        ("一の", "一の坂町"),
        ("滝町1-1コーポ", "滝町１番１号　コーポ・Ａ"),
        ("大内", "大字大内"),
    ],
)
def test_a_beginning_finds_it(typed: str, stored: str) -> None:
    assert key(stored).startswith(key(typed))


@given(place_text, place_text, st.booleans())
@example("十", "一番", True)  # noqa: FBT003
@example("大", "字", False)  # noqa: FBT003
@example("1の", "坂", False)  # noqa: FBT003
def test_the_key_of_a_beginning_is_a_beginning_of_the_key(beginning: str, rest: str, named: bool) -> None:  # noqa: FBT001
    head = HEAD if named else "滝町"
    assert key(head + beginning + rest).startswith(key(head + beginning))


# What could still become 大字, or a number with 十, is held back at the end of a text.
@given(place_text.filter(lambda text: not {*"大字十"} & {*text}))
def test_a_key_is_its_own_key(text: str) -> None:
    whole = key("滝町" + text)
    assert key(whole) == whole


@given(municipalities, place_text)
def test_an_address_may_begin_with_its_municipality_or_not(code: str, rest: str) -> None:
    name = MUNICIPALITIES[code].name
    without = address_key("滝町" + rest, code)
    assert address_key(f"山口県{name}滝町{rest}", code) == without
    assert address_key(f"{name}滝町{rest}", code) == without
    assert split(f"山口県{name}滝町{rest}") == (code, without)
    assert split(f"{name}　滝町{rest}") == (code, without)
    assert split(f"滝町{rest}") == ("", without)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("山口県熊毛郡平生町大字平生", "35344"),
        ("熊毛郡平生町平生", "35344"),
        ("平生町平生", "35344"),
        ("阿武郡阿武町平生", "35502"),
        ("玖珂郡和木町平生", "35321"),
    ],
)
def test_a_town_may_be_named_with_its_district(typed: str, code: str) -> None:
    assert split(typed) == (code, "平生")


@pytest.mark.parametrize(
    "typed", ["山口県", "山口県徳山市１", "山口県熊毛郡", "東京都新宿区", "広島県広島市"]
)
def test_a_prefecture_without_a_municipality_of_ours_says_nothing(typed: str) -> None:
    assert split(typed) == ("", "")


def test_a_municipality_alone_is_that() -> None:
    assert split("山口市") == split("山口県山口市") == ("35203", "")


def test_only_the_municipality_of_the_row_is_taken_away() -> None:
    # 山陽小野田市 has a town that is called like a municipality.
    assert address_key("山口県山陽小野田市平生町１", "35216") == "平生町1"
    assert address_key("平生町１", "35216") == "平生町1"


@pytest.mark.parametrize(
    ("address", "anywhere"),
    [
        ("東京都新宿区西新宿二丁目８番１号", "新宿区西新宿2-8-1"),
        ("新宿区西新宿２－８－１", "新宿区西新宿2-8-1"),
        ("山口県山口市滝町１番１号", "山口市滝町1-1"),
        ("京都府京都市上京区１", "京都市上京区1"),
        ("北海道札幌市北区１", "札幌市北区1"),
        ("神奈川県横浜市１", "横浜市1"),
        ("国外転出者", "国外転出者"),
        ("広島県安芸郡府中町大通一丁目", "府中町大通1"),
        ("安芸郡府中町大通1", "府中町大通1"),
        ("府中町大通1", "府中町大通1"),
        ("山梨県西八代郡市川三郷町市川大門１", "市川3郷町市川大門1"),
        ("奈良県大和郡山市北郡山町１", "大和郡山市北郡山町1"),
        ("福島県郡山市朝日１", "郡山市朝日1"),
        ("岐阜県郡上市八幡町１", "郡上市8幡町1"),
        ("山口県山口市小郡新町１", "山口市小郡新町1"),
    ],
)
def test_an_address_anywhere_loses_prefecture_and_district_only(address: str, anywhere: str) -> None:
    assert address_key(address, "") == anywhere


def test_a_place_with_the_municipalitys_own_name_is_not_the_municipality() -> None:
    assert split("大字平生町210") == ("", address_key("山口県熊毛郡平生町大字平生町２１０番地", "35344"))
    assert split("平生町大字平生町210") == ("35344", "平生町210")
