import pytest
from rich.cells import cell_len
from rich.console import Console

from tui import characters, formats

IVS_KUZU, IVS_TSUJI = "葛\U000e0100", "辻\U000e0101"


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("山田　太郎", ""),
        ("髙﨑　邉", ""),
        (f"{IVS_KUZU}城　𠮷平", f"{IVS_KUZU} U+845B U+E0100、𠮷 U+20BB7"),
        ("𠮷𠮷　𩸽", "𠮷 U+20BB7、𩸽 U+29E3D"),
        ("𠮷\U000e0101", "𠮷\U000e0101 U+20BB7 U+E0101"),
        ("\U000e0101山", ""),
    ],
)
def test_kanji_that_a_font_may_lack_are_named_by_their_code_points(text: str, spelt: str) -> None:
    assert characters.spelt(characters.rare(text)) == spelt


@pytest.mark.parametrize(
    ("text", "cells"),
    [(IVS_KUZU, 2), (f"{IVS_KUZU}{IVS_TSUJI}", 4), ("𠮷", 2), ("〓", 2), ("﨑", 2), ("ｱﾞ", 2)],
)
def test_a_kanji_is_two_cells_wide_with_its_selector_and_beyond_the_first_plane(
    text: str, cells: int
) -> None:
    shown = formats.cell(text)
    assert shown.plain == text
    assert shown.cell_len == cells == cell_len(text)


def test_no_line_ends_between_a_kanji_and_its_selector() -> None:
    lines = formats.cell(IVS_KUZU * 20).wrap(Console(width=9), 9, overflow="fold")
    assert [line.plain for line in lines] == [IVS_KUZU * 4] * 5


def test_what_is_cut_off_is_cut_between_kanji() -> None:
    text = formats.cell(IVS_KUZU * 20)
    text.truncate(7, overflow="ellipsis")
    assert text.plain == IVS_KUZU * 3 + "…"
