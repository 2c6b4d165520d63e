"""The launcher: programs as children, users, progress; and the whole of `jukura-rehearsal` from outside."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import ConflictError
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.programs import Program, Recipe, kill
from daemon.rehearsal.progress import Keeper, Progress
from daemon.rehearsal.users import NAMES, users
from daemon.tasks import Tasks
from tests.processes import mentioning

PROGRAM = """
import os, signal, sys, time
from systemd.daemon import listen_fds_with_names, notify
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
notify("STATUS=ready " + ",".join(listen_fds_with_names().values()))
time.sleep(60)
"""


async def test_a_program_is_told_its_sockets_kept_running_and_stopped(tmp_path: Path) -> None:

    listening = socket.socket()
    tasks = Tasks()
    recipe = Recipe(
        "p", [sys.executable, "-c", PROGRAM], {"one": listening}, tmp_path / "log", tmp_path / "n.sock"
    )
    program = Program(recipe, tasks)
    program.start()
    assert await program.wait_for("ready", within=20) == "ready one"
    first = program.pid
    assert first is not None
    kill(first)
    async with asyncio.timeout(20):
        while program.pid in {None, first} or program.status != "ready one":
            await asyncio.sleep(0.02)
    assert program.starts == 2
    second = program.pid
    await program.stop()
    await tasks.stop(within=5)
    with pytest.raises(ProcessLookupError):
        os.kill(second or 0, 0)


def test_root_gives_each_program_its_own_user_and_never_uid_0(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    plan = users(0, [Path("/usr")])
    assert len(set(plan.ids.values())) == len(NAMES)
    assert 0 not in plan.ids.values()
    command = plan.command("zenkoku", ["x"])
    assert f"--reuid={plan.ids['zenkoku']}" in command
    assert "--clear-groups" in command


def test_a_closed_folder_above_the_checkout_costs_one_capability(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert users(0, [closed]).read_all
    assert "--ambient-caps=+dac_read_search" in users(0, [closed]).command("zenkoku", ["x"])


def test_an_ordinary_user_runs_everything_alone(tmp_path: Path) -> None:
    plan = users(1234, [tmp_path])
    assert set(plan.ids.values()) == {1234}
    assert plan.command("zenkoku", ["x"]) == ["setpriv", "--pdeathsig=TERM", "x"]


def test_progress_is_kept_and_other_people_are_refused(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "progress.json")
    first = keeper.begin(seed=None, residents=50, today=lambda: "2026-11-24")
    assert first == Progress(1, 50, "2026-11-24")
    keeper.keep(Progress(1, 50, "2026-11-24", ["honnin"], 7))
    again = keeper.begin(seed=None, residents=None, today=lambda: "2027-01-01")
    assert (again.today, again.loaded, again.next_event) == ("2026-11-24", ["honnin"], 7)
    for seed, residents in ((2, None), (None, 51)):
        with pytest.raises(ConflictError, match=r"rehearsal\.other_people"):
            keeper.begin(seed=seed, residents=residents, today=lambda: "x")


def test_a_state_folder_too_deep_for_sockets_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too long"):
        Layout(tmp_path / ("x" * 100)).make(users(1234, []))


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="jukura-", dir="/tmp"))
    yield made / "var"
    shutil.rmtree(made)


class Run:
    """One headless run."""

    def __init__(self, folder: Path, *options: str) -> None:
        argv = [
            str(Path(sys.executable).with_name("jukura-rehearsal")),
            "run",
            "--state",
            str(folder),
            "--headless",
        ]
        self.process = subprocess.Popen([*argv, *options], stdout=subprocess.PIPE, text=True)
        self.events: list[dict[str, object]] = []

    def until(self, event: str) -> dict[str, object]:
        """Read lines up to `event`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == event:
                return self.events[-1]
        raise AssertionError(self.events)

    def interrupt(self) -> int:
        """Ctrl-C, and what it ended with."""
        self.process.send_signal(signal.SIGINT)
        self.until("stopped")
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.mark.timeout(120)
def test_headless_start_stop_and_taking_up_again(folder: Path) -> None:
    """Twice over the same folder: the second run loads nobody again, and no process is left behind either time."""
    first = Run(folder, "--residents", "60", "--seed", "5", "--rate", "20")
    first.until("ready")
    told = {str(event["event"]) for event in first.events}
    assert told >= {"starting", "register", "certificates", "operator", "card", "loading", "loaded"}
    (other,) = {event["register"] for event in first.events if event["event"] == "register"} - {"honnin"}
    assert other == "fuhyo"
    busy = subprocess.run(first.process.args, capture_output=True, text=True, check=False)
    assert busy.returncode == 1
    assert "rehearsal.already_running" in busy.stderr
    time.sleep(1)
    assert first.interrupt() == 0
    assert mentioning(folder) == []
    progress = json.loads((folder / "progress.json").read_text("utf-8"))
    assert progress["next_event"] > 0
    second = Run(folder, "--rate", "20")
    second.until("ready")
    assert "loading" not in {event["event"] for event in second.events}
    time.sleep(0.5)
    assert second.interrupt() == 0
    assert json.loads((folder / "progress.json").read_text("utf-8"))["next_event"] > progress["next_event"]
    assert mentioning(folder) == []
    log = (folder / "rehearsal.log").read_text("utf-8")
    assert "notice refused" not in log
