"""`jukura reconciliations`: which municipality compared its records when, and what it came to; whose turn it is; what was found."""

from typing import Annotated

import typer

from tui import finding_output, reconciled_output
from tui.cli_outbox import After
from tui.output import Output
from tui.reconciled_calls import ReconciledCalls
from tui.signed import At, Signed, signed

reconciliations = typer.Typer(no_args_is_help=True)

Municipality = Annotated[str, typer.Argument(help="municipality_code", metavar="CODE")]


@reconciliations.command("list", help="reconciliations_list")
@signed
def listed(of: Signed) -> None:
    async def act(at: At) -> Output:
        found = await ReconciledCalls(at.client).schedules()
        return Output(found, reconciled_output.schedules(found, of.command.say))

    of.run(act)


@reconciliations.command("show", help="reconciliations_show")
@signed
def show(of: Signed, municipality: Municipality) -> None:
    async def act(at: At) -> Output:
        found = await ReconciledCalls(at.client).schedule(municipality)
        return Output(found, reconciled_output.schedule(found, of.command.say))

    of.run(act)


@reconciliations.command("findings", help="reconciliations_findings")
@signed
def findings(of: Signed, municipality: Municipality, *, after: After = "") -> None:
    async def act(at: At) -> Output:
        page = await ReconciledCalls(at.client).findings(municipality, after)
        return Output(page, finding_output.findings(page, of.command.say))

    of.run(act)
