"""What was given on the command line, as the commands need it."""

from dataclasses import dataclass
from pathlib import Path

import typer

from tui.card import Cards
from tui.commands import Command, SignIn
from tui.options import Given, default_state
from tui.password import PasswordSource


def command_of(ctx: typer.Context, state: Path | None, *, as_json: bool) -> Command:
    """Where the command acts and how it answers."""
    given: Given = ctx.obj
    if len(given.states) > 1:
        raise typer.BadParameter(given.say("cli.usage_many_states"))
    return Command(given.say, state or next(iter(given.states), default_state()), as_json)


def sign_in_of(command: Command, operator: str, file: Path | None, descriptor: int | None) -> SignIn:
    """Who acts, and where the password comes from."""
    say = command.say
    if file is not None and descriptor is not None:
        raise typer.BadParameter(say("cli.usage_one_password"))

    def ask(who: str) -> str:
        return str(typer.prompt(say("cli.ask_password", operator=who), hide_input=True, err=True))

    return SignIn(operator, PasswordSource(ask, file, descriptor))


@dataclass(frozen=True)
class Card:
    """A custodian's card, as given."""

    uri: str
    pin: PasswordSource
    cards: Cards


def card_of(
    ctx: typer.Context, command: Command, uri: str, file: Path | None, descriptor: int | None
) -> Card:
    """The card named on the command line, and where its PIN comes from."""
    given: Given = ctx.obj
    say = command.say
    if not uri:
        raise typer.BadParameter(say("cli.usage_no_card"))
    if file is not None and descriptor is not None:
        raise typer.BadParameter(say("cli.usage_one_pin"))

    def ask(_: str) -> str:
        return str(typer.prompt(say("cli.ask_card_pin"), hide_input=True, err=True))

    return Card(uri, PasswordSource(ask, file, descriptor), given.cards)


def confirmed(question: str) -> bool:
    """Whether the person at the terminal says yes; nobody there is a no."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False
