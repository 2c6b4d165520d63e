"""How entries of the log look: pure, in one language each."""

from collections.abc import Callable, Sequence

from daemon.contract.actions import called
from daemon.contract.log import Case, LogEntry, LogLine, LogPage, Statistics
from tui import formats
from tui.words import Lang, Words

COLUMNS = ("seq", "time", "actor", "action", "outcome")
"""The columns of a list, by their names in the locale's `log` group."""
DETAIL = ("seq", "time", "actor", "terminal", "action", "outcome", "code", "affair", "counts", "sealed")
"""What one entry shows."""
STATISTICS = ("month", "action", "ok", "refused", "failed_count")
"""The columns of the figures."""
BY_MENTION = ("subject", "reference", "purpose", "application")
"""What a search for a person or a case asks for."""


def row(line: LogLine, say: Words) -> list[str]:
    """One entry, by `COLUMNS`."""
    return [_value(name, line, say) for name in COLUMNS]


def detail(line: LogLine, say: Words) -> list[tuple[str, str]]:
    """One entry in full, each value with its title; what is empty is left out."""
    values = ((name, _value(name, line, say)) for name in DETAIL)
    return [(say(f"log.{name}"), value) for name, value in values if value]


def proof(entry: LogEntry, say: Words) -> list[tuple[str, str]]:
    """Under which checkpoint it is."""
    if entry.signed is None:
        return [(say("log.proof"), say("log.no_proof"))]
    signed = say("log.proven", size=f"{entry.size:,}", signed=formats.moment(entry.signed))
    return [(say("log.proof"), signed)]


def headline(page: LogPage, say: Words) -> str:
    """How many there are, or how far back was looked for them."""
    if page.entries:
        return say("log.found", count=len(page.entries))
    if page.back_to is not None:
        return say("log.none_so_far", back_to=formats.moment(page.back_to))
    return say("log.none")


def case(found: Case, seq: int, say: Words) -> str:
    """How many entries belong together."""
    words = say("log.case", seq=f"{seq:,}", count=len(found.entries))
    return words + say("log.case_more") if found.more else words


def figures(told: Statistics, say: Words) -> list[list[str]]:
    """The figures, by `STATISTICS`; the newest month first."""
    months = sorted(told.figures, key=lambda each: each.month, reverse=True)
    return [
        [
            each.month, named(each.action, say), *(f"{count:,}" if count else "" for count in (each.ok, each.refused, each.failed)),
        ]
        for each in months
    ]  # fmt: skip


_FORMS: dict[str, Callable[[LogLine, Words], str]] = {
    "seq": lambda line, _: f"{line.seq:,}",
    "time": lambda line, _: formats.moment(line.time),
    "action": lambda line, say: named(line.action, say),
    "outcome": lambda line, say: say.of("log_outcome", line.outcome),
    "counts": lambda line, say: _listed([f"{name} {count:,}" for name, count in line.counts.items()], say),
    "sealed": lambda line, say: fields(line.sealed, say),
}
"""How a value is written out where it is not shown as it is."""


def _value(name: str, line: LogLine, say: Words) -> str:
    form = _FORMS.get(name)
    return form(line, say) if form else str(getattr(line, name))


def named(action: str, say: Words) -> str:
    """What an action is called."""
    name = called(action)
    return name.en if say.lang is Lang.EN else name.ja


def fields(names: Sequence[str], say: Words) -> str:
    """Sealed fields, each with the name by which an export is asked to open it."""
    return _listed([say("log.field", word=say.of("sealed", name), name=name) for name in names], say)


def _listed(values: Sequence[str], say: Words) -> str:
    return say("log.between").join(values)
