"""One rehearsal from start to stop: programs, residents, the flow of notices, and the console."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping
from datetime import date
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from daemon.clock import Clock, day_of
from daemon.errors import JukuraError
from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from daemon.rehearsal.cohort import Clients, flow, load
from daemon.rehearsal.correspondence import read_all
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.log_keys import log_keys
from daemon.rehearsal.progress import Keeper, Progress
from daemon.rehearsal.report import Report
from daemon.rehearsal.residents import Population
from daemon.rehearsal.rounds import go_round
from daemon.rehearsal.shelves import Followed, Shelves
from daemon.rehearsal.stage import Stage
from daemon.rehearsal.users import Users, users
from daemon.rehearsal.watching import watch
from daemon.tasks import Tasks

log = logging.getLogger(__name__)

READ = 30.0  # seconds between two looks of every municipality at what it is told
SELDOM = 20  # of so many looks one municipality misses all but the last, so that a report is seen to wait
CHECKOUT = Path(__file__).resolve().parents[2]


def plan_for(layout: Layout) -> Users:
    """Which user each program runs as here."""
    return users(os.geteuid(), [CHECKOUT, Path(sys.prefix), layout.root])


class Rehearsal:
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
        stage = Stage(self._layout, plan_for(self._layout), now=self._clock.now)
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
            shelves = Shelves()
            # Everybody is made once more: of many people that takes seconds.
            await asyncio.to_thread(shelves.fill, people)
            self._report.say("ready")
            self._tasks.start(self._correspond(stage), name="correspondence")
            round_ = go_round(shelves, stage.correspondence, progress.seed)
            self._tasks.start(round_, name="comparisons")
            self._tasks.start(self._witness(stage), name="witnesses")
            if not headless:
                self._tasks.start(self._console(stage), name="console")
            lives = Followed(people, progress.seed, shelves)

            def done(number: int) -> None:
                lives.over()
                self._keeper.keep(replace(progress, next_event=number + 1))

            await flow(lives, clients, rate=self._rate, done=done, start=progress.next_event)
        finally:
            for client in (client for group in clients.values() for client in group.values()):
                await client.close()

    async def _correspond(self, stage: Stage) -> None:
        """Every municipality reads what it is told, again and again, and acknowledges it; the last one seldom looks."""
        for number in count():
            readers = sorted(MUNICIPALITIES)[: None if number % SELDOM == SELDOM - 1 else -1]
            for register in Register:
                for code in readers:
                    try:
                        async with stage.correspondence(register, code) as calls:
                            told = await read_all(calls)
                    except JukuraError as error:
                        log.warning("reports not read", extra={"code": error.code, "peer": code})
                        continue
                    if told:
                        log.info("reports read", extra={"peer": code, "count": len(told)})
            await asyncio.sleep(READ)

    async def _witness(self, stage: Stage) -> None:
        async def keys(register: Register) -> list[bytes]:
            return await log_keys(self._layout.register(register), stage.users)

        await watch(stage.witnesses, stage.correspondence, keys, self._clock.now)

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
        # Custodians sign with their training cards at this very terminal.
        cards = {"SOFTHSM2_CONF": str(stage.cards[0].conf)}
        console = await asyncio.create_subprocess_exec(
            program, "console", *states, env={**os.environ, **cards}
        )
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
