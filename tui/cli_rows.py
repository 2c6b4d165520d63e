"""`jukura rows accept`: that other rows were found than were committed is explained; two people say so."""

from typing import Annotated

import typer
from rich.text import Text

from daemon.contract.verification import ACCEPT_ROWS, AcceptRows, RowsAccepted
from tui.output import Output
from tui.signed import At, Signed, signed

rows = typer.Typer(no_args_is_help=True)


@rows.callback()
def root() -> None:
    """A group of one command."""


@rows.command("accept", help="rows_accept")
@signed
def accept(of: Signed, *, reason: Annotated[str, typer.Option("--reason", help="rows_reason")]) -> None:
    async def act(at: At) -> Output:
        answer = await at.client.call(ACCEPT_ROWS, AcceptRows(reason), RowsAccepted)
        return Output(answer, Text(of.command.say("rows.accepted" if answer.done else "rows.accept_second")))

    of.run(act)
