"""How exports of the log look, and what is typed to order one: pure, in one language each."""

import re
from collections.abc import Callable

from daemon.contract.exports import ExportPhase, ExportState, Opening
from daemon.errors import InputError, JukuraError
from tui import formats, log_formats
from tui.words import Words

SHORT = 8
"""Characters of a number that tell exports apart."""
COLUMNS = (
    "reference",
    "phase",
    "operator",
    "ordered",
    "since",
    "until",
    "openings",
    "entries",
    "size",
    "basis",
)
"""All that is told of one, by the names in the locale's `exports` group."""
LIST = ("reference", "phase", "operator", "ordered", "openings", "entries")
"""The columns of the list on a screen."""
OPENINGS = ("act", "fields", "numbers")
"""The columns of what an order is to open."""
OVER = frozenset({ExportPhase.DECLINED, ExportPhase.CANCELLED, ExportPhase.FAILED})
"""Nothing happens to it any more."""

_NUMBERS = re.compile(r"([0-9]{1,15})-([0-9]{0,15})", re.ASCII)
_OPENING = re.compile(r"([a-z_.]+):([a-z0-9_,]+)(?:@([0-9]{1,15}-[0-9]{0,15}))?", re.ASCII)


def row(state: ExportState, say: Words) -> list[str]:
    """By `COLUMNS`."""
    return [_value(name, state, say) for name in COLUMNS]


def list_row(state: ExportState, say: Words) -> list[str]:
    """By `LIST`; one that is being made says how far it is."""
    values = [_value(name, state, say) for name in LIST]
    if state.phase is ExportPhase.MAKING and state.end > state.first:
        values[LIST.index("phase")] += f" {state.done * 100 // (state.end - state.first)}%"
    return values


def detail(state: ExportState, say: Words) -> list[str]:
    """What the list has no room for, by lines: span and reason, what it opens, who decided, and what comes next."""
    since, until = (_value(name, state, say) for name in ("since", "until"))
    lines = [say("exports.of", since=since, until=until, basis=state.basis)]
    lines += [f"{say('exports.opened')}: {opening(each, say)}" for each in state.openings]
    if state.decided_by:
        lines.append(f"{say('exports.decided_by')}: {state.decided_by}")
    return [*lines, here(state, say)]


def here(state: ExportState, say: Words) -> str:
    """What comes next, for who sits at the console."""
    values = {
        "kept": formats.moment(state.until_kept),
        "done": f"{state.done:,}",
        "entries": f"{state.end - state.first:,}",
    }
    told = say(f"export_here.{state.phase}", **values)
    return f"{told} {state.code}: {say.error(JukuraError(state.code))}" if state.code else told


def progress(state: ExportState, say: Words) -> str:
    """How far it is, in one line."""
    return say("exports.progress", done=f"{state.done:,}", entries=f"{state.end - state.first:,}")


def opening(one: Opening, say: Words) -> str:
    """What is to be open, in one line."""
    return f"{_named(one.action, say)}: {log_formats.fields(one.fields, say)} [{_numbers(one)}]"


def opening_row(one: Opening, say: Words) -> list[str]:
    """By `OPENINGS`."""
    return [_named(one.action, say), log_formats.fields(one.fields, say), _numbers(one)]


def read_opening(typed: str) -> Opening:
    """`ACTION:FIELD,FIELD`, and perhaps `@FIRST-LAST` (without LAST: to the end)."""
    found = _OPENING.fullmatch(typed)
    if not found:
        raise InputError("console.opening_malformed", field="open")
    action, fields, numbers = found.groups()
    return opened(action, fields, numbers or "")


def opened(action: str, fields: str, numbers: str) -> Opening:
    """The fields `terms,purpose` of an action in the entries `100-200`, `100-` or, where empty, in all; InputError that names what cannot be read."""
    names = [name for name in re.split(r"[\s,、，]+", fields) if name]
    if not names:
        raise InputError("console.fields_missing", field="fields")
    found = _NUMBERS.fullmatch(numbers.strip() or "0-")
    if not found:
        raise InputError("console.numbers_malformed", field="numbers")
    first, last = found.groups()
    return Opening(action=action, fields=names, first=int(first), last=int(last) if last else None)


def zip_name(state: ExportState) -> str:
    """What the file is called that holds all of it."""
    return f"jukura-export-{state.export}.zip"


_FORMS: dict[str, Callable[[ExportState, Words], str]] = {
    "reference": lambda state, _: state.export[:SHORT],
    "phase": lambda state, say: say.of("export_phase", state.phase),
    "ordered": lambda state, _: formats.moment(state.ordered),
    "since": lambda state, say: formats.moment(state.since) if state.since else say("exports.from_start"),
    "until": lambda state, say: formats.moment(state.until) if state.until else say("exports.to_order"),
    "openings": lambda state, _: str(len(state.openings)),
    "entries": lambda state, _: f"{state.end - state.first:,}",
    "size": lambda state, _: f"{state.size:,}",
}
"""How a value is written out where it is not shown as it is."""


def _value(name: str, state: ExportState, say: Words) -> str:
    form = _FORMS.get(name)
    return form(state, say) if form else str(getattr(state, name))


def _named(action: str, say: Words) -> str:
    return say("log.field", word=log_formats.named(action, say), name=action)


def _numbers(one: Opening) -> str:
    return f"{one.first}–{'' if one.last is None else one.last}"
