"""What `jukura reconciliations findings` prints."""

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.findings import FindingLines
from tui import finding_formats, formats
from tui.output import titled
from tui.words import Words


def findings(page: FindingLines, say: Words) -> RenderableType:
    """A page of them, one line each, and how to ask for the next."""
    said = [Text(line) for line in (finding_formats.headline(page, say), *finding_formats.more(page, say))]
    if not page.findings:
        return Group(*said)
    table = titled([say(f"reconciliation.{name}") for name in finding_formats.COLUMNS])
    for each in page.findings:
        table.add_row(*map(formats.cell, finding_formats.row(each, say)))
    following = [Text(say("reconciliation.findings_more", id=page.findings[-1].id))] if page.more else []
    return Group(*said, table, *following)
