"""Names and addresses: what is a character, which are allowed, and that nothing is ever changed."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.errors import InputError
from daemon.register.names import _STRAY_SPACE, check_text, gaiji, graphemes, is_text
from tests.register.strategies import KANJI, addresses, latin_names, names


def _code(text: str, limit: int = 100) -> str:
    with pytest.raises(InputError) as refused:
        check_text(text, "name", limit)
    assert refused.value.field == "name"
    assert not text or text not in str(refused.value)
    return refused.value.code


@pytest.mark.parametrize(
    ("text", "count"),
    [("葛\U000e0100城", 2), ("髙\ufe00", 1), ("𠮷田", 2), ("〓田", 2), ("か\u3099", 1), ("ABC", 3), ("", 0)],
)
def test_a_kanji_and_its_selector_are_one_character(text: str, count: int) -> None:
    assert graphemes(text) == count


@given(names | latin_names | addresses)
def test_a_right_text_comes_back_untouched(text: str) -> None:
    assert check_text(text, "name", 100) is text


@pytest.mark.parametrize(
    "text",
    [
        "ﾔﾏﾀﾞ　太郎",
        "〓〓　〓",
        "Ⅱ号室",
        "αハイツ①",
        "㈱",
        "変\U0001b002",  # 変体仮名
        "山口県山口市滝町１番１号　コーポ・Ａ－１０１",
        "\u9fff\U00030000",
        "齋\U000e0104藤",
        "D'ANGELO JOSÉ",
    ],
)
def test_what_registers_hold_is_allowed(text: str) -> None:
    assert check_text(text, "name", 100) == text


@pytest.mark.parametrize(
    "character",
    [
        "\x00", "\n", "\t", "\x7f", "\x85",  # control
        "\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c",  # bidi control
        "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060", "\U000e0041",  # unseen
        "\ue000", "\U000f0000",  # private use
        "\ufffd", "\ufffe", "\u0378",  # stand-in, noncharacters, unassigned
        "\u2028", "\u2029", "\u00a0", "\u2003",  # foreign spaces and line ends
        "\u0301", "\u20dd",  # loose combining marks
        "ꪷ", "홍", "ᄒ", "א", "ع", "ก", "٣", "฿", "।",  # other scripts; Hangul is a J+ code read as UCS-2
        "😀", "𝐀", "⿰",  # signs of other planes, description of a kanji
    ],
)  # fmt: skip
def test_what_no_register_holds_is_refused_wherever_it_stands(character: str) -> None:
    for text in (character, f"山{character}", f"{character}田", f"山{character}田"):
        assert _code(text) == "record.bad_character"


@given(st.integers(0xD800, 0xF8FF) | st.sampled_from([0xFFFF, 0x1FFFE, 0x10FFFF]))
def test_surrogates_private_characters_and_noncharacters_are_refused(code_point: int) -> None:
    assert _code(f"山{chr(code_point)}田") == "record.bad_character"


@pytest.mark.parametrize(
    "text",
    [
        "\ufe00山",
        "〓\U000e0100",
        "A\ufe0f",
        "山\U000e0100\U000e0101",
        "　\ufe00",
        "山\u3099",
        "1\ufe0f\u20e3",
    ],
)
def test_a_selector_or_mark_needs_its_own_base(text: str) -> None:
    assert _code(text) == "record.bad_character"


@pytest.mark.parametrize(
    "text", ["　山田", "山田　", "山　　田", " A", "A ", "A  B", "住民 太郎", "ZHANG 張", "張 ZHANG", "A　 B"]
)
def test_a_space_stands_between_two_characters_of_its_kind(text: str) -> None:
    assert _code(text) == "record.stray_space"


@given(st.sampled_from(KANJI), st.integers(1, 30))
def test_the_limit_counts_characters_and_not_code_points(kanji: str, limit: int) -> None:
    assert check_text(kanji * limit, "name", limit) == kanji * limit
    assert _code(kanji * (limit + 1), limit) == "record.too_long"


@pytest.mark.parametrize("text", ["山" * 10_000, "e" + "\u0301" * 10_000, "\u202e" * 10_000])
def test_a_monstrous_text_is_too_long_before_anyone_looks_at_it(text: str) -> None:
    assert _code(text) == "record.too_long"


@given(names)
def test_gaiji_are_counted_by_their_stand_in(text: str) -> None:
    assert gaiji(text) == sum(character == "〓" for character in text)


@given(st.text(max_size=40))
def test_any_text_passes_untouched_or_is_an_error_of_ours(text: str) -> None:
    with suppress(InputError):
        assert check_text(text, "name", 20) is text


@given(st.text(alphabet="山ぁァヶー々〓０９－09AZaz-　 ﾞ\u3099\U000e0100.髙é", max_size=12))
@example("神田1359番地の0002　A-1")
@example("A1　")
@example("A\u0301")
def test_the_short_way_lets_nothing_pass_that_the_long_one_refuses(text: str) -> None:
    sound = is_text(text) and not _STRAY_SPACE.search(text) and graphemes(text) <= 16
    if sound:
        assert check_text(text, "name", 16) is text
    else:
        with pytest.raises(InputError):
            check_text(text, "name", 16)
