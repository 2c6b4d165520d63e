"""Progress on standard error: a line that changes at a terminal, one now and then in a pipe, nothing for programs."""

import pytest

from tests.tui.driving import Ticks
from tui.waiting import Ticker


def test_in_a_pipe_a_line_comes_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    ticks = Ticks()
    ticker = Ticker(silent=False, monotonic=ticks)
    for number in range(12):
        ticks.now += 1
        ticker.show(f"{number}/12")
    ticker.end()
    assert capsys.readouterr().err == "0/12\n5/12\n10/12\n"


def test_at_a_terminal_one_line_changes_and_stays(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    ticker = Ticker(silent=False)
    for line in ("1/2", "1/2", "2/2"):
        ticker.show(line)
    ticker.end()
    assert capsys.readouterr().err == "\r\x1b[K1/2\r\x1b[K2/2\n"


def test_for_programs_it_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    ticker = Ticker(silent=True)
    ticker.show("1/2")
    ticker.end()
    assert capsys.readouterr().err == ""
