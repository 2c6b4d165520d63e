"""Where the PIN may come from."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError
from hsm.pin import MAX_PIN, Pin, PinSource, read


def piped(raw: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, raw)
    os.close(writing)
    return reading


def private(folder: Path, raw: bytes, mode: int = 0o600) -> Path:
    file = folder / "pin"
    file.write_bytes(raw)
    file.chmod(mode)
    return file


def from_fd(raw: bytes) -> bytes:
    return read(file=None, descriptor=piped(raw), credential=None).value


def test_each_source_is_read_and_named(tmp_path: Path) -> None:
    file = private(tmp_path, b"secret pin\n")
    assert read(file=file, descriptor=None, credential=None) == Pin(PinSource.FILE, b"secret pin")
    assert read(file=None, descriptor=piped(b"1234"), credential=file) == Pin(PinSource.DESCRIPTOR, b"1234")
    assert read(file=None, descriptor=None, credential=file) == Pin(PinSource.CREDENTIAL, b"secret pin")


def test_a_credential_is_read_whatever_its_mode(tmp_path: Path) -> None:
    credential = private(tmp_path, b"1234", 0o440)
    assert read(file=None, descriptor=None, credential=credential).value == b"1234"


def test_the_descriptor_is_closed_after_reading() -> None:
    descriptor = piped(b"1234")
    read(file=None, descriptor=descriptor, credential=None)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o622])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InputError, match=r"hsm\.pin_file_open"):
        read(file=private(tmp_path, b"1234", mode), descriptor=None, credential=None)


def test_none_two_and_unreadable_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"hsm\.pin_missing"):
        read(file=None, descriptor=None, credential=None)
    with pytest.raises(InputError, match=r"hsm\.pin_twice"):
        read(file=private(tmp_path, b"1234"), descriptor=0, credential=None)
    with pytest.raises(InputError, match=r"hsm\.pin_unreadable"):
        read(file=tmp_path / "nothing", descriptor=None, credential=None)
    with pytest.raises(InputError, match=r"hsm\.pin_unreadable"):
        read(file=None, descriptor=9999, credential=None)


@pytest.mark.parametrize("raw", [b"", b"\n", b"12\n34", b"12\0", b"\xff\xfe", b"x" * (MAX_PIN + 1), b"1\n\n"])
def test_what_no_token_could_take_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError, match=r"hsm\.pin_malformed"):
        from_fd(raw)


@given(st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=60))
def test_a_printable_pin_comes_back_with_or_without_its_newline(text: str) -> None:
    assert from_fd(text.encode()) == text.encode() == from_fd(text.encode() + b"\n")


def test_the_value_never_shows_in_a_repr() -> None:
    assert "5678" not in repr(Pin(PinSource.FILE, b"5678"))
