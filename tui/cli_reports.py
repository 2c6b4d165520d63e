"""`jukura reports`: what municipalities were told (通報・連絡調整), and whether they took note of it."""

from typing import Annotated

import typer

from tui import post_output
from tui.cli_outbox import After
from tui.output import Output
from tui.post_calls import PostCalls
from tui.signed import At, Signed, signed

reports = typer.Typer(no_args_is_help=True)


@reports.command("list", help="reports_list")
@signed
def listed(of: Signed, *, after: After = "") -> None:
    async def act(at: At) -> Output:
        lines = await PostCalls(at.client).reports(after)
        return Output(lines, post_output.reports(lines, of.command.say))

    of.run(act)


@reports.command("show", help="reports_show")
@signed
def show(of: Signed, ident: Annotated[str, typer.Argument(help="report_id", metavar="ID")]) -> None:
    async def act(at: At) -> Output:
        shown = await PostCalls(at.client).report(ident)
        return Output(shown, post_output.report(shown, of.command.say))

    of.run(act)
