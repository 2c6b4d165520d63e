"""What SoftHSM needs beside its PIN."""

import os
from pathlib import Path

import pytest

from hsm.softhsm import Settle, configure, token_folder


def test_the_configuration_keeps_the_tokens_in_the_state(tmp_path: Path) -> None:
    file = configure(tmp_path)
    assert f"directories.tokendir = {tmp_path}/token\n" in file.read_text("utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert not token_folder(tmp_path).exists()


def test_what_changed_is_pushed_to_the_disk_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: pushed.append(Path(f"/proc/self/fd/{fd}").readlink().name))
    folder = tmp_path / "token" / "a-b-c"
    folder.mkdir(parents=True)
    (folder / "one").write_text("1")
    settle = Settle(tmp_path / "token")
    settle()
    assert sorted(pushed) == ["a-b-c", "one", "token"]
    pushed.clear()
    (folder / "two").write_text("2")
    os.utime(folder / "one", ns=(1, 1))
    settle()
    assert sorted(pushed) == ["a-b-c", "one", "two"]
    pushed.clear()
    settle()
    assert pushed == []


def test_a_folder_that_is_away_pushes_nothing(tmp_path: Path) -> None:
    Settle(tmp_path / "away")()
    assert list(tmp_path.iterdir()) == []
