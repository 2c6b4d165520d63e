import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.register.wanted import By
from tests.tui.people import ABROAD, PEOPLE
from tui import formats
from tui.output import HITS
from tui.words import Lang, Words

JA, EN = Words(Lang.JA), Words(Lang.EN)


@pytest.mark.parametrize(
    ("code", "text", "shown"),
    [
        ("19890107", "", "1989-01-07"),
        ("19890100", "", "1989-01-??"),
        ("19470000", "", "1947-??-??"),
        ("00000000", "年月日不詳", "????-??-?? 年月日不詳"),
    ],
)
def test_a_day_in_english_marks_what_is_unknown(code: str, text: str, shown: str) -> None:
    assert formats.western(code, text) == shown


def test_a_day_in_japanese_is_in_its_era() -> None:
    assert formats.born(PEOPLE[0].hit, JA) == "昭和64年1月7日"
    assert formats.born(PEOPLE[0].hit, EN) == "1989-01-07"


@pytest.mark.parametrize(
    ("say", "title", "by"), [(JA, "該当の項目", "旧住民票コード"), (EN, "Found by", "earlier resident code")]
)
def test_whoever_is_found_by_a_code_that_is_no_longer_theirs_is_seen_to_be(
    say: Words, title: str, by: str
) -> None:
    hits = [replace(PEOPLE[0].hit, by=By.FORMER_CODE)]
    columns = formats.hit_columns(HITS, hits)
    assert columns == ["name", "by", *HITS[1:]]
    assert formats.hit_titles(columns, hits, say)[1] == title
    assert formats.hit(hits[0], columns, say)[1] == by


def test_a_moment_is_in_japanese_time() -> None:
    assert formats.moment(datetime(2026, 3, 31, 15, 0, 1, tzinfo=UTC)) == "2026-04-01 00:00:01"
    assert formats.minute(datetime(2026, 3, 31, 15, 0, 1, tzinfo=UTC)) == "00:00"


def test_a_figure_has_its_unit() -> None:
    assert formats.figure("people", 1_350_000, JA) == "1,350,000人"
    assert formats.figure("outbox", 4, JA) == "4件"
    assert formats.figure("people", 1_350_000, EN) == "1,350,000"


def test_a_municipality_of_the_prefecture_has_its_name() -> None:
    assert formats.place("35203", JA) == "山口市（35203）"
    assert formats.place("35203", EN) == "Yamaguchi (35203)"
    assert formats.place("13104", JA) == "13104"


@given(st.text())
def test_nothing_that_moves_the_cursor_or_turns_the_line_reaches_the_screen(value: str) -> None:
    shown = formats.cell(value).plain
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}]
    assert len(shown) == len(value)


def test_a_name_with_a_variation_selector_is_shown_whole() -> None:
    assert formats.cell("山根　齋\U000e0101").plain == "山根　齋\U000e0101"


def test_what_a_person_has_not_got_is_left_out() -> None:
    taro, hanako = (dict(formats.lines("honnin", who.versions[0], JA)) for who in PEOPLE[:2])
    assert taro["former_name"] == "見本（みほん）"
    assert "former_name" not in hanako
    assert "last_address" not in hanako


def test_fuhyo_shows_the_last_address_and_neither_code_nor_number() -> None:
    shown = dict(formats.lines("fuhyo", ABROAD[0].versions[0], JA))
    assert shown["last_address"] == "山口県山口市例示町２番２号"
    assert shown["reason"] == "修正"
    assert not {"juminhyo_code", "kojin_bango"} & shown.keys()


def test_a_history_names_the_event() -> None:
    rows = [formats.history("honnin", version, JA) for version in PEOPLE[0].versions]
    assert [row[1] for row in rows] == ["職権修正", "転居", "転入（国内）"]
