import grp
import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.errors import AuthorityError, StateError
from tests.tui.fake_daemon import FakeDaemon
from tui.stepdown import HANDED, Console, enterable, received, step_down, whom

NOBODYS = 64999  # a number that no user and no group of this machine has
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


class Executed(Exception):  # noqa: N818 - stands for not returning
    def __init__(self, file: str, command: list[str]) -> None:
        super().__init__(file)
        self.command = command


def execute(file: str, command: list[str]) -> None:
    raise Executed(file, command)


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], None]:
    """Makes a path belong to a group, for those who may not change it."""
    groups: dict[Path, int] = {}
    stat = Path.stat

    def belongs(path: Path, **options: bool) -> os.stat_result:
        found = stat(path, **options)
        fields = list(found)
        fields[5] = groups.get(path, found.st_gid)
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "stat", belongs)
    return groups.__setitem__


def test_nobody_but_root_steps_down() -> None:
    step_down([], arguments=[], uid=1000, environ={}, execute=execute)


def test_root_becomes_the_user_of_the_sockets_group(
    tmp_path: Path, owner: Callable[[Path, int], None]
) -> None:
    socket = tmp_path / "console.sock"
    socket.touch()
    owner(socket, NOBODYS)
    environ: dict[str, str] = {}
    with pytest.raises(Executed) as executed:
        step_down([socket], arguments=["status", "--json"], uid=0, environ=environ, execute=execute)
    command = executed.value.command
    assert command[:4] == ["setpriv", f"--reuid={NOBODYS}", f"--regid={NOBODYS}", "--clear-groups"]
    assert command[-6:] == [sys.executable, "-P", "-m", "tui.cli", "status", "--json"]
    assert environ == {HANDED: ""}


def test_two_registers_may_have_two_groups(tmp_path: Path, owner: Callable[[Path, int], None]) -> None:
    sockets = [tmp_path / "a.sock", tmp_path / "b.sock"]
    for place, socket in enumerate(sockets):
        socket.touch()
        owner(socket, NOBODYS + place)
    console = whom(sockets, [])
    assert console is not None
    assert console.groups == (NOBODYS, NOBODYS + 1)
    assert f"--groups={NOBODYS},{NOBODYS + 1}" in console.command(["true"])


def test_it_happens_once() -> None:
    with pytest.raises(StateError) as again:
        step_down([], arguments=[], uid=0, environ={HANDED: ""}, execute=execute)
    assert again.value.code == "console.still_root"


def test_a_missing_setpriv_is_said(tmp_path: Path, owner: Callable[[Path, int], None]) -> None:
    def missing(file: str, command: list[str]) -> None:
        raise FileNotFoundError(file)

    socket = tmp_path / "console.sock"
    socket.touch()
    owner(socket, NOBODYS)
    with pytest.raises(StateError) as error:
        step_down([socket], arguments=[], uid=0, environ={}, execute=missing)
    assert error.value.code == "console.still_root"


def test_where_no_register_is_there_is_nobody_to_become(tmp_path: Path) -> None:
    step_down([tmp_path / "console.sock"], arguments=[], uid=0, environ={}, execute=execute)


def test_a_socket_of_roots_group_is_refused(tmp_path: Path, owner: Callable[[Path, int], None]) -> None:
    socket = tmp_path / "console.sock"
    socket.touch()
    owner(socket, 0)
    with pytest.raises(StateError) as error:
        whom([socket], [])
    assert error.value.code == "console.root_group"


def test_another_users_number_is_never_taken(tmp_path: Path, owner: Callable[[Path, int], None]) -> None:
    other = next(
        user for user in pwd.getpwall()
        if user.pw_uid and all(group.gr_name != user.pw_name for group in grp.getgrall() if group.gr_gid == user.pw_uid)
    )  # fmt: skip
    socket = tmp_path / "console.sock"
    socket.touch()
    owner(socket, other.pw_uid)
    with pytest.raises(AuthorityError) as error:
        whom([socket], [])
    assert error.value.code == "console.wrong_user"


@pytest.mark.parametrize(
    ("mode", "group", "enters"),
    [(0o755, 0, True), (0o711, 0, True), (0o750, NOBODYS, True), (0o750, 0, False), (0o700, NOBODYS, False)],
)
def test_a_folder_is_entered_by_group_or_by_everybody(
    states: Path, owner: Callable[[Path, int], None], mode: int, group: int, *, enters: bool
) -> None:
    states.chmod(0o755)
    folder = states / "run"
    folder.mkdir()
    folder.chmod(mode)
    owner(folder, group)
    assert enterable(folder / "console.sock", frozenset({NOBODYS})) is enters


def test_folders_are_opened_by_a_capability_only_where_they_must() -> None:
    shut, open_ = (
        Console(NOBODYS, (NOBODYS,), read_search).command(["true"]) for read_search in (True, False)
    )
    assert [part for part in shut if "caps" in part] == [
        "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
    ]  # fmt: skip
    assert not [part for part in open_ if "caps" in part]


def test_descriptors_are_handed_over_by_name(tmp_path: Path, owner: Callable[[Path, int], None]) -> None:
    socket = tmp_path / "console.sock"
    socket.touch()
    owner(socket, NOBODYS)
    environ: dict[str, str] = {}
    with (tmp_path / "password").open("w") as file:
        with pytest.raises(Executed):
            step_down(
                [socket],
                arguments=[],
                hand_over={"password": file.fileno()},
                uid=0,
                environ=environ,
                execute=execute,
            )
        assert received(environ) == {"password": file.fileno()}
        assert os.get_inheritable(file.fileno())
    assert received({}) == {}


@root_only
@pytest.mark.parametrize("shut", [False, True])
def test_root_reaches_the_register_as_the_consoles_user(
    fake: FakeDaemon, states: Path, *, shut: bool
) -> None:
    # The fake tells who called by refusing root; only a real setpriv gets through.
    states.chmod(0o700 if shut else 0o755)
    os.chown(fake.socket, 0, NOBODYS)
    fake.socket.chmod(0o660)
    run = subprocess.run(
        [sys.executable, "-m", "tui.cli", "status", "--json", "--state", str(states / "honnin")],
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, b"")
    assert fake.callers == {NOBODYS}
