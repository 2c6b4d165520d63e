"""What `jukura log day` prints: on the screen, and as plain text for a sheet of A4."""

from collections.abc import Sequence
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.text import Text

from daemon.contract.console import Status
from daemon.contract.daily import DailyReport
from tui import daily_formats, formats
from tui.output import paired, titled
from tui.words import Words

WIDTH = 80
"""Columns of a sheet of A4 in the printer's own type (10 to the inch)."""


def report(made: DailyReport, status: Status, say: Words) -> RenderableType:
    """The whole report; the note stands by itself, so that it can be copied."""
    parts: list[RenderableType] = [
        Text(daily_formats.title(made, say)),
        paired([*daily_formats.head(made, say), *daily_formats.first(made, say)]),
        Text(""),
        Text(say("daily.state")),
        paired(list(daily_formats.state(made, status, say))),
        Text(""),
    ]
    for titles, rows in (
        ([say(f"log.{name}") for name in daily_formats.FIGURES], daily_formats.figures(made, say)),
        ([say(f"daily.{name}") for name in daily_formats.CHECKPOINTS], daily_formats.checkpoints(made)),
        ([say(f"daily.{name}") for name in daily_formats.KEYS], daily_formats.keys(made)),
    ):
        parts += [_table(titles, rows), Text("")] if rows else []
    if made.note:
        parts += [Text(say("daily.note")), Text(daily_formats.folded(made.note), no_wrap=True)]
    return Group(*parts)


def sheet(made: DailyReport, status: Status, say: Words) -> str:
    """The same as plain text of `WIDTH` columns, with a line for whoever prepared it and whoever looked through it."""
    text = StringIO()
    console = Console(
        file=text, width=WIDTH, highlight=False, markup=False, emoji=False, force_terminal=False
    )
    console.print(report(made, status, say))
    seals = "　".join(f"{say(f'daily.{who}')} ____________________" for who in ("prepared", "confirmed"))
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    return "\n".join([*lines, seals, ""])


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    table = titled(list(titles))
    for row in rows:
        table.add_row(*map(formats.cell, row))
    return table
