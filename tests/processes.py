"""Which processes run, read from /proc."""

import os
from pathlib import Path


def mentioning(marker: Path) -> list[str]:
    """The command lines, other than our own, in which `marker` stands."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        if str(marker) in line and int(entry.name) != os.getpid():
            found.append(line.strip())
    return found
