"""`jukura reconciliations`: which municipality compared its records when, and what it came to; whose turn it is."""

from typing import Annotated

import typer

from tui import reconciled_output
from tui.output import Output
from tui.reconciled_calls import ReconciledCalls
from tui.signed import At, Signed, signed

reconciliations = typer.Typer(no_args_is_help=True)


@reconciliations.command("list", help="reconciliations_list")
@signed
def listed(of: Signed) -> None:
    async def act(at: At) -> Output:
        found = await ReconciledCalls(at.client).schedules()
        return Output(found, reconciled_output.schedules(found, of.command.say))

    of.run(act)


@reconciliations.command("show", help="reconciliations_show")
@signed
def show(
    of: Signed, municipality: Annotated[str, typer.Argument(help="municipality_code", metavar="CODE")]
) -> None:
    async def act(at: At) -> Output:
        found = await ReconciledCalls(at.client).schedule(municipality)
        return Output(found, reconciled_output.schedule(found, of.command.say))

    of.run(act)
