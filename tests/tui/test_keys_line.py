"""The last line of a screen: as much space as there is room for."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.widgets.keys import fitting

KEYS = [("Esc", "戻る"), ("F5", "求める"), ("F10", "終了")]


def drawn(keys: list[tuple[str, str]], width: int) -> str:
    return "".join(part for both in fitting(keys, width) for part in both)


def test_keys_move_closer_where_the_line_is_full() -> None:
    assert drawn(KEYS, 31) == " Esc 戻る  F5 求める  F10 終了 "
    assert drawn(KEYS, 30) == " Esc 戻る  F5 求める  F10 終了 "
    assert drawn(KEYS, 29) == " Esc 戻る F5 求める F10 終了"
    assert drawn(KEYS, 28) == " Esc 戻る F5 求める F10 終了"
    assert drawn(KEYS, 27) == "Esc戻る F5求める F10終了"


@given(
    st.lists(st.tuples(st.sampled_from(["F1", "F12"]), st.text("あa", min_size=1, max_size=6)), max_size=12),
    st.integers(0, 120),
)
def test_every_key_is_there_in_its_order(keys: list[tuple[str, str]], width: int) -> None:
    parts = fitting(keys, width)
    assert [(key.strip(), does.strip()) for key, does in parts] == keys
    least = sum(cell_len(part) for both in keys for part in both) + max(len(keys) - 1, 0)
    assert cell_len(drawn(keys, width)) <= max(width + 1, least)
