"""A fake register in a short folder of its own (a unix socket's path has 108 bytes at most, unix(7)), and calling it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.calling import Jukura, Ran
from tests.tui.fake_daemon import OPERATOR, PASSWORD, FakeDaemon
from tui.cli import main
from tui.client import socket_of

NOBODYS = 64999  # the console's group in these tests; root becomes this user


@pytest.fixture
def states() -> Iterator[Path]:
    """A folder for state folders."""
    with tempfile.TemporaryDirectory(prefix="jukura-") as folder:
        yield Path(folder)


@pytest.fixture
def fake(states: Path) -> Iterator[FakeDaemon]:
    """The register `honnin`."""
    with FakeDaemon(socket_of(states / "honnin")) as daemon:
        yield daemon


@pytest.fixture
def fuhyo(states: Path) -> Iterator[FakeDaemon]:
    """The register `fuhyo`."""
    with FakeDaemon(socket_of(states / "fuhyo"), register="fuhyo") as daemon:
        yield daemon


@pytest.fixture
def password(states: Path) -> Path:
    """A file with the operator's password, for its owner only."""
    file = states / "password"
    file.write_text(PASSWORD + "\n", "utf-8")
    file.chmod(0o600)
    return file


@pytest.fixture
def jukura(
    states: Path, password: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Jukura:
    """Runs `jukura` here against the register in `states/honnin`, as an ordinary user at a Japanese terminal."""
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    monkeypatch.setenv("JUKURA_STATE", str(states / "honnin"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    def run(*arguments: str, signed: bool = False) -> Ran:
        who = ("--operator", OPERATOR, "--password-file", str(password)) if signed else ()
        monkeypatch.setattr(sys, "argv", ["jukura", *arguments, *who])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def program(fake: FakeDaemon, states: Path) -> Jukura:
    """Runs `jukura` as a process of its own; where root runs it, the socket has a group to become."""
    if os.geteuid() == 0:
        os.chown(fake.socket, 0, NOBODYS)
        fake.socket.chmod(0o660)

    def run(*arguments: str, stdin: str = "", pass_fds: tuple[int, ...] = ()) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "tui.cli", *arguments, "--state", str(states / "honnin")],
            input=stdin, capture_output=True, encoding="utf-8", timeout=30, check=False, pass_fds=pass_fds,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
