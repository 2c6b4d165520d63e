"""How holds on log entries (保全) and the purge of the log look, and how runs of entries are typed: pure."""

import re
from collections.abc import Iterable

from daemon.contract.log_holds import LogHold, Purge, Run
from tui.words import Words

COLUMNS = ("hold", "entries", "until", "placed", "stage", "basis")
"""The columns of a list, by their names in the locale's `log_hold` group."""
_RUN = re.compile(r"([0-9]{1,16})(?:-([0-9]{1,16}))?", re.ASCII)


def row(hold: LogHold, say: Words) -> list[str]:
    """One hold, by `COLUMNS`."""
    return [
        str(hold.hold),
        runs(hold.entries),
        hold.until.isoformat(),
        hold.placed.isoformat(),
        say("log_hold.over" if hold.over else "log_hold.holds"),
        hold.basis,
    ]


def detail(hold: LogHold, say: Words) -> list[str]:
    """What a list has no room for, by lines: every run, and the basis."""
    return [f"{say('log_hold.entries')} {runs(hold.entries)}", f"{say('log_hold.basis')} {hold.basis}"]


def runs(entries: Iterable[Run]) -> str:
    """Runs of entries as they are typed."""
    return " ".join(str(run.first) if run.first == run.last else f"{run.first}-{run.last}" for run in entries)


def parsed(typed: Iterable[str]) -> list[Run]:
    """`120` or `120-140` each; ValueError for anything else."""
    found = [_RUN.fullmatch(one) for one in typed]
    if not all(found):
        raise ValueError("runs")
    return [Run(first=int(one[1]), last=int(one[2] or one[1])) for one in found if one]


def purge(state: Purge, say: Words) -> str:
    """How far the log is purged, and when more is due."""
    never = say("status.none")
    return say(
        "log_hold.purge",
        purged=f"{state.purged:,}",
        held=f"{state.held:,}",
        looked=state.looked.isoformat() if state.looked else never,
        next=state.next.isoformat() if state.next else never,
    )
