"""`jukura tokens`: what is enrolled; enrolling, replacing (機器更改) and retiring are proposals to the custodians."""

from typing import Annotated

import typer

from daemon.contract.keys import EnrolToken, ReplaceToken, RetireToken
from tui import key_output
from tui.cli_proposals import proposed
from tui.output import Output
from tui.signed import At, Signed, signed

tokens = typer.Typer(no_args_is_help=True)

TokenUri = Annotated[str, typer.Argument(help="token_uri", metavar="URI")]
TokenSerial = Annotated[str, typer.Argument(help="token_serial", metavar="SERIAL")]


@tokens.command("list", help="tokens_list")
@signed
def listed(of: Signed) -> None:
    async def act(at: At) -> Output:
        found = await at.keys.tokens()
        return Output(found, key_output.tokens(found, of.command.say))

    of.run(act)


@tokens.command("enrol", help="tokens_enrol")
@signed
def enrol(of: Signed, uri: TokenUri) -> None:
    async def act(at: At) -> Output:
        return await proposed(at, EnrolToken(uri), of.command.say)

    of.run(act)


@tokens.command("replace", help="tokens_replace")
@signed
def replace(of: Signed, serial: TokenSerial, uri: TokenUri) -> None:
    async def act(at: At) -> Output:
        return await proposed(at, ReplaceToken(serial, uri), of.command.say)

    of.run(act)


@tokens.command("retire", help="tokens_retire")
@signed
def retire(of: Signed, serial: TokenSerial) -> None:
    async def act(at: At) -> Output:
        return await proposed(at, RetireToken(serial), of.command.say)

    of.run(act)
