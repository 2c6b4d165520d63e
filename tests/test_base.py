"""What everything stands on: tasks, log lines, the clock, handed-in sockets, callers, configuration."""

import asyncio
import io
import json
import logging
import os
import socket
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from daemon import callers, config, logs
from daemon.clock import ManualClock, SystemClock, day_of, fiscal_year
from daemon.errors import AuthenticationError, InputError
from daemon.register.rows import Register
from daemon.tasks import Tasks


async def test_a_task_that_fails_is_seen_and_named() -> None:
    failed: list[tuple[str, str]] = []
    tasks = Tasks(on_failure=lambda name, error: failed.append((name, type(error).__name__)))

    async def bad() -> None:
        raise RuntimeError

    tasks.start(bad(), name="bad")
    await asyncio.sleep(0.01)
    assert failed == [("bad", "RuntimeError")]
    assert tasks.names() == []


async def test_stopping_cancels_and_names_who_does_not_end() -> None:
    tasks = Tasks()
    stubborn = asyncio.Event()

    async def willing() -> None:
        await asyncio.sleep(60)

    async def deaf() -> None:
        while not stubborn.is_set():
            try:
                await stubborn.wait()
            except asyncio.CancelledError:
                continue

    tasks.start(willing(), name="willing")
    last = tasks.start(deaf(), name="deaf")
    await asyncio.sleep(0)
    assert tasks.names() == ["deaf", "willing"]
    assert await tasks.stop(within=0.05) == ["deaf"]
    stubborn.set()
    await last


def test_log_lines_carry_listed_fields_only_and_never_an_exceptions_text() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Lines())
    log = logging.getLogger("test_base")
    log.addHandler(handler)
    error = ValueError("住民　太郎")
    log.error("it failed", exc_info=error, extra={"count": 3, "name_of_person": "住民　太郎"})
    log.removeHandler(handler)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["count"], line["error"]) == ("it failed", 3, "ValueError")
    assert line["dropped"] == ["name_of_person"]
    assert "住民" not in stream.getvalue()


def test_days_are_japanese_days() -> None:
    evening = datetime(2027, 3, 31, 15, 0, tzinfo=UTC)
    assert day_of(evening) == date(2027, 4, 1)
    assert day_of(evening - timedelta(microseconds=1)) == date(2027, 3, 31)
    assert [fiscal_year(day) for day in (date(2027, 3, 31), date(2027, 4, 1))] == [2026, 2027]


def test_clocks() -> None:
    manual = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    manual.advance(timedelta(minutes=2))
    assert (manual.now().minute, manual.monotonic()) == (2, 120.0)
    real = SystemClock()
    assert real.now().tzinfo is UTC
    assert real.monotonic() <= real.monotonic()


SHOW = """
import json
from daemon import service
sockets = service.handed_in()
try:
    service.take(sockets, "absent")
except Exception as error:
    absent = str(error)
print(json.dumps({"names": sorted(sockets), "fd": sockets["console"].fileno(), "absent": absent,
                  "inheritable": sockets["console"].get_inheritable()}))
service.notify(READY=1, STATUS="seen")
"""


def test_sockets_are_handed_in_by_name_and_the_manager_is_told(tmp_path: Path) -> None:
    """sd_listen_fds(3) and sd_notify(3), for real."""
    ears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ears.bind(str(tmp_path / "notify"))
    ears.settimeout(5)
    with ears, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        script = f'exec 3<&{listening.fileno()}; LISTEN_PID=$$ exec "$@"'
        run = subprocess.run(
            ["bash", "-c", script, "bash", sys.executable, "-c", SHOW],
            env={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "console", "NOTIFY_SOCKET": str(tmp_path / "notify")},
            pass_fds=[listening.fileno()],
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(run.stdout) == {
            "names": ["console"], "fd": 3, "absent": "service.socket_missing (absent)", "inheritable": False,
        }  # fmt: skip
        assert ears.recv(100) == b"READY=1\nSTATUS=seen"


def test_the_caller_of_a_unix_socket_is_known() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert callers.uid_of(ours) == os.geteuid()


@pytest.mark.parametrize(
    ("uid", "allowed", "admitted"),
    [
        (0, None, False),
        (65534, None, False),
        (0, {0}, False),
        (1000, None, True),
        (1000, {1000}, True),
        (1001, {1000}, False),
    ],
)
def test_root_and_nobody_never_come_in(uid: int, allowed: set[int] | None, admitted: bool) -> None:  # noqa: FBT001
    listed = None if allowed is None else frozenset(allowed)
    if admitted:
        callers.admit(uid, listed)
    else:
        with pytest.raises(AuthenticationError, match=r"caller\.refused"):
            callers.admit(uid, listed)


GOOD = """
register = "honnin"
key_service = "/run/keys.sock"
[peers]
municipalities = ["35203"]
tls = {certificate = "a", key = "b", ca = "c"}
[national]
socket = "/run/n.sock"
name = "zenkoku.example"
tls = {certificate = "a", key = "b", ca = "c"}
[timestamps]
socket = "/run/t.sock"
host = "tsa.example:8080"
path = "/tsr?x=1"
ca = "d"
"""


def test_a_configuration_is_read(tmp_path: Path) -> None:
    file = tmp_path / "jukurad.toml"
    file.write_text(GOOD, "utf-8")
    read = config.read(file)
    assert (read.register, read.key_service, read.idle_seconds) == (
        Register.HONNIN,
        Path("/run/keys.sock"),
        600,
    )
    stamps = read.timestamps
    assert stamps is not None
    assert (stamps.host, stamps.path, stamps.hours, stamps.overdue_hours) == (
        "tsa.example:8080",
        "/tsr?x=1",
        1,
        24,
    )
    file.write_text(GOOD.partition("[timestamps]")[0], "utf-8")
    assert config.read(file).timestamps is None


@pytest.mark.parametrize(
    "change",
    [
        ("register = ", "registre = "),
        ('"honnin"', '"other"'),
        ("[peers]", "idle_seconds = 601\n[peers]"),
        ("[peers]", "idle_seconds = 0\n[peers]"),
        ("[peers]", 'terminal = "端末"\n[peers]'),
        ("[national]", "[national"),
        ('ca = "c"', "ca = 3"),
        ("[peers]", "more = 1\n[peers]"),
        ("tsa.example:8080", "user@tsa.example"),
        ("tsa.example:8080", "tsa.example/x"),
        ("tsa.example:8080", ""),
        ("/tsr?x=1", "tsr"),
        ("/tsr?x=1", "/a b"),
        ('ca = "d"', 'ca = "d"\nhours = 0'),
        ('ca = "d"', ""),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused_with_its_place(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    file = tmp_path / "jukurad.toml"
    file.write_text(GOOD.replace(*change), "utf-8")
    with pytest.raises(InputError, match=r"config\.unreadable") as refused:
        config.read(file)
    assert refused.value.field


def test_a_configuration_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.unreadable"):
        config.read(tmp_path / "absent.toml")
