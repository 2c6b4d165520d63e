"""What `jukura log day` prints."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.daily import DailyReport
from tui import daily_formats, formats
from tui.output import paired, titled
from tui.words import Words


def report(made: DailyReport, say: Words) -> RenderableType:
    """The whole report; the note stands by itself, so that it can be copied."""
    parts: list[RenderableType] = [
        Text(daily_formats.title(made, say)),
        paired(daily_formats.head(made, say)),
    ]
    for titles, rows in (
        ([say(f"log.{name}") for name in daily_formats.FIGURES], daily_formats.figures(made, say)),
        ([say(f"daily.{name}") for name in daily_formats.CHECKPOINTS], daily_formats.checkpoints(made)),
        ([say(f"daily.{name}") for name in daily_formats.KEYS], daily_formats.keys(made)),
    ):
        parts += [_table(titles, rows)] if rows else []
    if made.note:
        parts += [Text(say("daily.note")), Text(made.note, no_wrap=True, overflow="ignore")]
    return Group(*parts)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    table = titled(list(titles))
    for row in rows:
        table.add_row(*map(formats.cell, row))
    return table
