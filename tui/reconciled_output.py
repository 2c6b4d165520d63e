"""What the commands about reconciliations (整合性確認) print."""

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.reconciled import RunFigures, Schedule, Schedules
from daemon.contract.reconciliation import Traffic
from tui import formats
from tui.output import paired, titled
from tui.words import Words

COLUMNS = ("municipality", "phase", "last", "due", "found")
LINES = ("mode", "phase", "begun", "ended", "received", "found")


def schedules(listed: Schedules, say: Words) -> RenderableType:
    """One line for each municipality; those that are overdue say so."""
    table = titled([say(f"reconciliation.{column}") for column in COLUMNS])
    for each in listed.schedules:
        table.add_row(*map(formats.cell, _row(each, say)))
    overdue = sum(each.overdue for each in listed.schedules)
    return Group(table, Text(say("reconciliation.overdue_all", count=overdue)))


def schedule(shown: Schedule, say: Words) -> RenderableType:
    """One municipality's: when, and its runs."""
    rows = [
        (say("reconciliation.municipality"), _place(shown, say)),
        (say("reconciliation.last"), _last(shown, say)),
        (say("reconciliation.due"), _due(shown, say)),
        (say("reconciliation.days"), str(shown.days)),
    ]
    runs = [run for run in (shown.newest, shown.done) if run is not None]
    if len(runs) == 2 and runs[0].run == runs[1].run:  # noqa: PLR2004 - the newest and the last that is done
        runs.pop()
    return Group(paired(rows), *(_run(run, say) for run in runs))


def _row(each: Schedule, say: Words) -> tuple[str, ...]:
    phase = say.of("run_phase", each.newest.phase) if each.newest else say("status.none")
    found = _found(each.done, say) if each.done else ""
    return _place(each, say), phase, _last(each, say), _due(each, say), found


def _place(each: Schedule, say: Words) -> str:
    return f"{each.municipality} {say.of('municipality', each.municipality)}"


def _last(each: Schedule, say: Words) -> str:
    return each.last.isoformat() if each.last else say("reconciliation.never")


def _due(each: Schedule, say: Words) -> str:
    day = each.due.isoformat()
    return say("reconciliation.overdue", day=day) if each.overdue else day


def _found(run: RunFigures, say: Words) -> str:
    """How many were found of each kind, or that both agree."""
    found = [f"{say.of('finding', kind)} {count:,}" for kind, count in sorted(run.counts.items()) if count]
    return "、".join(found) or say("reconciliation.agree")


def _run(run: RunFigures, say: Words) -> RenderableType:
    told = {
        "mode": say.of("run_mode", run.mode),
        "phase": say.of("run_phase", run.phase) + (f" [{run.code}]" if run.code else ""),
        "begun": formats.moment(run.begun),
        "ended": formats.moment(run.ended) if run.ended else "",
        "received": f"{run.received:,} / {run.expected:,}",
        "found": _found(run, say),
    }
    rows = [(say(f"reconciliation.{name}"), told[name]) for name in LINES]
    rows += [(say.of("item", name), f"{count:,}") for name, count in sorted(run.items.items())]
    rows += [
        (say.of("traffic", name), f"{getattr(run.traffic, name):,}") for name in Traffic.__struct_fields__
    ]
    return Group(Text(""), Text(say("reconciliation.run", run=run.run[:8]), style="bold"), paired(rows))
