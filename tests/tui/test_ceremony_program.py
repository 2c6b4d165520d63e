"""`jukura ceremony` in a terminal, against `jukura-hsm` as a process, over a real SoftHSM token that is thrown away."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hsm.ceremony.program import key_service
from tests.hsm.kit import folder
from tests.hsm.program import CALLER, ROOT
from tests.tui.terminal import Terminal, terminal


@pytest.fixture
def home() -> Iterator[Path]:
    with folder() as path:
        path.chmod(0o755)
        yield path


def reads_share(screen: Terminal) -> list[str]:
    """The holder in turn opens their share and writes it down."""
    screen.presses("enter")
    screen.sees("割符を表示")
    screen.presses("enter")
    shown = screen.sees("書き終えた")
    numbered = {int(number): word for number, word in re.findall(r"(\d{1,2}) ([a-z]{3,8})", shown)}
    assert sorted(numbered) == list(range(1, 21)), shown
    screen.presses("enter")
    screen.sees("1語目")
    return [numbered[number] for number in range(1, 21)]


def types(screen: Terminal, paper: list[str]) -> None:
    for word in paper:
        screen.presses(*word[:4], "space")
    screen.sees("割符を確認しました")


def test_a_dry_run_from_begin_to_end(home: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tui.cli",
        "ceremony",
        "--ceremony",
        str(home / "ceremony"),
        "--lang",
        "ja",
    ]
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", "HOME": str(home)}
    with (
        key_service(home),
        terminal(command, environ=environ, user=CALLER if ROOT else None) as screen,
    ):
        screen.sees("進行中の儀式はありません")
        screen.presses("f5")
        screen.sees("練習を始める")
        screen.presses(*"A,B", "enter")
        screen.sees("割符を表示する")
        papers = []
        for _ in "AB":
            papers.append(reads_share(screen))
            types(screen, papers[-1])
        for paper in papers:
            screen.presses("enter")
            screen.sees("1語目")
            types(screen, paper)
        screen.presses("enter")
        screen.sees("初期化しますか")
        screen.presses("tab", "enter")
        screen.sees("練習が終わりました")
        assert not (home / "state" / "dry-run").exists()
        screen.presses("f10")
        assert screen.process.wait(20) == 0
