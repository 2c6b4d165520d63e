"""`jukura-rehearsal`: both registers with synthetic residents and simulated peers, for training and for a first look.

With a terminal it opens the console; headless it prints JSON lines that say where everything is. Ctrl-C (or the
console's own way out) stops everything, and the next start takes up where this one stopped.
"""

import asyncio
import fcntl
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from daemon import logs
from daemon.clock import SystemClock
from daemon.contract.messages import text_of
from daemon.errors import JukuraError, StateError
from daemon.register.rows import Register
from daemon.rehearsal import softhsm
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.report import Report
from daemon.rehearsal.run import Rehearsal, plan_for

RATE = 0.5  # events a second: about forty times what really happens, so that there is something to see

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@cli.callback()
def about() -> None:
    """Rehearse: synthetic people, real programs."""


@cli.command()
def run(
    state: Annotated[Path, typer.Option(help="Folder that keeps everything")],
    residents: Annotated[int | None, typer.Option(help="How many residents (10000)", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same people (1)")] = None,
    rate: Annotated[float, typer.Option(help="Events a second", min=0.01)] = RATE,
    *,
    headless: Annotated[bool, typer.Option(help="No console: JSON lines")] = False,
) -> None:
    """Start, fill, keep notices flowing, open the console."""
    layout = Layout(state.resolve())
    layout.root.mkdir(parents=True, exist_ok=True)
    lock = os.open(layout.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _fail(StateError("rehearsal.already_running"))
    with (layout.root / "rehearsal.log").open("a", encoding="utf-8") as stream:
        logs.start(stream)
        report = Report(sys.stdout, json=headless)
        try:
            asyncio.run(
                Rehearsal(layout, report, SystemClock(), rate=rate).run(seed, residents, headless=headless)
            )
        except JukuraError as error:
            _fail(error)


@cli.command()
def token(
    state: Annotated[Path, typer.Option(help="Folder that keeps everything")],
    register: Annotated[Register, typer.Option(help="Whose token")],
    label: Annotated[str, typer.Option(help="Its label, such as jukura-honnin-2")],
) -> None:
    """Make one more training token for a register, to be enrolled by its custodians; prints its URI."""
    layout = Layout(state.resolve())
    plan = plan_for(layout)
    folder = layout.register(register)
    try:
        pin = folder.pin.read_text("utf-8")
        user = folder.user("jukura-hsm")
        conf = folder.hsm / softhsm.CONF
        asyncio.run(softhsm.init_token(conf, label, pin, lambda argv: plan.command(user, argv)))
    except OSError:
        _fail(StateError("rehearsal.not_set_up"))
    except JukuraError as error:
        _fail(error)
    print(softhsm.uri(label))


def _fail(error: JukuraError) -> NoReturn:
    text = text_of(error.code)
    print(f"jukura-rehearsal: {error}\n{text.ja}\n{text.en}", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    """The entry point."""
    cli()


if __name__ == "__main__":
    main()
