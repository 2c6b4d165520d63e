"""Commands that sign in: they share who acts, where, and how the answer looks."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, NoReturn

import typer

from tui.called import Card, command_of, sign_in_of
from tui.client import ConsoleClient
from tui.commands import Command, Opened, Opening, SignIn
from tui.key_calls import KeyCalls
from tui.options import JsonOption, LangOption, Operator, PasswordFd, PasswordFile, StateOption
from tui.output import Output


@dataclass(frozen=True)
class At:
    """The register while a command acts there, signed in."""

    client: ConsoleClient
    keys: KeyCalls
    opened: Opened


@dataclass(frozen=True)
class Signed:
    """A command about to sign in."""

    ctx: typer.Context
    command: Command
    who: SignIn

    def run(
        self,
        act: Callable[[At], Awaitable[Output]],
        *,
        card: Card | None = None,
        folder: Opening | None = None,
    ) -> NoReturn:
        """Sign in, do `act`, sign out, print, and end with the exit code. `folder` opens where something is to be written."""

        async def acting(client: ConsoleClient, opened: Opened) -> Output:
            return await act(At(client, KeyCalls(client), opened))

        pin = card.pin if card else None
        raise typer.Exit(self.command.run(acting, sign_in=self.who, card_pin=pin, folder=folder))


def signed(function: Callable[Concatenate[Signed, ...], None]) -> Callable[..., None]:
    """`function` as a command: its own options, and those of every command that signs in."""

    @wraps(function)
    def called(**given: Any) -> None:  # noqa: ANN401 - typer gives what the signature below asks for
        common = {name: given.pop(name) for name in _COMMON}
        command = command_of(common["ctx"], common["state"], as_json=common["as_json"])
        who = sign_in_of(command, common["operator"], common["password_file"], common["password_fd"])
        function(Signed(common["ctx"], command, who), **given)

    own = list(inspect.signature(function).parameters.values())[1:]
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *_COMMON.values())]
    vars(called)["__signature__"] = inspect.Signature(parameters)
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


def _common(
    ctx: typer.Context,
    *,
    operator: Operator,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """The options that all of them have."""


_COMMON = dict(inspect.signature(_common).parameters)
