"""What a version is found by: each of its names, in whole and by its beginning."""

import hashlib
from importlib import resources

import pytest
from hypothesis import given

from daemon.register.fold import folded
from daemon.register.kana import search_key
from daemon.register.keys import RULES, keys_of
from daemon.register.queries import kana, name
from daemon.register.rows import FuhyoRecord, HonninRecord, RegisterDate, Row
from daemon.register.versions import next_row
from tests.register.people import fuhyo_row, honnin_row
from tests.register.strategies import fuhyo_records, honnin_records
from tests.register.times import NOON

FOREIGNER = honnin_row(
    name="ZHANG YULIN　張　玉蓮（住民　花子）", kana="ちゃん　ゆうりん　じゅうみん　はなこ"
)
MARRIED = honnin_row(former_name="髙﨑", former_name_kana="たかさき")


def test_a_japanese_has_one_key_of_each() -> None:
    keys = keys_of(honnin_row())
    assert (keys.kana, keys.names) == (("しゆみんたろ",), ("住民太郎",))
    assert (keys.birth, keys.sex) == ((19890107, 19890107), "1")
    assert (keys.municipality, keys.town, keys.address) == ("35203", "001000", "滝町1-1")


@pytest.mark.parametrize(
    "typed",
    [
        "ZHANG YULIN", "zhang yulin", "張　玉蓮", "張玉蓮", "住民　花子", "ZHANG YULIN　張　玉蓮",
        "ZHANG YULIN　張　玉蓮（住民　花子）",
    ],
)  # fmt: skip
def test_a_foreigner_is_found_by_each_of_their_names(typed: str) -> None:
    for whole in (True, False):
        assert name(typed, whole).fits(keys_of(FOREIGNER).names)


def test_a_name_in_latin_letters_is_one_name_whatever_parts_its_words() -> None:
    parted = keys_of(honnin_row(name="SMITH　JOHN　鈴木　太郎")).names
    assert parted == ("smithjohn鈴木太郎", "smithjohn", "鈴木太郎")
    assert keys_of(honnin_row(name="ＳＭＩＴＨ　ＪＯＨＮ")).names == ("smithjohn",)


@pytest.mark.parametrize("typed", ["ZHANG", "張", "住民", "ZHANG YULIN　張　玉蓮（住"])
def test_and_by_how_each_begins(typed: str) -> None:
    assert name(typed, False).fits(keys_of(FOREIGNER).names)  # noqa: FBT003
    assert not name(typed, True).fits(keys_of(FOREIGNER).names)  # noqa: FBT003


@pytest.mark.parametrize(
    "typed", ["ちゃん　ゆうりん", "ジュウミン　ハナコ", "ちゃんゆうりんじゅうみんはなこ"]
)
def test_a_foreigner_is_found_by_how_each_name_is_read(typed: str) -> None:
    assert kana(typed, True).fits(keys_of(FOREIGNER).kana)  # noqa: FBT003


def test_a_reading_without_that_of_the_alias_stays_whole() -> None:
    short = honnin_row(name="ZHANG YULIN（住民　花子）", kana="ちゃん　ゆうりん")
    assert keys_of(short).kana == ("ちやんゆりん",)


@pytest.mark.parametrize(
    ("written", "read"), [("高崎　太郎", "たかさき　たろう"), ("髙崎太郎", "タカサキタロー")]
)
def test_a_former_name_stands_in_the_place_of_the_surname(written: str, read: str) -> None:
    keys = keys_of(MARRIED)
    assert name(written, True).fits(keys.names)  # noqa: FBT003
    assert kana(read, True).fits(keys.kana)  # noqa: FBT003


def test_a_former_name_alone_is_a_beginning() -> None:
    keys = keys_of(MARRIED)
    assert name("高崎", False).fits(keys.names)  # noqa: FBT003
    assert not name("高崎", True).fits(keys.names)  # noqa: FBT003
    assert kana("たかさ", False).fits(keys.kana)  # noqa: FBT003
    assert keys.names[0] == "住民太郎"


def test_a_former_name_without_a_reading_yet_adds_only_its_writing() -> None:
    keys = keys_of(honnin_row(former_name="髙﨑"))
    assert keys.names == ("住民太郎", "高崎太郎")
    assert keys.kana == ("しゆみんたろ",)


def test_a_supplementary_row_is_found_by_its_keeper_and_the_last_address_in_japan() -> None:
    here = keys_of(fuhyo_row())
    assert (here.municipality, here.town, here.address) == ("35203", "", "新宿区西新宿2-8-1")
    abroad = fuhyo_row(
        address_municipality="99999", address="国外転出者", last_address="山口県山口市滝町１番１号"
    )
    assert keys_of(abroad).address == "山口市滝町1-1"


@given(honnin_records(), fuhyo_records())
def test_the_own_key_comes_first_and_none_comes_twice(honnin: HonninRecord, fuhyo: FuhyoRecord) -> None:
    for record in (honnin, fuhyo):
        row = next_row(record, None, received=NOON, terminal="CS")
        keys = keys_of(row)
        assert (keys.names[0], keys.kana[0]) == (folded(row.name), search_key(row.kana))
        for held in (keys.names, keys.kana):
            assert len(set(held)) == len(held)
            assert "" not in held[1:]


PROBES = (
    "髙﨑　太郎", "渡邉\U000e0106　花子", "ZHANG YULIN　張　玉蓮（住民　花子）", "ジャン＝リュック・ピカール", "O'BRIEN MARY-ANN",
    "〓木　佐々", "ハナ−マリ─ー", "㈱", "葛\U000e0100城",
)  # fmt: skip
READINGS = (
    "ゔぁねっさ　まりあ",
    "おおの　ゆうこ",
    "ぢゅん・づるー",
    "",
    "ちゃん　ゆりん　じゅうみん　はなこ",
)
ADDRESSES = (
    "山口県山口市滝町１番１号", "山口市大字滝之町字中二十三番地の４　コーポＡ－１０１号室", "滝町１−１", "山口県熊毛郡平生町大字平生町２１０番地",
    "東京都新宿区西新宿２丁目８番１号", "奈良県大和郡山市北郡山町２４８",
)  # fmt: skip
BIRTHS = (
    RegisterDate("19890107", "3"), RegisterDate("00000000", "3"), RegisterDate("19890000", "4"), RegisterDate("19890200"),
)  # fmt: skip


def _everything() -> str:
    """The keys of rows of every kind, and the families of kanji; as one digest."""
    rows: list[Row] = [
        *(honnin_row(name=name, kana=kana) for name in PROBES for kana in READINGS),
        *(
            honnin_row(former_name=name, former_name_kana=kana)
            for name in PROBES
            for kana in READINGS
            if kana
        ),
        *(honnin_row(address=address, birth=birth) for address in ADDRESSES for birth in BIRTHS),
        *(fuhyo_row(last_address=address, address="国外転出者") for address in ADDRESSES),
    ]
    families = resources.files("daemon.register").joinpath("data", "families.txt").read_bytes()
    return hashlib.sha256(repr([*map(keys_of, rows)]).encode() + families).hexdigest()[:16]


def test_whoever_changes_keys_gives_the_rules_another_number() -> None:
    """So that an index of before is made anew. The new digest stands here beside the new number."""
    assert (RULES, _everything()) == (2, "fe6fec7ded7ba2b7")
