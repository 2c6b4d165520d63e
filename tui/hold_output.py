"""What `jukura holds` and `jukura boundaries` print."""

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.boundaries import BoundaryChanges
from daemon.contract.holds import Holds
from tui import formats, hold_formats
from tui.output import titled
from tui.words import Words


def holds(held: Holds, say: Words) -> RenderableType:
    """Everything that is held, and how one is cancelled."""
    if not held.holds:
        return Text(say("holds.none"))
    titles = ("reference", *hold_formats.COLUMNS, "notice")
    table = titled([say(f"holds.{title}") for title in titles])
    for each in held.holds:
        cells = (each.hold[: hold_formats.SHORT], *hold_formats.row(each, say), each.notice)
        table.add_row(*map(formats.cell, cells))
    return Group(table, Text(say("holds.ready", count=len(held.holds))))


def boundaries(announced: BoundaryChanges, say: Words) -> RenderableType:
    """Which 廃置分合・境界変更 are announced."""
    if not announced.changes:
        return Text(say("boundary.none"))
    table = titled([say(f"boundary.{title}") for title in hold_formats.BOUNDARY_COLUMNS])
    for each in announced.changes:
        table.add_row(*map(formats.cell, hold_formats.boundary(each, say)))
    return table
