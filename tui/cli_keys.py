"""`jukura keys`: list, make ahead, rotate, destroy; the custodians' side is in `tui.cli_proposals`."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from daemon.contract.keys import DestroyKey, Rotatable, Rotated, RotateSeal
from tui import cli_proposals, key_formats, key_output
from tui.output import Output
from tui.signed import At, Signed, signed
from tui.waiting import Ticker

keys = typer.Typer(no_args_is_help=True)
LOOK = 1.0  # seconds between two looks at a rotation


class Kind(StrEnum):
    """What can be rotated."""

    LIVE = "live"
    STORE = "store"
    INDEX = "index"
    SECRET = "secret"  # noqa: S105 - the name of a class
    SEAL = "seal"


@keys.command("list", help="keys_list")
@signed
def listed(
    of: Signed, words: Annotated[str, typer.Option("--filter", help="filter", show_default=False)] = ""
) -> None:
    async def act(at: At) -> Output:
        found = await at.keys.listed()
        return Output(found, key_output.keys(found, words, of.command.say))

    of.run(act)


@keys.command("make", help="keys_make")
@signed
def make(
    of: Signed, names: Annotated[list[str] | None, typer.Argument(help="names", metavar="NAME")] = None
) -> None:
    async def act(at: At) -> Output:
        made = await at.keys.make(names or [])
        return Output(made, key_output.made(made, of.command.say))

    of.run(act)


@keys.command("rotate", help="keys_rotate")
@signed
def rotate(
    of: Signed,
    kind: Annotated[Kind, typer.Argument(help="key_kind")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="wait")] = False,
) -> None:
    say = of.command.say

    async def act(at: At) -> Output:
        if kind is Kind.SEAL:
            return await cli_proposals.proposed(at, RotateSeal(), say)
        rotated = await at.keys.rotate(Rotatable(kind))
        if wait:
            await _finished(at, rotated, of)
        words = "keys.rotation_over" if wait else "keys.rotation_runs"
        return Output(rotated, say(words, name=rotated.name))

    of.run(act)


@keys.command("destroy", help="keys_destroy")
@signed
def destroy(of: Signed, name: Annotated[str, typer.Argument(help="key_name", metavar="NAME")]) -> None:
    async def act(at: At) -> Output:
        return await cli_proposals.proposed(at, DestroyKey(name), of.command.say)

    of.run(act)


async def _finished(at: At, rotated: Rotated, of: Signed) -> None:
    """Wait for the end of a rotation. Asking for the status keeps no session alive: it may take hours."""
    ticker = Ticker(silent=of.command.as_json)
    while running := [each for each in (await at.client.status()).rotations if each.new == rotated.name]:
        ticker.show(key_formats.rotation(running[0], of.command.say))
        await asyncio.sleep(LOOK)
    ticker.end()


cli_proposals.add_to(keys)
