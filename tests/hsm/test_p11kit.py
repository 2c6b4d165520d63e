"""The line that tests cut: what it carries, and what either end sees when it does not."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.hsm.p11kit import Line


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """A line to a far end that says everything again."""
    far = socket.socket(socket.AF_UNIX)
    far.bind(str(tmp_path / "far"))
    far.listen()

    def echo(one: socket.socket) -> None:
        with suppress(OSError), one:
            while data := one.recv(100):
                one.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=echo, args=(far.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    line = Line(tmp_path / "near", tmp_path / "far")
    yield line
    line.close()
    far.shutdown(socket.SHUT_RDWR)
    far.close()


def call(line: Line) -> socket.socket:
    near = socket.socket(socket.AF_UNIX)
    near.settimeout(2)
    near.connect(str(line.near))
    return near


def said(near: socket.socket, words: bytes) -> bytes:
    """What comes back for `words`; nothing where the line is cut."""
    with suppress(BrokenPipeError, ConnectionResetError):
        near.sendall(words)
        return near.recv(100)
    return b""


def test_it_carries_both_ways_for_several_at_once(line: Line) -> None:
    with call(line) as one, call(line) as two:
        assert (said(one, b"one"), said(two, b"two")) == (b"one", b"two")


def test_cut_it_ends_every_connection_and_takes_none_until_it_is_mended(line: Line) -> None:
    with call(line) as before:
        assert said(before, b"there?") == b"there?"
        line.cut()
        assert said(before, b"there?") == b""
        with call(line) as meanwhile:
            assert said(meanwhile, b"there?") == b""
        line.mend()
        assert said(before, b"there?") == b""
        with call(line) as after:
            assert said(after, b"there?") == b"there?"


def test_stalled_it_says_nothing_and_mended_it_goes_on(line: Line) -> None:
    with call(line) as near:
        assert said(near, b"there?") == b"there?"
        line.stall()
        near.settimeout(0.2)
        with pytest.raises(TimeoutError):
            said(near, b"anyone?")
        near.settimeout(2)
        line.mend()
        assert near.recv(100) == b"anyone?"


def test_what_was_held_up_is_lost_when_the_line_is_cut(line: Line) -> None:
    with call(line) as near:
        assert said(near, b"there?") == b"there?"
        line.stall()
        near.sendall(b"anyone?")
        line.cut()
        line.mend()
        assert said(near, b"anyone?") == b""
