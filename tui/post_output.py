"""What `jukura outbox` and `jukura reports` print."""

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.outbox import OutboxView, ReportLines, ReportShown
from tui import formats, post_formats
from tui.output import paired, titled
from tui.words import Words


def outbox(view: OutboxView, say: Words) -> RenderableType:
    """The figures, then what is aside."""
    figures = paired(post_formats.summary(view, say))
    if not view.messages:
        return Group(figures, Text(say("outbox.none")))
    table = titled([say(f"outbox.{name}") for name in post_formats.ASIDE_COLUMNS])
    for each in view.messages:
        table.add_row(*map(formats.cell, post_formats.message(each, say)))
    more = [Text(say("outbox.more", id=view.messages[-1].id))] if view.more else []
    return Group(figures, table, *more)


def reports(lines: ReportLines, say: Words) -> RenderableType:
    """Which reports municipalities have, and how many of them they left alone for too long."""
    if not lines.reports:
        return Text(say("report.none"))
    table = titled([say(f"report.{name}") for name in post_formats.REPORT_COLUMNS])
    for each in lines.reports:
        table.add_row(*map(formats.cell, post_formats.report(each, say)))
    more = [Text(say("report.more", id=lines.reports[-1].id))] if lines.more else []
    return Group(table, Text(say("report.overdue", count=lines.overdue)), *more)


def report(shown: ReportShown, say: Words) -> RenderableType:
    """One report in full."""
    rows = post_formats.report_lines(shown.report, say)
    rows.append((say("report.words"), shown.words or post_formats.NOTHING))
    return paired(rows)
