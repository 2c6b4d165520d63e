"""What `jukura export` prints."""

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.exports import Exports, ExportState
from daemon.contract.manifest import File
from tui import export_formats, formats
from tui.output import Output, paired, titled
from tui.words import Words


def listed(there: Exports, say: Words) -> RenderableType:
    """All of them."""
    if not there.exports:
        return Text(say("exports.none"))
    table = titled([say(f"exports.{name}") for name in export_formats.COLUMNS])
    for each in there.exports:
        table.add_row(*map(formats.cell, export_formats.row(each, say)))
    return table


def one(state: ExportState, say: Words) -> RenderableType:
    """One of them in full, and what comes next."""
    lines = list(
        zip(
            (say(f"exports.{name}") for name in export_formats.COLUMNS),
            export_formats.row(state, say),
            strict=True,
        )
    )
    lines[0] = (say("exports.reference"), state.export)
    more = [(say("exports.opened"), export_formats.opening(each, say)) for each in state.openings]
    if state.decided_by:
        more.append((say("exports.decided_by"), state.decided_by))
    if state.code:
        more.append((say("exports.code"), state.code))
    return Group(paired([*lines, *more]), Text(say(f"export_next.{state.phase}")))


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
