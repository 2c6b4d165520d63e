"""How exports of the log look, and what `jukura export` prints."""

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.exports import Exports, ExportState, Opening
from daemon.contract.manifest import File
from tui import formats
from tui.output import Output, paired, titled
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


def listed(there: Exports, say: Words) -> RenderableType:
    """All of them."""
    if not there.exports:
        return Text(say("exports.none"))
    table = titled([say(f"exports.{name}") for name in COLUMNS])
    for each in there.exports:
        table.add_row(*map(formats.cell, _row(each, say)))
    return table


def one(state: ExportState, say: Words) -> RenderableType:
    """One of them in full, and what comes next."""
    lines = list(zip((say(f"exports.{name}") for name in COLUMNS), _row(state, say), strict=True))
    lines[0] = (say("exports.reference"), state.export)
    more = [(say("exports.opened"), _opening(each)) for each in state.openings]
    if state.decided_by:
        more.append((say("exports.decided_by"), state.decided_by))
    if state.code:
        more.append((say("exports.code"), state.code))
    return Group(paired([*lines, *more]), Text(say(f"export_next.{state.phase}")))


def progress(state: ExportState, say: Words) -> str:
    """How far it is, in one line."""
    return say("exports.progress", done=f"{state.done:,}", entries=f"{state.end - state.first:,}")


def fetched(to: str, state: ExportState, files: list[File], say: Words) -> Output:
    """What was written, and how to verify it."""
    verify = ["jukura-verify", to]
    table = titled([say("export.file"), say("export.size")])
    for file in files:
        table.add_row(file.name, f"{file.size:,}")
    shown = Group(
        Text(say("export.done", to=to, entries=f"{state.end - state.first:,}")), table,
        Text(say("export.verify")), Text("  " + " ".join(verify)),
    )  # fmt: skip
    sizes = {file.name: file.size for file in files}
    data = {
        "export": state.export,
        "to": to,
        "entries": state.end - state.first,
        "files": sizes,
        "verify": verify,
    }
    return Output(data, shown)


def _row(state: ExportState, say: Words) -> list[str]:
    """By `COLUMNS`."""
    return [
        state.export[:SHORT],
        say.of("export_phase", state.phase),
        state.operator,
        formats.moment(state.ordered),
        formats.moment(state.since) if state.since else say("exports.from_start"),
        formats.moment(state.until) if state.until else say("exports.to_order"),
        str(len(state.openings)),
        f"{state.end - state.first:,}",
        f"{state.size:,}",
        state.basis,
    ]


def _opening(opening: Opening) -> str:
    last = "" if opening.last is None else str(opening.last)
    return f"{opening.action}: {', '.join(opening.fields)} [{opening.first}–{last}]"
