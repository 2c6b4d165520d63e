"""Folding: who is taken for whom, and what every key must be, whatever the text."""

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.register.fold import folded
from tests.register.strategies import HIRAGANA, KANJI, KATAKANA, latin_names, names

ROOT = Path(__file__).parents[2]
FAMILIES = ROOT / "daemon/register/data/families.txt"

anything = st.text(
    st.one_of(
        st.sampled_from(
            [
                *"".join(KANJI),
                *HIRAGANA,
                *KATAKANA,
                *"ｱｳｶﾊﾞﾟーｰ-―－・ 　渡邉邊辺ＡａÉ㈱①〓々\u3099\u0301\U000e0106",
            ]
        ),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    "writings",
    [
        ["髙﨑", "高崎", "髙崎", "高﨑", "髙\u3000﨑"],
        ["渡邉", "渡邊", "渡辺", "渡邉\U000e0106", "渡邉\U000e010f", "渡邊\U000e0103"],
        ["𠮷田", "吉田"],
        ["濵田", "濱田", "浜田", "濱\U000e0102田"],
        ["辻\U000e0100", "辻\U000e0101", "辻"],
        ["葛\U000e0100城", "葛城", "葛\U000e0102城"],
        ["齋藤", "斎藤", "齋\U000e0104藤"],
        ["齊藤", "斉藤", "斉\U000e0103藤"],
        ["桒原", "桑原"],
        ["槗本", "橋本"],
        ["嶋田", "島田", "嶌田"],
        ["澤", "沢"],
        ["廣瀨", "広瀬"],
        ["神\ufe00谷", "\ufa19谷", "神谷"],
        ["渕上", "淵上", "渊上"],
        ["桧山", "檜山"],
        ["遙", "遥"],
        # Each of these goes over into the other.
        ["眞田", "真田"],
        ["德永", "徳永"],
        ["壽", "寿", "夀"],
        ["愼", "慎"],
        ["勳", "勲", "勛"],
        ["祿", "禄"],
        # 戸籍法施行規則別表第二の一 writes these beside each other.
        ["亘", "亙"],
        ["凜", "凛"],
        ["巌", "巖"],
        ["晃", "晄"],
        ["穣", "穰"],
        ["ワタナベ", "ﾜﾀﾅﾍﾞ", "わたなべ", "わたなへ\u3099"],
        ["ジャン・リュック", "じやん りゆつく", "ジャン＝リュック", "ｼﾞｬﾝﾘｭｯｸ"],
        ["マリー", "マリ―", "マリ－", "まり-", "マリ−", "マリ─", "マリ━", "マリ"],
        ["O'BRIEN MARY-ANN", "Ｏ’Ｂｒｉｅｎ　ｍａｒｙ　ａｎｎ", "obrienmaryann"],
        ["JOSÉ", "Jose", "JOSE\u0301"],
        ["鎌ヶ谷", "鎌ケ谷", "鎌け谷"],
    ],
)
def test_they_are_taken_for_one(writings: list[str]) -> None:
    assert {folded(writing) for writing in writings} == {folded(writings[0])}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("斉藤", "斎藤"),  # two characters, whose bearers mind
        ("玉田", "王田"),
        ("功", "切"),
        ("書", "昼"),
        ("師", "帥"),
        ("橋", "争"),  # one family under 法務省告示582号, were its relations joined
        ("佐々木", "佐木"),
        ("二", "ニ"),
        ("一", "ー"),
        ("力", "カ"),
        ("〓田", "田"),
        ("か", "が"),
    ],
)
def test_they_are_not(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_what_stays() -> None:
    assert folded("佐々木　〓") == "佐々木〓"


@given(anything, anything)
@example("か", "\u3099")
@example("辻", "\U000e0100")
def test_the_key_of_a_beginning_is_a_beginning_of_the_key(beginning: str, rest: str) -> None:
    assert folded(beginning + rest) == folded(beginning) + folded(rest)


@given(anything)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(anything)
def test_width_and_form_are_of_no_account(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC"):
        assert folded(unicodedata.normalize(form, text)) == folded(text)


@given(names | latin_names)
def test_no_kanji_is_lost(name: str) -> None:
    kanji = [one for one in name if unicodedata.name(one, "").startswith("CJK")]
    kept = [one for one in folded(name) if unicodedata.name(one, "").startswith("CJK")]
    assert len(kept) == len(kanji)


def _families() -> list[str]:
    return [line for line in FAMILIES.read_text("utf-8").splitlines() if not line.startswith("#")]


def test_nobody_is_in_two_families_and_none_is_absurd() -> None:
    families = _families()
    members = "".join(families)
    assert len(set(members)) == len(members)
    assert max(map(len, families)) < 30
    assert all(folded(family) == family[0] * len(family) for family in families)


def test_the_families_are_those_that_the_script_makes() -> None:
    script = ROOT / "packaging/moji/families.py"
    made = subprocess.run([sys.executable, script], capture_output=True, check=True, timeout=50)
    assert made.stdout == FAMILIES.read_bytes()


def test_the_data_says_where_it_comes_from() -> None:
    for file in FAMILIES.parent.iterdir():
        head = file.read_text("utf-8")[:1000]
        assert "https://" in head
        assert ("CC BY-SA 2.1 JP" in head) == ("moji.or.jp" in head)
