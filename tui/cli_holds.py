"""`jukura holds`: which notices are held (保留), and asking for one to be cancelled (取りやめ), which two people have to do."""

from typing import Annotated

import typer
from rich.text import Text

from daemon.contract.holds import Hold
from daemon.errors import InputError
from tui import hold_output
from tui.notice_calls import NoticeCalls
from tui.output import Output
from tui.signed import At, Signed, signed
from tui.terms import from_standard_input, read_terms

holds = typer.Typer(no_args_is_help=True)

HoldReference = Annotated[str, typer.Argument(help="hold_reference", metavar="REF")]
HoldReason = Annotated[str, typer.Option("--reason", help="hold_reason")]


@holds.command("list", help="holds_list")
@signed
def listed(of: Signed) -> None:
    async def act(at: At) -> Output:
        held = await NoticeCalls(at.client).held()
        return Output(held, hold_output.holds(held, of.command.say))

    of.run(act)


@holds.command("cancel", help="holds_cancel")
@signed
def cancel(of: Signed, reference: HoldReference, *, reason: HoldReason) -> None:
    async def act(at: At) -> Output:
        calls = NoticeCalls(at.client)
        given = read_terms({"reason": reason}, from_standard_input)
        hold = _found((await calls.held()).holds, reference)
        answer = await calls.cancel(hold.hold, given["reason"])
        words = "holds.cancelled" if answer.done else "holds.second"
        return Output(answer, Text(of.command.say(words)))

    of.run(act)


def _found(held: list[Hold], given: str) -> Hold:
    """The held notice whose reference begins with `given`; exactly one must."""
    fitting = [each for each in held if given and each.hold.startswith(given)]
    if len(fitting) != 1:
        raise InputError("console.hold_ambiguous" if fitting else "console.hold_unknown", field="reference")
    return fitting[0]
