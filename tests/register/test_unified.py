"""住基ネット統一文字: which codes a text may have, and that they are never taken for Unicode."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError
from daemon.register.names import characters
from daemon.register.unified import check_unified, unified
from tests.register.strategies import GETA, addresses, latin_names, names

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "daemon/register/data/unified.txt"


def refused(codes: str, text: str) -> str:
    with pytest.raises(InputError) as error:
        check_unified(codes, text, "name_unified")
    assert error.value.field == "name_unified"
    return error.value.code


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        # MJ文字情報一覧表 (@mandel59/mojidata 1.8.1): the kanji as it is written, and its code.
        ("齋", "9F4B"),
        ("齋\U000e0102", "9F4B"),
        ("齋\U000e0104", "AD37"),
        ("邉", "9089"),
        ("邉\U000e0119", "BD47"),
        ("𠮷", "AEAC"),
        ("吉", "5409"),
        ("髙", "9AD9"),
        ("﨑", "FA11"),
        ("﨑\U000e0103", "B07A"),
        ("辻", "BC2F"),
        ("辻\U000e0102", "8FBB"),
        ("葛", "B9D5"),
        ("叱", "53F1"),
        ("𠮟", "AEA8"),
        ("欄\ufe00", "F91D"),
        ("々", "AD1D"),
        # Other characters have their own code.
        ("　", "3000"),
        ("A B", "004100200042"),
        ("１－ー（あア", "FF11FF0D30FCFF0830423 0A2".replace(" ", "")),
        ("〇〆ヶ", "300730063 0F6".replace(" ", "")),
        # A 外字 has none.
        ("〓田", "00007530"),
        ("", ""),
    ],
)
def test_the_codes_of_a_text(text: str, codes: str) -> None:
    assert unified(text) == codes
    assert check_unified(codes, text, "name_unified") == codes


@pytest.mark.parametrize(
    ("codes", "text", "code"),
    [
        ("AD37", "齋", "record.unified_differs"),
        ("9F4B", "齋\U000e0104", "record.unified_differs"),
        ("9F4A", "齋", "record.unified_differs"),
        ("3013", "〓", "record.unified_differs"),
        ("0000", "山", "record.unified_differs"),
        ("3005", "々", "record.unified_differs"),
        ("0041", "Ａ", "record.unified_differs"),
        ("0020", "　", "record.unified_differs"),
        ("304B", "か\u3099", "record.unified_differs"),
        ("4E00", "\U0001b002", "record.unified_differs"),
        ("0000", "\U0001b002", "record.unified_differs"),
        ("5C71", "辻\U000e0100", "record.unified_differs"),
        ("5C715C71", "山", "record.unified_count"),
        ("5C71", "", "record.unified_count"),
        ("5C71", "山田", "record.unified_count"),
        ("ad37", "齋\U000e0104", "record.bad_unified"),
        ("5C7", "山", "record.bad_unified"),
        ("5C7G", "山", "record.bad_unified"),
        ("５Ｃ７１", "山", "record.bad_unified"),
        ("J+5C71", "山", "record.bad_unified"),
        ("5C71\n", "山", "record.bad_unified"),
    ],
)
def test_codes_of_another_text_are_refused(codes: str, text: str, code: str) -> None:
    assert refused(codes, text) == code


def test_a_selector_of_another_collection_leaves_the_choice_among_the_kanjis_codes() -> None:
    # U+E0100 after 辻 is of Adobe-Japan1: which of the two codes has that shape, the table does not say.
    for code in ("8FBB", "BC2F"):
        assert check_unified(code, "辻\U000e0100", "name_unified") == code


def test_hentaigana_has_codes_that_no_table_tells() -> None:
    assert unified("\U0001b002") == ""
    assert check_unified("FFFF", "\U0001b002", "name_unified") == "FFFF"


def test_none_are_needed() -> None:
    assert check_unified("", "山田", "name_unified") == ""


@given(names | addresses | latin_names)
def test_every_text_of_ours_has_codes_one_for_each_character(text: str) -> None:
    codes = unified(text)
    assert len(codes) == 4 * len(characters(text))
    assert check_unified(codes, text, "name_unified") is codes


@given(names, st.data())
def test_one_wrong_code_is_found(name: str, data: st.DataObject) -> None:
    codes = unified(name)
    split = characters(name)
    place = data.draw(st.integers(0, len(split) - 1))
    other = data.draw(st.sampled_from([one for one in "山田川0" if one != split[place]]))
    wrong = f"{ord(other):04X}" if split[place] != GETA else "3013"
    altered = codes[: 4 * place] + wrong + codes[4 * place + 4 :]
    assert refused(altered, name) == "record.unified_differs"


@given(st.text("0123456789ABCDEFabcdef J+〓", max_size=24), st.text(max_size=6))
def test_any_codes_pass_untouched_or_are_an_error_of_ours(codes: str, text: str) -> None:
    with suppress(InputError):
        assert check_unified(codes, text, "name_unified") is codes


def test_the_table_has_every_code() -> None:
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    runs = [word for line in lines if len(line.split()[0]) > 1 for word in line.split()]
    plain = {code for run in runs for code in range(int(run[:4], 16), int(run[-4:], 16) + 1)}
    others = {int(word[:4], 16) for line in lines if len(line.split()[0]) == 1 for word in line.split()[1:]}
    assert len(plain | others) == 19563  # 住基ネット統一文字 in the MJ文字情報一覧表


@pytest.mark.skipif("MOJI_DB" not in os.environ, reason="needs dist/moji.db of @mandel59/mojidata (MOJI_DB)")
def test_the_table_is_the_one_that_the_script_makes() -> None:
    script = ROOT / "packaging/moji/unified.py"
    made = subprocess.run(
        [sys.executable, script, os.environ["MOJI_DB"]], capture_output=True, check=True, timeout=50
    )
    assert made.stdout == TABLE.read_bytes()
