"""`jukura export`: the log for external auditors, ordered, approved by a second person where it opens sealed fields, and fetched."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from daemon.contract.exports import ExportPhase, ExportState, OrderExport
from daemon.errors import InputError
from tui import export_formats, export_output
from tui.export import ExportFolder, make_folder
from tui.export_calls import ExportCalls
from tui.formats import JST
from tui.output import Output
from tui.signed import At, Signed, signed
from tui.terms import from_standard_input, read_terms

export = typer.Typer(no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="export_reference", metavar="REF")]
Reason = Annotated[str, typer.Option("--reason", help="export_reason")]
Basis = Annotated[str, typer.Option("--basis", help="export_basis")]
To = Annotated[Path, typer.Option("--to", help="to", readable=False)]
Zip = Annotated[bool, typer.Option("--zip", help="export_zip")]
Since = Annotated[str, typer.Option("--from", help="export_from", show_default=False)]
Until = Annotated[str, typer.Option("--until", help="export_until", show_default=False)]
Open = Annotated[
    list[str] | None, typer.Option("--open", help="export_open", metavar="ACTION:FIELDS", show_default=False)
]


@export.command("order", help="export_order")
@signed
def order(of: Signed, *, basis: Basis, since: Since = "", until: Until = "", opens: Open = None) -> None:
    async def act(at: At) -> Output:
        state = await ExportCalls(at.client).order(_asked(basis, since, until, opens or []))
        return Output(state, export_output.one(state, of.command.say))

    of.run(act)


@export.command("list", help="export_list")
@signed
def listed(of: Signed) -> None:
    async def act(at: At) -> Output:
        there = await ExportCalls(at.client).all()
        return Output(there, export_output.listed(there, of.command.say))

    of.run(act)


@export.command("approve", help="export_approve")
@signed
def approve(of: Signed, reference: Reference, *, reason: Reason) -> None:
    _decide(of, reference, reason, approve=True)


@export.command("decline", help="export_decline")
@signed
def decline(of: Signed, reference: Reference, *, reason: Reason) -> None:
    _decide(of, reference, reason, approve=False)


@export.command("cancel", help="export_cancel")
@signed
def cancel(of: Signed, reference: Reference) -> None:
    async def act(at: At) -> Output:
        calls = ExportCalls(at.client)
        state = await calls.cancel((await calls.find(reference)).export)
        return Output(state, export_output.one(state, of.command.say))

    of.run(act)


@export.command("fetch", help="export_fetch")
@signed
def fetch(of: Signed, reference: Reference, *, to: To, packed: Zip = False) -> None:
    async def act(at: At) -> Output:
        return await _taken(of, at, await ExportCalls(at.client).find(reference), to, packed=packed)

    of.run(act, folder=lambda: make_folder(to))


@export.command("take", help="export_take")
@signed
def take(
    of: Signed, *, to: To, basis: Basis, since: Since = "", until: Until = "", packed: Zip = False
) -> None:
    async def act(at: At) -> Output:
        state = await ExportCalls(at.client).order(_asked(basis, since, until, []))
        return await _taken(of, at, state, to, packed=packed)

    of.run(act, folder=lambda: make_folder(to))


def _decide(of: Signed, reference: str, reason: str, *, approve: bool) -> None:
    async def act(at: At) -> Output:
        calls = ExportCalls(at.client)
        given = read_terms({"reason": reason}, from_standard_input)
        found = await calls.find(reference)
        state = await calls.decide(found.export, given["reason"], approve=approve)
        return Output(state, export_output.one(state, of.command.say))

    of.run(act)


async def _taken(of: Signed, at: At, state: ExportState, to: Path, *, packed: bool) -> Output:
    """Wait until it is made, and fetch it."""
    say, calls = of.command.say, ExportCalls(at.client)

    def told(now: ExportState) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{export_formats.progress(now, say)}")
            sys.stderr.flush()

    with ExportFolder(at.opened["folder"]) as folder:
        state = await calls.made(state, told)
        if state.phase is not ExportPhase.READY:
            raise InputError(f"console.export_{state.phase}", field="export")
        await calls.fetch(state.export, folder)
        name = export_formats.zip_name(state)
        if packed:
            folder.pack(name)
        return export_output.fetched(str(to / name if packed else to), state, folder.files, say)


def _asked(basis: str, since: str, until: str, opens: list[str]) -> OrderExport:
    given = read_terms({"basis": basis}, from_standard_input)
    return OrderExport(
        since=_moment(since, "from"),
        until=_moment(until, "until"),
        openings=[export_formats.read_opening(each) for each in opens],
        basis=given["basis"],
    )


def _moment(text: str, field: str) -> datetime | None:
    """A time in Japan unless it says where; a day is its first moment."""
    if not text:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("console.moment_malformed", field=field) from None
    return given if given.tzinfo else given.replace(tzinfo=JST)
