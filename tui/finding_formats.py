"""How the findings of a reconciliation (整合性確認) look, one by one: pure, in one language each."""

from daemon.contract.findings import FindingLine, FindingLines
from tui import formats
from tui.words import Words

COLUMNS = ("kind", "juminhyo_code", "record", "item")
"""The columns of a list, by their names in the locale's `reconciliation` group."""


def row(line: FindingLine, say: Words) -> list[str]:
    """One finding, by `COLUMNS`."""
    record = f"{line.record:,}" if line.record else ""
    return [say.of("finding", line.kind), line.juminhyo_code, record, what(line, say)]


def what(line: FindingLine, say: Words) -> str:
    """The items that differ; of a record that could not be read the error, and the item at fault."""
    names = line.items or ([line.field] if line.field else [])
    items = "、".join(say.of("item", name) for name in names)
    return f"{line.code} {items}".strip()


def headline(page: FindingLines, say: Words) -> str:
    """How many of how many are shown, and when the comparison ended; or why there is nothing to show."""
    if not page.run:
        return say("reconciliation.findings_no_run")
    ended = formats.moment(page.ended) if page.ended else ""
    if not page.counts:
        return say("reconciliation.findings_none", ended=ended)
    count = sum(page.counts.values())
    return say("reconciliation.findings_shown", ended=ended, count=count, shown=len(page.findings))


def more(page: FindingLines, say: Words) -> list[str]:
    """What is to be said beside the list."""
    return [] if page.complete else [say("reconciliation.findings_incomplete")]
