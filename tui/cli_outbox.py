"""`jukura outbox`: what waits for the national server, what it refused, and having that tried again."""

from typing import Annotated

import typer
from rich.text import Text

from tui import post_output
from tui.output import Output
from tui.post_calls import PostCalls
from tui.signed import At, Signed, signed

outbox = typer.Typer(no_args_is_help=True)

After = Annotated[str, typer.Option("--after", help="list_after", show_default=False)]


@outbox.command("list", help="outbox_list")
@signed
def listed(of: Signed, *, after: After = "") -> None:
    async def act(at: At) -> Output:
        view = await PostCalls(at.client).outbox(after)
        return Output(view, post_output.outbox(view, of.command.say))

    of.run(act)


@outbox.command("retry", help="outbox_retry")
@signed
def retry(
    of: Signed,
    ids: Annotated[list[str] | None, typer.Argument(help="message_ids", metavar="ID")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="outbox_all")] = False,
) -> None:
    async def act(at: At) -> Output:
        done = await PostCalls(at.client).retry(ids or [], everything=everything)
        return Output(done, Text(of.command.say("outbox.wished", count=done.messages)))

    of.run(act)
