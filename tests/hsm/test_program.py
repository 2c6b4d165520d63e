"""`jukura-hsm` as a process of its own, over SoftHSM, with its socket handed in as a service manager does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.contract import note
from hsm.protocol import (
    Keys,
    ListKeys,
    Made,
    Make,
    Ping,
    Pong,
    Refused,
    Signed,
    Unwrap,
    Unwrapped,
    Witness,
    Witnessed,
)
from tests.hsm.kit import PIN, folder, grown, listening_at
from tests.hsm.program import (
    CALLER,
    HAND_IN,
    ROOT,
    URI,
    Program,
    await_end,
    options,
    pin_file,
    program,
    recovered,
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every user may enter, for the socket; the state lies below, closed."""
    with folder() as path:
        path.chmod(0o755)
        yield path


@pytest.fixture
def running(home: Path) -> Iterator[Program]:
    with program(home, [*options(home), "--pin-file", str(pin_file(home))]) as started:
        yield started


def test_the_allowed_user_is_served(running: Program) -> None:
    pong = running.ask(Ping())
    assert isinstance(pong, Pong)
    assert (pong.register, pong.token, pong.at_rest) == ("honnin", True, "unprotected")
    assert running.ask(Make(["live.1"])) == Made(["live.1"])


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
@pytest.mark.parametrize("uid", [0, 65534, CALLER + 1])
def test_root_nobody_and_strangers_are_refused(running: Program, uid: int) -> None:
    assert running.ask(Unwrap(["live.1"]), uid=uid) == Refused(code="caller.refused")
    assert isinstance(running.ask(Ping()), Pong)


def test_keys_and_witness_outlive_the_process(home: Path) -> None:
    arguments = [*options(home), "--pin-file", str(pin_file(home))]
    with program(home, arguments) as first:
        first.ask(Make(["live.1", "seal.1"]))
        opened = first.ask(Unwrap(["live.1"]))
        signed = first.ask(grown(5))
        assert isinstance(opened, Unwrapped)
        assert isinstance(signed, Signed)
        assert first.end() == 0
    with program(home, arguments) as second:
        assert second.ask(Unwrap(["live.1"])) == opened
        assert second.ask(Witness()) == Witnessed(epoch=1, size=5, root=grown(5).root)
        assert second.ask(grown(7)) == Refused(code="hsm.checkpoint_inconsistent")
        again = second.ask(grown(7, since=5))
        listed = second.ask(ListKeys())
        assert isinstance(again, Signed)
        assert isinstance(listed, Keys)
        (seal,) = listed.pairs
        assert note.verify(again.note, "jukura.jp/honnin/1", seal.public).size == 7
        assert second.end() == 0


def test_what_was_signed_last_survives_a_kill(home: Path) -> None:
    arguments = [*options(home), "--pin-file", str(pin_file(home))]
    with program(home, arguments) as first:
        first.ask(Make(["seal.1"]))
        first.ask(grown(5))
        first.end(signal.SIGKILL)
    with program(home, arguments) as second:
        assert second.ask(Witness()) == Witnessed(epoch=1, size=5, root=grown(5).root)


def test_the_pin_is_in_no_command_line_and_no_environment(home: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, PIN)
    os.close(writing)
    arguments = [*options(home), "--pin-fd", str(reading)]
    with program(home, arguments, pass_fds=(reading,)) as started:
        os.close(reading)
        assert isinstance(started.ask(Make(["live.1"])), Made)
        seen = [
            Path(f"/proc/{pid}/{file}").read_bytes()
            for pid in (started.process.pid, started.worker(), os.getpid())
            for file in (("cmdline", "environ") if ROOT else ("cmdline",))
        ]
        assert any(b"hsm.worker" in raw for raw in seen)
        assert not any(PIN in raw for raw in seen)
    written = [file for file in home.rglob("*") if file.is_file()]
    assert not any(PIN in file.read_bytes() for file in written)


def test_all_that_it_writes_is_for_its_owner_only(running: Program, home: Path) -> None:
    running.ask(Make(["live.1", "seal.1"]))
    modes = {path: path.stat().st_mode & 0o077 for path in (home / "state", *(home / "state").rglob("*"))}
    assert len(modes) > 5
    assert set(modes.values()) == {0}


