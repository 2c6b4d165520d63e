"""The options that the commands share. Help texts are keys of the locale's group `cli`: see `tui.translate`."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from tui.card import Cards, TerminalCards
from tui.words import Lang, Words


@dataclass
class Given:
    """What was given before the command's name."""

    say: Words
    states: list[Path] = field(default_factory=list)
    cards: Cards = field(default_factory=TerminalCards)


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
CardUri = Annotated[
    str, typer.Option("--card", help="card_uri", envvar="JUKURA_CARD", show_envvar=False, show_default=False)
]
CardPinFile = Annotated[
    Path | None, typer.Option("--card-pin-file", help="card_pin_file", readable=False, show_default=False)
]
CardPinFd = Annotated[int | None, typer.Option("--card-pin-fd", help="card_pin_fd", show_default=False)]
ProposalId = Annotated[str, typer.Argument(help="proposal_id", metavar="ID")]
Yes = Annotated[bool, typer.Option("--yes", help="yes")]


def default_state() -> Path:
    """Where the register's state lies if nobody says."""
    return Path(os.environ.get("JUKURA_STATE") or "/var/lib/jukura/honnin")
