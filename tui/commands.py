"""Runs one command against one register: steps down from root, signs in, acts, signs out, prints, gives the exit code.

The commands themselves are in `tui.cli`; here is what they share.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from daemon.errors import JukuraError, StateError
from tui import stepdown
from tui.client import ConsoleClient, socket_of
from tui.errors import RemoteError, UnreachableError
from tui.output import Output, show, show_error
from tui.password import PasswordSource
from tui.words import Words

DONE, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 3
"""Exit codes: done; the register refused; wrong usage; the register could not be reached."""

Opened = Mapping[str, int]
"""Descriptors by name: `folder`, where an export goes; `password` and `card_pin`, where root opened their files."""

Act = Callable[[ConsoleClient, Opened], Awaitable[Output]]
Opening = Callable[[], int]


@dataclass(frozen=True)
class SignIn:
    """Who acts."""

    operator: str
    password: PasswordSource


@dataclass(frozen=True)
class Command:
    """Where a command acts and how it answers."""

    say: Words
    state: Path
    as_json: bool

    def run(
        self,
        act: Act,
        *,
        sign_in: SignIn | None = None,
        folder: Opening | None = None,
        card_pin: PasswordSource | None = None,
    ) -> int:
        """Do `act`, print its result or its error, return the exit code."""
        secrets = {"password": sign_in.password if sign_in else None, "card_pin": card_pin}
        try:
            output = self._done(act, sign_in, folder, {name: own for name, own in secrets.items() if own})
        except JukuraError as error:
            show_error(error, self.say, as_json=self.as_json)
            return exit_code(error)
        show(output, as_json=self.as_json)
        return DONE

    def _done(
        self, act: Act, sign_in: SignIn | None, folder: Opening | None, secrets: Mapping[str, PasswordSource]
    ) -> Output:
        opened = self._as_console_user(folder, secrets)
        password = read(sign_in.password, "password", opened, sign_in.operator) if sign_in else ""
        if folder is not None and "folder" not in opened:
            opened["folder"] = folder()
        return asyncio.run(self._act(act, sign_in.operator if sign_in else "", password, opened))

    async def _act(self, act: Act, operator: str, password: str, opened: Opened) -> Output:
        async with ConsoleClient(socket_of(self.state)) as client:
            if not operator:
                return await act(client, opened)
            await client.sign_in(operator, password)
            try:
                return await act(client, opened)
            finally:
                with suppress(RemoteError, UnreachableError):
                    await client.sign_out()

    def _as_console_user(
        self, folder: Opening | None, secrets: Mapping[str, PasswordSource]
    ) -> dict[str, int]:
        """Give root up, if root runs this. What root alone may open is opened before, and returned by name."""
        if not stepdown.needed():
            return stepdown.received()
        opened = {name: source.open() for name, source in secrets.items() if source.file is not None}
        if folder is not None:
            opened["folder"] = folder()
        stepdown.step_down([socket_of(self.state)], arguments=sys.argv[1:], hand_over=opened)
        return opened


def read(source: PasswordSource, name: str, opened: Opened, who: str) -> str:
    """What `source` gives; through the descriptor that root opened for it, where it did."""
    return (replace(source, descriptor=opened[name]) if name in opened else source).read(who)


def exit_code(error: JukuraError) -> int:
    """Which exit code `error` stands for."""
    if isinstance(error, RemoteError):
        return REFUSED
    return UNREACHABLE if isinstance(error, StateError) else USAGE
