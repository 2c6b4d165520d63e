"""`jukura card`: what a custodian does with a card before it can sign. Asks the card alone, no register."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import NoReturn

import typer
from rich.console import Group
from rich.text import Text

from daemon.errors import JukuraError
from tui.called import Card, card_of, command_of
from tui.commands import DONE, exit_code
from tui.options import CardPinFd, CardPinFile, CardUri, JsonOption, LangOption
from tui.output import Output, paired, show, show_error

cards = typer.Typer(no_args_is_help=True)
PEM_LINE = 64  # characters (RFC 7468 §2)


@cards.command("make", help="card_make")
def make(
    ctx: typer.Context,
    *,
    card: CardUri = "",
    card_pin_file: CardPinFile = None,
    card_pin_fd: CardPinFd = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    command = command_of(ctx, None, as_json=as_json)
    own = card_of(ctx, command, card, card_pin_file, card_pin_fd)
    _run(ctx, own, own.cards.make, as_json=as_json)


@cards.command("public", help="card_public")
def public(
    ctx: typer.Context,
    *,
    card: CardUri = "",
    card_pin_file: CardPinFile = None,
    card_pin_fd: CardPinFd = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    command = command_of(ctx, None, as_json=as_json)
    own = card_of(ctx, command, card, card_pin_file, card_pin_fd)
    _run(ctx, own, own.cards.public, as_json=as_json)


def _run(
    ctx: typer.Context, card: Card, ask: Callable[[str, bytes], Awaitable[bytes]], *, as_json: bool
) -> NoReturn:
    say = ctx.obj.say

    async def asked() -> bytes:
        return await ask(card.uri, card.pin.read("").encode())

    try:
        der = asyncio.run(asked())
    except JukuraError as error:
        show_error(error, say, as_json=as_json)
        raise typer.Exit(exit_code(error)) from None
    pem, digest = pem_of(der), sha256(der).hexdigest()
    shown = Group(
        paired([(say("proposal.fingerprint"), digest)]), Text(say("card.public"), style="bold"), Text(pem)
    )
    show(Output({"public": pem, "sha256": digest}, shown), as_json=as_json)
    raise typer.Exit(DONE)


def pem_of(der: bytes) -> str:
    """A public key as PEM (RFC 7468 §13)."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + PEM_LINE] for start in range(0, len(text), PEM_LINE)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
