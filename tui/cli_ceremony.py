"""`jukura ceremony`: opens the wizard over the key service's ceremony socket."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from daemon.errors import JukuraError
from tui import stepdown
from tui.ceremony import socket_of
from tui.client import socket_of as console_of
from tui.commands import exit_code
from tui.options import Given, LangOption, StateOption, default_state
from tui.output import show_error

SocketOption = Annotated[
    Path | None, typer.Option("--ceremony", help="ceremony_socket", readable=False, show_default=False)
]


def ceremony(
    ctx: typer.Context, socket: SocketOption = None, state: StateOption = None, lang: LangOption = None
) -> None:
    from hsm.ceremony.client import CeremonyClient
    from tui.ceremony_app import CeremonyApp

    given: Given = ctx.obj
    where = state or next(iter(given.states), default_state())
    path = socket or socket_of(where)
    try:
        # Root becomes the console's user, who is in the ceremony's group.
        stepdown.step_down([console_of(where), path], arguments=sys.argv[1:])
    except JukuraError as error:
        show_error(error, given.say, as_json=False)
        raise typer.Exit(exit_code(error)) from None
    CeremonyApp(CeremonyClient(path), lang=given.say.lang).run()
