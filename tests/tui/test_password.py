import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError
from tui.password import MAX_PASSWORD, PasswordSource


def never(operator: str) -> str:
    raise AssertionError(operator)


def piped(content: bytes) -> int:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        stream.write(content)
    return reading


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=100))
def test_a_password_is_read_whole_without_its_line_end(password: str) -> None:
    for end in ("", "\n", "\r\n"):
        source = PasswordSource(never, descriptor=piped((password + end).encode()))
        assert source.read("OP001") == password


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" spaces count \n", "utf-8")
    assert PasswordSource(never, file=file).read("OP001") == " spaces count "


def test_it_is_asked_for_by_the_operators_name_where_nothing_is_given() -> None:
    assert PasswordSource(lambda operator: f"asked {operator}").read("OP001") == "asked OP001"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (MAX_PASSWORD + 1)])
def test_what_is_no_password_is_refused(content: bytes) -> None:
    with pytest.raises(InputError) as error:
        PasswordSource(never, descriptor=piped(content)).read("OP001")
    assert error.value.code == "console.password_unreadable"


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        PasswordSource(never, file=tmp_path / "none").read("OP001")
    assert error.value.code == "console.password_unreadable"


def test_a_closed_descriptor_is_said() -> None:
    with pytest.raises(InputError) as error:
        PasswordSource(never, descriptor=987).read("OP001")
    assert error.value.code == "console.password_unreadable"
