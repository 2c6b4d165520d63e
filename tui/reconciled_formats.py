"""How reconciliations (整合性確認) look: pure, in one language each."""

from collections.abc import Iterator, Sequence

from daemon.contract.reconciled import RunFigures, Schedule
from daemon.contract.reconciliation import Mode, Phase, Traffic
from tui import formats
from tui.words import Words

COLUMNS = ("municipality", "phase", "last", "due", "found")
"""The columns of the list of schedules, by their names in the locale's `reconciliation` group."""
LINES = ("mode", "phase", "begun", "ended", "received", "found")
"""What is said of a run, likewise."""
RESULT = ("kind", "item", "count")
"""The columns of what a run came to, likewise."""
DIFFERS = "differs"
FINDINGS = ("only_here", "only_there", DIFFERS, "changed", "twice", "broken")
"""What is found, in the order in which it is shown; by their names in the locale's `finding` group."""
OVER = frozenset({Phase.DONE, Phase.STOPPED})
"""Phases in which nothing more happens."""


def row(each: Schedule, say: Words) -> list[str]:
    """One municipality, by `COLUMNS`."""
    how_far = phase(each.newest, say) if each.newest else say("status.none")
    return [place(each, say), how_far, last(each, say), due(each, say), found(each.done, say)]


def place(each: Schedule, say: Words) -> str:
    """The municipality: code and name."""
    return f"{each.municipality} {say.of('municipality', each.municipality)}"


def last(each: Schedule, say: Words) -> str:
    """The day on which the last one ended."""
    return each.last.isoformat() if each.last else say("reconciliation.never")


def due(each: Schedule, say: Words) -> str:
    """The day by which the next one has to end, and that it has passed."""
    day = each.due.isoformat()
    return say("reconciliation.overdue", day=day) if each.overdue else day


def phase(run: RunFigures, say: Words) -> str:
    """How far a run has come; in a full transfer, of which every record comes, also in percent."""
    words = say.of("run_phase", run.phase)
    if run.mode is Mode.FULL and run.phase is Phase.RECEIVING and run.expected:
        return f"{words} {100 * run.received // run.expected}%"
    return words


def found(run: RunFigures | None, say: Words) -> str:
    """How many were found of each kind; that both agree, only once a run came to its end."""
    if run is None:
        return ""
    counts = [f"{say.of('finding', kind)} {count:,}" for kind, count in sorted(run.counts.items()) if count]
    if not counts and run.phase is Phase.DONE:
        return say("reconciliation.agree")
    return "、".join(counts)


def lines(run: RunFigures, say: Words) -> list[tuple[str, str]]:
    """A run, each line with its name, by `LINES`."""
    told = {
        "mode": say.of("run_mode", run.mode),
        "phase": phase(run, say) + (f" [{run.code}]" if run.code else ""),
        "begun": formats.moment(run.begun),
        "ended": formats.moment(run.ended) if run.ended else "",
        "received": f"{run.received:,} / {run.expected:,}",
        "found": found(run, say),
    }
    return [(say(f"reconciliation.{name}"), told[name]) for name in LINES]


def items(run: RunFigures, say: Words) -> list[tuple[str, str]]:
    """Of those that differ, in how many each item does."""
    return [(say.of("item", name), f"{count:,}") for name, count in sorted(run.items.items())]


def traffic(run: RunFigures, say: Words) -> list[tuple[str, str]]:
    """What crossed the line."""
    return [
        (say.of("traffic", name), f"{getattr(run.traffic, name):,}") for name in Traffic.__struct_fields__
    ]


def result(run: RunFigures, say: Words) -> Iterator[list[str]]:
    """What a run came to, by `RESULT`: each kind of finding, under `differs` the items, then what crossed the line."""
    for kind in FINDINGS:
        if count := run.counts.get(kind, 0):
            yield [say.of("finding", kind), "", f"{count:,}"]
        if kind == DIFFERS:
            yield from (["", name, count] for name, count in items(run, say))
    yield from ([say("reconciliation.traffic"), name, count] for name, count in traffic(run, say))


def runs(shown: Schedule) -> Sequence[RunFigures]:
    """The newest run, and the last one that came to its end where that is another."""
    known = [run for run in (shown.newest, shown.done) if run is not None]
    return known[:1] if len({run.run for run in known}) == 1 else known
