"""清音化 and the search key: the vectors of domain.md §3.3 (標準仕様書 j330), and that no search loses anyone."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError
from daemon.register.kana import hiragana, is_kana, parse_query, prefix_keys, search_key, seion
from tests.register.strategies import HIRAGANA, KATAKANA

kana = st.text(st.sampled_from([*HIRAGANA, "ー", "・", "　"]), max_size=12)
kana_as_sent = st.text(st.sampled_from([*HIRAGANA, *KATAKANA, *"ｱｳｶﾊﾜﾞﾟｯｮｰー・ 　"]), max_size=12)


@pytest.mark.parametrize(
    ("written", "item_13"),
    [
        ("ヴァネッサ", "はねつさ"),
        ("ﾜﾀﾅﾍﾞ", "わたなへ"),
        ("キョウコ", "きようこ"),
        ("キヨウコ", "きようこ"),
        ("ヱツコ", "えつこ"),
        ("オーノ", "おの"),
        ("しずか", "しすか"),
        ("しづか", "しすか"),
        ("ヂャン", "しやん"),
        ("ジャン", "しやん"),
        ("ユーコ", "ゆこ"),
        ("ユウコ", "ゆうこ"),
        ("ヲサム", "おさむ"),
        ("オオノ", "おおの"),
        ("おうの", "おうの"),
        # The rest of the rule: every pair of §3.3, each fold, what is dropped.
        ("ヴィクトル", "ひくとる"),
        ("ヴ", "ふ"),
        ("ｳﾞｪﾗ", "ふえら"),
        ("ピエール", "ひえる"),
        ("ゐゑを　ヵヶヮ", "いえおかけわ"),
        ("マリー・アン―ド－ー‐-", "まりあんと"),
        ("か\u3099", "か"),
        ("", ""),
    ],
)
def test_item_13(written: str, item_13: str) -> None:
    assert seion(written) == item_13


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("オーノ", "おの"),
        ("オオノ", "おの"),
        ("おうの", "おの"),
        ("ユーコ", "ゆこ"),
        ("ユウコ", "ゆこ"),
        ("おうお", "お"),
        ("こうおん", "こん"),
        ("おかうえ", "おかうえ"),
        ("うお", "うお"),
    ],
)
def test_search_key(written: str, key: str) -> None:
    assert search_key(written) == key


def test_ha_and_wa_are_different_keys() -> None:
    assert search_key("はた") != search_key("わた")


@pytest.mark.parametrize(
    ("sent", "stored", "compared"),
    [
        ("ヷレンチナ", "ゔぁれんちな", "はれんちな"),
        ("ﾜﾞﾚﾝﾁﾅ", "ゔぁれんちな", "はれんちな"),
        ("ヺルフ", "ゔぉるふ", "ふおるふ"),
    ],
)
def test_voiced_wa_is_voiced_u(sent: str, stored: str, compared: str) -> None:
    assert (hiragana(sent), seion(sent)) == (stored, compared)


@given(kana_as_sent)
def test_equal_items_13_have_equal_keys_and_folding_twice_is_folding_once(text: str) -> None:
    assert search_key(seion(text)) == search_key(text)
    assert seion(seion(text)) == seion(text)
    assert search_key(search_key(text)) == search_key(text)


@given(kana_as_sent)
def test_the_way_of_writing_is_of_no_account(text: str) -> None:
    assert seion(hiragana(text)) == seion(text) == seion(unicodedata.normalize("NFC", text))
    assert hiragana(hiragana(text)) == hiragana(text)


@given(kana, kana, st.sampled_from("こしほろ"), st.sampled_from("くすゆる"))
def test_long_vowels_are_of_no_account_to_the_key(before: str, after: str, o_row: str, u_row: str) -> None:
    short = search_key(before + o_row + after)
    if o_row in "こほろ":
        assert search_key(f"{before}{o_row}う{after}") == search_key(f"{before}{o_row}お{after}") == short
    assert search_key(f"{before}{o_row}ー{after}") == short
    assert search_key(f"{before}{u_row}う{after}") == search_key(before + u_row + after)


@given(
    kana,
    kana,
    st.sampled_from([("ぢ", "じ"), ("ず", "づ"), ("を", "お"), ("ひ", "ぴ"), ("っ", "つ"), ("ゔぁ", "ば")]),
)
def test_sounds_that_the_standard_calls_equal_are_equal_anywhere(
    before: str, after: str, same: tuple[str, str]
) -> None:
    assert seion(before + same[0] + after) == seion(before + same[1] + after)


@given(kana, st.integers(0, 12))
def test_a_search_by_any_beginning_finds_the_name(name: str, cut: int) -> None:
    assert any(search_key(name).startswith(key) for key in prefix_keys(name[:cut]))


@given(kana, kana)
def test_but_for_a_final_vu_one_key_is_enough(beginning: str, rest: str) -> None:
    if beginning.endswith("ゔ"):
        assert len(prefix_keys(beginning)) == 3
    else:
        assert prefix_keys(beginning) == (search_key(beginning),)
        assert search_key(beginning + rest).startswith(search_key(beginning))


def test_a_final_vu_finds_what_it_may_become() -> None:
    assert prefix_keys("ヴ") == ("ふ", "は", "ひ")
    assert search_key("ヴァネッサ").startswith("は")


@given(kana)
def test_the_index_holds_nothing_but_plain_large_hiragana(text: str) -> None:
    assert set(search_key(text)) <= set(
        "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん"
    )


@pytest.mark.parametrize("text", ["じゅうみん　たろう", "おーの", "まり・あん", ""])
def test_what_a_kana_item_may_hold(text: str) -> None:
    assert is_kana(text)


@pytest.mark.parametrize(
    "text", ["タロウ", "太郎", "TARO", "たろう-", "た ろう", "すゞ", "たろう\n", "か\u3099"]
)
def test_what_a_kana_item_may_not_hold(text: str) -> None:
    assert not is_kana(text)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("ﾜﾀﾅﾍﾞ ", "わたなべ"),
        ("オ―ノ", "お―の"),
        ("じゅう みん", "じゅう　みん"),
        ("ﾄﾞ" * 100, "ど" * 100),  # two characters a sound
    ],
)
def test_a_query_in_any_kana_is_taken(typed: str, asked: str) -> None:
    assert parse_query(typed) == asked


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "　",
        "ー",
        "・・",
        "山田",
        "やま%",
        "やま*",
        "' OR 1=1 --",
        "や\u202eま",
        "や\ud800",
        "や\x00",
        "あ" * 101,
        "ﾄﾞ" * 101,
        "や" + "　" * 200 + "ま",
        "あ" * 10_000,
    ],
)
def test_a_query_that_is_no_kana_is_an_error_never_an_empty_answer(typed: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_query(typed)
    assert (refused.value.code, refused.value.field) == ("search.bad_kana", "kana")


@given(st.text(max_size=30))
def test_any_text_is_a_query_with_a_key_or_an_error_of_ours(text: str) -> None:
    try:
        asked = parse_query(text)
    except InputError:
        return
    assert search_key(asked)
