"""`jukura log-holds`: entries of the log that are kept beyond their 7 years (保全); two people place a hold, and two lift it."""

from datetime import date
from typing import Annotated

import typer
from rich.text import Text

from daemon.contract.log_holds import PlaceLogHold
from tui import formats, log_hold_formats
from tui.log_hold_calls import LogHoldCalls
from tui.output import Output, titled
from tui.signed import At, Signed, signed
from tui.terms import from_standard_input, read_terms

log_holds = typer.Typer(no_args_is_help=True)


@log_holds.command("list", help="log_holds_list")
@signed
def listed(of: Signed) -> None:
    say = of.command.say

    async def act(at: At) -> Output:
        held = await LogHoldCalls(at.client).held()
        if not held.holds:
            return Output(held, Text(say("log_hold.none")))
        table = titled([say(f"log_hold.{title}") for title in log_hold_formats.COLUMNS])
        for each in held.holds:
            table.add_row(*map(formats.cell, log_hold_formats.row(each, say)))
        return Output(held, table)

    of.run(act)


@log_holds.command("place", help="log_holds_place")
@signed
def place(
    of: Signed,
    entries: Annotated[list[str], typer.Argument(help="log_hold_entries", metavar="ENTRIES")],
    *,
    until: Annotated[str, typer.Option("--until", help="log_hold_until", metavar="DAY")],
    basis: Annotated[str, typer.Option("--basis", help="log_hold_basis")],
) -> None:
    say = of.command.say
    try:
        runs, day = log_hold_formats.parsed(entries), date.fromisoformat(until)
    except ValueError:
        raise typer.BadParameter(say("cli.usage_log_hold")) from None

    async def act(at: At) -> Output:
        given = read_terms({"basis": basis}, from_standard_input)
        asked = PlaceLogHold(entries=runs, until=day, basis=given["basis"])
        answer = await LogHoldCalls(at.client).place(asked)
        words = "log_hold.placed_now" if answer.done else "log_hold.place_second"
        return Output(answer, Text(say(words, number=answer.hold)))

    of.run(act)


@log_holds.command("lift", help="log_holds_lift")
@signed
def lift(
    of: Signed,
    hold: Annotated[int, typer.Argument(help="log_hold_number", metavar="HOLD")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="log_hold_reason")],
) -> None:
    say = of.command.say

    async def act(at: At) -> Output:
        given = read_terms({"reason": reason}, from_standard_input)
        answer = await LogHoldCalls(at.client).lift(hold, given["reason"])
        words = "log_hold.lifted_now" if answer.done else "log_hold.lift_second"
        return Output(answer, Text(say(words, number=hold)))

    of.run(act)
