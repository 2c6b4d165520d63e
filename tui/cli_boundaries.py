"""`jukura boundaries`: announced 廃置分合・境界変更; two people announce one, and two take one back before its day."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated

import typer
from rich.text import Text

from daemon.contract.boundaries import BoundaryAsked, BoundaryChange
from tui import hold_formats, hold_output
from tui.notice_calls import NoticeCalls
from tui.output import Output
from tui.signed import At, Signed, signed

boundaries = typer.Typer(no_args_is_help=True)

Ask = Callable[[NoticeCalls, BoundaryChange], Awaitable[BoundaryAsked]]


@boundaries.command("list", help="boundaries_list")
@signed
def listed(of: Signed) -> None:
    async def act(at: At) -> Output:
        announced = await NoticeCalls(at.client).boundaries()
        return Output(announced, hold_output.boundaries(announced, of.command.say))

    of.run(act)


def _asking(ask: Ask, done: str, first: str) -> Callable[..., None]:
    """A command that asks for something two people have to; `done` and `first` name the words of what came of it."""

    @signed
    def asking(
        of: Signed,
        *,
        old: Annotated[str, typer.Argument(help="boundary_old", metavar="OLD")],
        new: Annotated[str, typer.Argument(help="boundary_new", metavar="NEW")],
        day: Annotated[str, typer.Argument(help="boundary_day", metavar="DAY")],
    ) -> None:
        say = of.command.say
        try:
            change = BoundaryChange(old=old, new=new, on=date.fromisoformat(day))
        except ValueError:
            raise typer.BadParameter(say("cli.usage_boundary_day")) from None

        async def act(at: At) -> Output:
            answer = await ask(NoticeCalls(at.client), change)
            words = hold_formats.boundary_words(change, say)
            return Output(answer, Text(say(done if answer.done else first, **words)))

        of.run(act)

    return asking


announce = _asking(NoticeCalls.announce, "boundary.announced", "boundary.announce_second")
withdraw = _asking(NoticeCalls.withdraw, "boundary.withdrawn", "boundary.withdraw_second")
boundaries.command("announce", help="boundaries_announce")(announce)
boundaries.command("withdraw", help="boundaries_withdraw")(withdraw)