@pytest.mark.skipif(not ROOT, reason="its descriptors are closed to all but root")
def test_it_listens_on_nothing_but_what_was_handed_in(running: Program) -> None:
    running.ask(Ping())
    links = [str(link.readlink()) for link in Path(f"/proc/{running.process.pid}/fd").iterdir()]
    sockets = {
        link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:")
    }
    table = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    listening = [row[7] for row in table if row[6] in sockets and row[3] == "00010000"]  # __SO_ACCEPTCON
    assert listening == [str(running.path)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_worker(running: Program, number: signal.Signals) -> None:
    running.ask(Ping())
    worker = running.worker()
    assert running.end(number) == 0
    await_end(worker)


def test_its_worker_does_not_outlive_a_kill(running: Program) -> None:
    running.ask(Ping())
    worker = running.worker()
    running.end(signal.SIGKILL)
    await_end(worker)


def test_a_worker_killed_under_it_is_replaced(running: Program) -> None:
    running.ask(Make(["live.1"]))
    opened = running.ask(Unwrap(["live.1"]))
    worker = running.worker()
    os.kill(worker, signal.SIGKILL)
    assert recovered(running, Unwrap(["live.1"])) == opened
    assert running.worker() != worker


def test_a_token_that_went_away_comes_back_without_a_restart(running: Program, home: Path) -> None:
    running.ask(Make(["live.1", "seal.1"]))
    opened = running.ask(Unwrap(["live.1"]))
    running.ask(grown(5))
    (home / "state" / "token").rename(home / "state" / "away")
    refused = running.ask(Unwrap(["live.1"]))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.away) == ("hsm.token_away", True)
    pong = running.ask(Ping())
    assert isinstance(pong, Pong)
    assert not pong.token
    assert running.ask(Witness()) == Witnessed(epoch=1, size=5, root=grown(5).root)
    (home / "state" / "away").rename(home / "state" / "token")
    assert recovered(running, Unwrap(["live.1"])) == opened


def test_a_start_without_the_token_is_a_state_and_makes_no_new_one(home: Path) -> None:
    arguments = [*options(home), "--pin-file", str(pin_file(home))]
    with program(home, arguments) as first:
        first.ask(Make(["live.1"]))
        opened = first.ask(Unwrap(["live.1"]))
        first.end()
    (home / "state" / "token").rename(home / "state" / "away")
    with program(home, arguments) as second:
        pong = second.ask(Ping())
        assert isinstance(pong, Pong)
        assert not pong.token
        (home / "state" / "away").rename(home / "state" / "token")
        assert recovered(second, Unwrap(["live.1"])) == opened


def test_a_wrong_pin_is_said_and_not_tried_again(home: Path) -> None:
    with program(home, [*options(home), "--pin-file", str(pin_file(home))]) as first:
        first.ask(Make(["live.1"]))
        first.end()
    with program(home, [*options(home), "--pin-file", str(pin_file(home, b"not the pin"))]) as second:
        for _ in range(3):
            refused = second.ask(Unwrap(["live.1"]))
            assert isinstance(refused, Refused)
            assert (refused.code, refused.away) == ("hsm.pin_wrong", False)
            time.sleep(0.2)
        assert second.end() == 0


REFUSED_STARTS = {
    "no PIN": ([], 2, "hsm.pin_missing"),
    "PIN in the URI": (["--token", URI + "&pin-value=1", "--pin-file", "PIN"], 2, "hsm.uri_has_pin"),
    "root allowed": (["--allow-uid", "0", "--pin-file", "PIN"], 2, "hsm.user_never"),
    "unknown user": (["--allow-uid", "no-such-user", "--pin-file", "PIN"], 2, "hsm.user_unknown"),
    "no socket": (["--pin-file", "PIN"], 1, "service.socket_missing"),
}


@pytest.mark.parametrize(("more", "status", "code"), REFUSED_STARTS.values(), ids=REFUSED_STARTS)
def test_a_start_that_cannot_work_ends_with_the_reason(
    home: Path, more: list[str], status: int, code: str
) -> None:
    file = str(pin_file(home))
    arguments = [*options(home), *(file if option == "PIN" else option for option in more)]
    done = subprocess.run(
        [sys.executable, "-m", "hsm.cli", *arguments], capture_output=True, timeout=20, check=False, text=True
    )
    assert (done.returncode, f"jukura-hsm: {code}" in done.stderr) == (status, True)
    assert PIN.decode() not in done.stderr


def test_two_services_cannot_run_on_one_state(running: Program, home: Path) -> None:
    running.ask(Ping())
    with listening_at(home / "second") as listening:
        done = subprocess.run(
            ["bash", "-c", HAND_IN, str(listening.fileno()), sys.executable, "-m", "hsm.cli", *options(home),
             "--pin-file", str(home / "pin")],
            pass_fds=(listening.fileno(),), capture_output=True, timeout=20, check=False, text=True,
        )  # fmt: skip
    assert (done.returncode, "hsm.store_in_use" in done.stderr) == (1, True)
    assert isinstance(running.ask(Ping()), Pong)


def test_its_log_names_keys_and_callers_and_nothing_that_was_sent(home: Path) -> None:
    log = home / "log"
    arguments = [*options(home), "--pin-file", str(pin_file(home))]
    with log.open("wb") as stderr, listening_at(home / "keys") as listening:
        (home / "keys").chmod(0o666)
        process = subprocess.Popen(
            ["bash", "-c", HAND_IN, str(listening.fileno()), sys.executable, "-m", "hsm.cli", *arguments],
            pass_fds=(listening.fileno(),),
            stderr=stderr,
        )
        started = Program(process, home / "keys")
        started.ask(Make(["live.1"]))
        started.ask(Make(["山田太郎"]))
        started.end()
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    told = [(line.get("call"), line.get("key"), line.get("uid"), line.get("code")) for line in lines]
    assert ("make", "live.1", CALLER, None) in told
    assert ("make", "", CALLER, "hsm.name_unknown") in told
    assert "山田" not in log.read_text("utf-8")
