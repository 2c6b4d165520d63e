import io

import pytest

from daemon.errors import InputError
from tui.terms import LONGEST_LINE, line_of, read_terms


def test_only_a_dash_is_read_and_in_the_order_given() -> None:
    stream = io.BytesIO("やまだ\n　山田　太郎 \r\n".encode())
    given = {"kana": "-", "birth": "1989", "name": "-", "sex": ""}
    read = read_terms(given, lambda name: line_of(stream, name))
    assert read == {"kana": "やまだ", "birth": "1989", "name": "山田　太郎", "sex": ""}


@pytest.mark.parametrize(
    ("raw", "code"), [(b"", "console.line_missing"), (b"\xe3\x81\n", "json.not_utf8"), (b"\xed\xa0\x80\n", "json.not_utf8")]
)  # fmt: skip
def test_what_is_no_line_of_text_names_the_term(raw: bytes, code: str) -> None:
    with pytest.raises(InputError) as refused:
        line_of(io.BytesIO(raw), "name")
    assert (refused.value.code, refused.value.field) == (code, "name")


def test_an_empty_line_asks_nothing() -> None:
    assert line_of(io.BytesIO(b"\n"), "name") == ""


def test_a_line_without_end_is_not_read_for_ever() -> None:
    stream = io.BytesIO(b"x" * (LONGEST_LINE + 5))
    assert len(line_of(stream, "name")) == LONGEST_LINE
