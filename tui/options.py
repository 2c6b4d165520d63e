"""The options that the commands share. Help texts are keys of the locale's group `cli`: see `tui.translate`."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from tui.words import Lang, Words


@dataclass
class Given:
    """What was given before the command's name."""

    say: Words
    states: list[Path] = field(default_factory=list)


# Paths are not tried here: root opens some of them for a user who may not (`tui.stepdown`).
StateOption = Annotated[
    Path | None, typer.Option("--state", help="state", readable=False, show_default=False)
]
StatesOption = Annotated[
    list[Path] | None, typer.Option("--state", help="state", readable=False, show_default=False)
]
LangOption = Annotated[Lang | None, typer.Option("--lang", help="lang", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="json")]
Operator = Annotated[str, typer.Option("--operator", help="operator")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="password_file", readable=False, show_default=False)
]
PasswordFd = Annotated[int | None, typer.Option("--password-fd", help="password_fd", show_default=False)]
Affair = Annotated[str, typer.Option("--affair", help="affair")]
Purpose = Annotated[str, typer.Option("--purpose", help="purpose")]
Application = Annotated[str, typer.Option("--application", help="application")]


def default_state() -> Path:
    """Where the register's state lies if nobody says."""
    return Path(os.environ.get("JUKURA_STATE") or "/var/lib/jukura/honnin")
