"""Which user each program runs as. As root, each has a user of its own, as under systemd; otherwise all are ours.

Uid 0 is refused by every socket, so root's programs are started through setpriv(1). Where the checkout lies in a
folder that others may not enter (root's home), they keep the one capability to read it.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FIRST = 59_101
"""Numbers that Debian gives to nobody (debian-policy 9.2.2: 1000-59999 are for people, from the bottom up)."""
NAMES = (
    "jukurad-honnin",
    "jukura-hsm-honnin",
    "jukurad-fuhyo",
    "jukura-hsm-fuhyo",
    "zenkoku",
    "jukura-console",
    "jikoku",
)


@dataclass(frozen=True)
class Users:
    """Uids (and gids of the same number) by name."""

    ids: dict[str, int]
    separate: bool
    read_all: bool

    def own(self, path: Path, name: str, *, mode: int, group: str | None = None) -> None:
        """Give `path` to the user `name`, and to the group of that name or of `group`."""
        if self.separate:
            os.chown(path, self.ids[name], self.ids[group or name])
        path.chmod(mode)

    def command(self, name: str, argv: Sequence[str]) -> list[str]:
        """`argv` as the user `name`, ended when this process ends."""
        switch = ["setpriv", "--pdeathsig=TERM"]
        if self.separate:
            number = self.ids[name]
            switch += [f"--reuid={number}", f"--regid={number}", "--clear-groups", "--no-new-privs"]
        if self.read_all:
            switch += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        return [*switch, *argv]


def users(uid: int, folders: Sequence[Path]) -> Users:
    """The plan for someone with `uid`, whose programs must read `folders`."""
    if uid != 0:
        return Users(dict.fromkeys(NAMES, uid), separate=False, read_all=False)
    closed = any(not _open(folder) for folder in (*folders, Path(sys.executable).resolve().parent))
    return Users({name: FIRST + number for number, name in enumerate(NAMES)}, separate=True, read_all=closed)


def _open(folder: Path) -> bool:
    """Whether anyone may enter `folder` and all above it."""
    return all(step.stat().st_mode & 0o001 for step in (folder.resolve(), *folder.resolve().parents))
