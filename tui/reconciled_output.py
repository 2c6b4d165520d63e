"""What the commands about reconciliations (整合性確認) print."""

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.reconciled import RunFigures, Schedule, Schedules
from tui import formats, reconciled_formats
from tui.output import paired, titled
from tui.words import Words


def schedules(listed: Schedules, say: Words) -> RenderableType:
    """One line for each municipality; those that are overdue say so."""
    table = titled([say(f"reconciliation.{column}") for column in reconciled_formats.COLUMNS])
    for each in listed.schedules:
        table.add_row(*map(formats.cell, reconciled_formats.row(each, say)))
    overdue = sum(each.overdue for each in listed.schedules)
    return Group(table, Text(say("reconciliation.overdue_all", count=overdue)))


def schedule(shown: Schedule, say: Words) -> RenderableType:
    """One municipality's: when, and its runs."""
    rows = [
        (say("reconciliation.municipality"), reconciled_formats.place(shown, say)),
        (say("reconciliation.last"), reconciled_formats.last(shown, say)),
        (say("reconciliation.due"), reconciled_formats.due(shown, say)),
        (say("reconciliation.days"), str(shown.days)),
    ]
    return Group(paired(rows), *(_run(run, say) for run in reconciled_formats.runs(shown)))


def _run(run: RunFigures, say: Words) -> RenderableType:
    rows = [
        *reconciled_formats.lines(run, say),
        *reconciled_formats.items(run, say),
        *reconciled_formats.traffic(run, say),
    ]
    return Group(Text(""), Text(say("reconciliation.run", run=run.run[:8]), style="bold"), paired(rows))
