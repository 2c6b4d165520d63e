"""Root has no business at the register, so the console gives root up before it connects.

The register refuses uid 0 always. A console that root starts runs itself again through setpriv(1) as the user whose
number is that of the socket's group, in the sockets' groups alone. Where that user could not reach the program
or the socket at all (a checkout below root's home), it keeps one capability, to read and enter folders
(CAP_DAC_READ_SEARCH, capabilities(7)): root gave it, and nothing is gained by it.

What root alone may open (a password file, an export's folder) is opened before and handed over as a descriptor.
"""

import grp
import os
import pwd
import stat
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import AuthorityError, StateError

HANDED = "JUKURA_HANDED"
"""Marks the second run, and names the descriptors handed over: `password:5,folder:6`."""

Execute = Callable[[str, list[str]], object]


@dataclass(frozen=True)
class Console:
    """Whom to become: user and group of one number, the sockets' groups, and whether folders must be opened."""

    uid: int
    groups: tuple[int, ...]
    read_search: bool

    def command(self, program: Sequence[str]) -> list[str]:
        """`program`, run as this user."""
        several = ",".join(str(group) for group in self.groups)
        keep = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"] if self.read_search else []
        return [
            "setpriv", f"--reuid={self.uid}", f"--regid={self.groups[0]}",
            f"--groups={several}" if len(self.groups) > 1 else "--clear-groups", *keep, "--", *program,
        ]  # fmt: skip


def whom(sockets: Sequence[Path], program: Sequence[Path]) -> Console | None:
    """Whom to become for `sockets`; None where none of them is there (the connection will say so)."""
    groups = tuple(dict.fromkeys(socket.stat().st_gid for socket in sockets if socket.exists()))
    if not groups:
        return None
    if 0 in groups:
        raise StateError("console.root_group")
    if not _same_name(groups[0]):
        raise AuthorityError("console.wrong_user")
    shut = any(not enterable(path, frozenset(groups)) for path in (*sockets, *program))
    return Console(groups[0], groups, shut)


def enterable(path: Path, groups: frozenset[int]) -> bool:
    """Whether a user in `groups` who owns nothing can enter every folder above `path`."""
    return all(_open_to(folder.stat(), groups) for folder in path.absolute().parents if folder.exists())


def _open_to(folder: os.stat_result, groups: frozenset[int]) -> bool:
    bit = stat.S_IXGRP if folder.st_gid in groups else stat.S_IXOTH
    return bool(folder.st_mode & bit)


def _same_name(number: int) -> bool:
    """Whether the user `number` is nobody else's: unnamed, or named as the group is."""
    try:
        user = pwd.getpwuid(number).pw_name
    except KeyError:
        return True
    try:
        return grp.getgrgid(number).gr_name == user
    except KeyError:
        return False


def step_down(
    sockets: Sequence[Path],
    *,
    arguments: Sequence[str],
    hand_over: Mapping[str, int] | None = None,
    uid: int | None = None,
    environ: MutableMapping[str, str] = os.environ,
    execute: Execute = os.execvp,
) -> None:
    """Return at once unless root runs this; else become the console's user, and do not return."""
    if (os.geteuid() if uid is None else uid) != 0:
        return
    if HANDED in environ:
        raise StateError("console.still_root")
    console = whom(sockets, (Path(__file__).resolve(), Path(sys.prefix) / "bin"))
    if console is None:
        return
    handed = hand_over or {}
    for descriptor in handed.values():
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.fchown(
                descriptor, console.uid, console.groups[0]
            )  # an export's empty folder: to be written into
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - the function takes it by place only
    environ[HANDED] = ",".join(f"{name}:{descriptor}" for name, descriptor in handed.items())
    command = console.command([sys.executable, "-P", "-m", "tui.cli", *arguments])
    try:
        execute(command[0], command)
    except OSError as error:
        raise StateError("console.still_root") from error


def received(environ: Mapping[str, str] = os.environ) -> dict[str, int]:
    """The descriptors that the first run handed over, by name."""
    pairs = (pair.partition(":") for pair in environ.get(HANDED, "").split(",") if pair)
    return {name: int(descriptor) for name, _, descriptor in pairs}


def needed(uid: int | None = None) -> bool:
    """Whether root runs this."""
    return (os.geteuid() if uid is None else uid) == 0
