"""What the commands print: one JSON document, or tables for people with full-width characters aligned."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from daemon.contract import codec
from daemon.contract.console import Counts, Found, Hit, Person, Search, Status, Version
from daemon.contract.endpoint import Problem
from daemon.contract.messages import problem
from daemon.errors import JukuraError
from tui import (
    criteria,
    epoch_format,
    formats,
    hold_formats,
    key_formats,
    log_hold_formats,
    rows_format,
    service_format,
    timestamp_format,
    witness_format,
)
from tui.errors import RemoteError
from tui.words import Words

PIPE_WIDTH = 240  # columns, where no terminal says otherwise: nothing is cut off


HITS = ("name", "kana", "birth", "sex", "standing", "municipality", "address", "reference")
"""The columns of hits, by their names in the locale's `hit` group."""


@dataclass(frozen=True)
class Output:
    """One result in both forms."""

    data: Any
    shown: RenderableType


def show(output: Output, *, as_json: bool) -> None:
    """Print `output` on standard output."""
    if as_json:
        sys.stdout.write(codec.encode(output.data).decode() + "\n")
        return
    console = Console(
        width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, markup=False, emoji=False
    )
    # A line that is to be copied goes beyond the edge rather than end there.
    console.print(output.shown, crop=False)


def print_aside(shown: RenderableType) -> None:
    """Show on standard error what a person has to read before they answer."""
    Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True).print(shown)


def show_error(error: JukuraError, say: Words, *, as_json: bool) -> None:
    """As JSON on standard output, `{"error": {code, field, ja, en}}`; for people on standard error."""
    if as_json:
        sys.stdout.write(codec.encode({"error": problem_of(error)}).decode() + "\n")
        return
    where = f" [{error.field}]" if error.field else ""
    sys.stderr.write(f"{say('cli.error')}: {error.code}{where}\n{say.error(error)}\n")


def problem_of(error: JukuraError) -> Problem:
    """`error` in the contract's own form."""
    return error.problem if isinstance(error, RemoteError) else problem(error)


def status(status: Status, say: Words) -> RenderableType:
    """State, reasons and figures."""
    reasons = "、".join(say.of("reason", reason) for reason in status.reasons) or say("status.none")
    rows = [
        (say("status.register"), say.of("register", status.register)),
        (say("status.state"), say.of("state", status.state)),
        (say("status.reasons"), reasons),
        (say("status.at_rest"), say.of("at_rest", status.at_rest)),
        *(
            (say("status.alarms"), f"{say.of('alarm', alarm)}: {say.of('alarm_means', alarm)}")
            for alarm in status.alarms
        ),
        *((say("status.tokens"), key_formats.token_line(token, say)) for token in status.tokens),
        *((say("status.rotations"), key_formats.rotation(running, say)) for running in status.rotations),
        *rows_format.verification(status, say),
        *service_format.ground(status, say),
        *service_format.ahead(status, say),
        *timestamp_format.stamped(status, say),
        *epoch_format.rows(status, say),
        *witness_format.rows(status, say),
        *([(say("status.purge"), log_hold_formats.purge(status.purge, say))] if status.purge else []),
        (say("status.started"), formats.moment(status.started)),
        (say("status.now"), formats.moment(status.now)),
        (say("status.version"), status.version),
        (say("status.terminal"), status.terminal),
        (say("status.municipalities"), formats.figure("municipalities", status.municipalities, say)),
        *figures(status.counts, say),
        *(
            (say("status.connections") if first == 0 else "", line)
            for first, line in enumerate(status.connections)
        ),
    ]
    return paired(rows)


def figures(counts: Counts | None, say: Words) -> list[tuple[str, str]]:
    """Every count with its name; none while the register is sealed."""
    if counts is None:
        return [("", say("status.no_counts"))]
    return [
        (say(f"status.{name}"), formats.figure(name, getattr(counts, name), say))
        for name in counts.__struct_fields__
    ]


def found(found: Found, asked: Search, register: str, say: Words) -> RenderableType:
    """The hits as a table, or that there are none: among whom, and as of when."""
    if not found.hits:
        return _nobody(criteria.nobody(asked, register, say), say)
    if not asked.as_of:
        return _hits(found.hits, HITS, say)
    means = (say("search.day", day=asked.as_of), say("search.found_as_of_means"))
    return Group(_hits(found.hits, ("serial", *HITS), say), *map(Text, means))


def looked_up(found: Found, register: str, say: Words) -> RenderableType:
    """Who has a key, or that nobody has."""
    return _hits(found.hits, HITS, say) if found.hits else _nobody(criteria.nobody_under(register, say), say)


def _nobody(means: str, say: Words) -> RenderableType:
    return Group(Text(say("search.nobody")), Text(means))


def _hits(hits: Sequence[Hit], columns: Sequence[str], say: Words) -> RenderableType:
    columns = formats.hit_columns(columns, hits)
    table = titled(formats.hit_titles(columns, hits, say))
    for hit in hits:
        table.add_row(*map(formats.cell, formats.hit(hit, columns, say)))
    return Group(table, Text(say("cli.found", count=len(hits))))


def person(person: Person, register: str, say: Words) -> RenderableType:
    """The newest version in full, what waits about them, then the history."""
    newest = person.versions[0]
    return Group(
        paired([(say(f"person.{name}"), value) for name, value in formats.lines(register, newest, say)]),
        *(Text(line, style="bold") for line in hold_formats.pending(person.pending, register, say)),
        Text(""),
        Text(say("person.history", count=len(person.versions))),
        _history(person.versions, register, say),
    )


def _history(versions: Sequence[Version], register: str, say: Words) -> Table:
    table = titled([say(f"person.{title}") for title in formats.HISTORY])
    for version in versions:
        table.add_row(*map(formats.cell, formats.history(register, version, say)))
    return table


def titled(titles: Sequence[str]) -> Table:
    """A table with these titles."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def paired(rows: Sequence[tuple[str, str]]) -> Table:
    """Titles with their values, one line each."""
    table = Table.grid(padding=(0, 2))
    for title, value in rows:
        table.add_row(Text(title, style="bold"), formats.cell(value))
    return table
