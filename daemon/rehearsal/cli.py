"""`jukura-rehearsal`: both registers with synthetic residents and simulated peers, for training and for a first look.

With a terminal it opens the console; headless it prints JSON lines that say where everything is. Ctrl-C (or the
console's own way out) stops everything, and the next start takes up where this one stopped.
"""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from msgspec.structs import replace

from daemon import logs
from daemon.clock import Clock, SystemClock, day_of
from daemon.contract.messages import text_of
from daemon.errors import JukuraError, StateError
from daemon.register.rows import Register
from daemon.rehearsal.cohort import Clients, flow, load
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.lives import Lives
from daemon.rehearsal.progress import Keeper, Progress
from daemon.rehearsal.report import Report
from daemon.rehearsal.residents import Population
from daemon.rehearsal.stage import Stage
from daemon.rehearsal.users import users
from daemon.tasks import Tasks

RATE = 0.5  # events a second: about forty times what really happens, so that there is something to see

CHECKOUT = Path(__file__).resolve().parents[2]

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
                _Rehearsal(layout, report, SystemClock(), rate=rate).run(seed, residents, headless=headless)
            )
        except JukuraError as error:
            _fail(error)


def _fail(error: JukuraError) -> NoReturn:
    text = text_of(error.code)
    print(f"jukura-rehearsal: {error}\n{text.ja}\n{text.en}", file=sys.stderr)
    sys.exit(1)


class _Rehearsal:
    """One run from start to stop."""

    def __init__(self, layout: Layout, report: Report, clock: Clock, *, rate: float) -> None:
        self._layout = layout
        self._report = report
        self._clock = clock
        self._rate = rate
        self._keeper = Keeper(layout.progress)
        self._tasks = Tasks(on_failure=self._failed)
        self._end = asyncio.Event()
        self._failure: BaseException | None = None

    async def run(self, seed: int | None, residents: int | None, *, headless: bool) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end.set)
        progress = self._keeper.begin(
            seed=seed, residents=residents, today=lambda: day_of(self._clock.now()).isoformat()
        )
        plan = users(os.geteuid(), [CHECKOUT, Path(sys.prefix), self._layout.root])
        stage = Stage(self._layout, plan, now=self._clock.now)
        stage.set_up()
        self._tasks.start(self._play(stage, progress, headless=headless), name="play")
        try:
            await self._end.wait()
        finally:
            await self._tasks.stop(within=10)
            self._report.say("stopping")
            await stage.stop()
            self._report.say("stopped")
        if self._failure is not None:
            raise self._failure

    async def _play(self, stage: Stage, progress: Progress, *, headless: bool) -> None:
        """Start everything, fill the registers, open the console, and let life go on."""
        self._report.say("starting", state=str(self._layout.root))
        await stage.start()
        self._report.registers(stage)
        clients = {register: stage.clients(register) for register in Register}
        people = Population(progress.seed, progress.residents, date.fromisoformat(progress.today))
        try:
            progress = await self._fill(people, clients, progress)
            self._report.say("ready")
            if not headless:
                self._tasks.start(self._console(stage), name="console")
            await flow(
                Lives(people, progress.seed),
                clients,
                rate=self._rate,
                done=lambda number: self._keeper.keep(replace(progress, next_event=number + 1)),
                start=progress.next_event,
            )
        finally:
            for client in (client for group in clients.values() for client in group.values()):
                await client.close()

    async def _fill(
        self, people: Population, clients: Mapping[Register, Clients], progress: Progress
    ) -> Progress:
        """Send the whole population to the registers that do not have it yet."""
        for register in Register:
            if register not in progress.loaded:
                totals = await load(people, register, clients[register], progress=self._report.loading)
                self._report.say(
                    "loaded", register=register, applied=totals.applied, duplicate=totals.duplicate
                )
                progress = replace(progress, loaded=[*progress.loaded, register])
                self._keeper.keep(progress)
        return progress

    async def _console(self, stage: Stage) -> None:
        """The operators' console in this terminal, which is its own until it is left; then everything ends."""
        states = [part for a in stage.actors.values() for part in ("--state", str(a.folder.root))]
        program = Path(sys.executable).with_name("jukura")
        console = await asyncio.create_subprocess_exec(program, "console", *states)
        try:
            await console.wait()
        finally:
            if console.returncode is None:
                console.terminate()
                await console.wait()
            self._end.set()

    def _failed(self, name: str, error: BaseException) -> None:
        del name
        self._failure = error
        self._end.set()


def main() -> None:
    """The entry point."""
    cli()


if __name__ == "__main__":
    main()
