"""What `jukura log` prints."""

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.log import Case, LogEntry, LogLine, LogPage, Statistics
from daemon.contract.seal_keys import SealKeys
from tui import formats, log_formats
from tui.output import paired, titled
from tui.words import Words


def page(found: LogPage, say: Words) -> RenderableType:
    """A page of entries, and how to ask for the next."""
    following = [Text(say("log.more", after=found.next))] if found.next else []
    return Group(Text(log_formats.headline(found, say)), *_table(found.entries, say), *following)


def entry(shown: LogEntry, say: Words) -> RenderableType:
    """One entry, and under which checkpoint it is."""
    return paired([*log_formats.detail(shown.line, say), *log_formats.proof(shown, say)])


def case(found: Case, seq: int, say: Words) -> RenderableType:
    """The entries of one case."""
    return Group(Text(log_formats.case(found, seq, say)), *_table(found.entries, say))


def statistics(told: Statistics, say: Words) -> RenderableType:
    """Figures by month."""
    table = titled([say(f"log.{name}") for name in log_formats.STATISTICS])
    for row in log_formats.figures(told, say):
        table.add_row(*map(formats.cell, row))
    return table


def keys(found: SealKeys, say: Words) -> RenderableType:
    """The log and its keys, the newest first; each vkey is a line by itself, to be copied."""
    parts: list[RenderableType] = [Text(say("log.keys_of", origin=found.origin))]
    for each in found.keys:
        told = say("log.key_made", name=each.name, made=formats.moment(each.made))
        parts += [Text(""), Text(told), Text(each.vkey, no_wrap=True, overflow="ignore")]
        parts.append(
            Text(say("log.key_fingerprint", fingerprint=each.fingerprint), no_wrap=True, overflow="ignore")
        )
    return Group(*parts, Text(""), Text(say("log.keys_how")))


def _table(lines: list[LogLine], say: Words) -> list[RenderableType]:
    if not lines:
        return []
    table = titled([say(f"log.{name}") for name in log_formats.COLUMNS])
    for line in lines:
        table.add_row(*map(formats.cell, log_formats.row(line, say)))
    return [table]
