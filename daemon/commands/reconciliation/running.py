"""The lives of reconciliations: how a run begins, works by itself, goes on after a kill, and ends.

Beginning and end are in the log, with figures; nothing in between changes anything but the run.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from msgspec.structs import replace

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import Clock, day_of
from daemon.commands.reconciliation.answering import Answers
from daemon.commands.reconciliation.clearing import Clearing
from daemon.commands.reconciliation.endings import Tell, entry, summary
from daemon.commands.reconciliation.keeping import Active, Keeper
from daemon.commands.reconciliation.runs import ENDED, Named, Past, Run, Runs
from daemon.commands.reconciliation.sweeping import Sweeping
from daemon.commands.reconciliation.turns import Turns
from daemon.contract.reconciliation import Mode, Phase
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.store.draft import Draft
from daemon.store.faults import Errors
from daemon.store.writer import Writer
from daemon.tasks import Tasks

log = logging.getLogger(__name__)

AGAIN = 5.0  # seconds until something that failed is tried again
RESUMED = 30.0  # seconds until whoever asks right after a start is sent away
STOP = 5.0  # seconds for all of them to stop
ABANDONED = timedelta(days=2)
"""A run that does not come forward for so long is given up."""
BY_ITSELF = frozenset({Phase.PREPARING, Phase.COMPARING})
"""Phases in which the register works and the municipality waits."""


class Running:
    """Runs that have not ended, by municipality."""

    def __init__(
        self,
        runs: Runs,
        writer: Writer,
        clock: Clock,
        *,
        turns: Turns,
        sweeping: Sweeping,
        answers: Answers,
        keeper: Keeper,
        clearing: Clearing,
        tell: Tell,
    ) -> None:
        self._runs = runs
        self._writer = writer
        self._clock = clock
        self._turns = turns
        self._sweeping = sweeping
        self._answers = answers
        self._keeper = keeper
        self._clearing = clearing
        self._tell = tell
        self._tasks = Tasks()
        self._active: dict[str, Active] = {}
        self._resumed = asyncio.Event()

    @property
    def past(self) -> Mapping[str, Past]:
        """The runs that there are, by municipality."""
        return self._clearing.past

    @property
    def turn(self) -> asyncio.Lock:
        """Held by whoever begins or ends a run."""
        return self._clearing.turn

    @property
    def is_resumed(self) -> bool:
        """Whether what a kill left was taken up."""
        return self._resumed.is_set()

    async def resumed(self) -> None:
        """Wait for that; StateError where it takes too long."""
        try:
            async with asyncio.timeout(RESUMED):
                await self._resumed.wait()
        except TimeoutError:
            raise StateError("reconciliation.busy") from None

    def of(self, municipality: str) -> Active | None:
        """The run of a municipality that has not ended."""
        return self._active.get(municipality)

    async def known(self, municipality: str) -> tuple[Named | None, Named | None]:
        """The run of a municipality that is under way or was the last to begin, and the last one that came to its end."""
        past = self.past.get(municipality)
        names = (past.newest, past.done) if past is not None else (b"", b"")
        return await self._named(municipality, names[0]), await self._named(municipality, names[1])

    async def begin(self, name: bytes, run: Run) -> None:
        """Put a new run down and let it go on; to be called by whoever holds the turn of the past."""
        past = self._clearing.past.get(run.municipality) or Past(known=day_of(run.begun))
        replaced = [] if past.newest in {b"", past.done} else [past.newest]
        now = replace(past, newest=name, gone=[*past.gone, *replaced])

        async def work(draft: Draft) -> Run:
            begun = replace(run, begun=draft.now, touched=draft.now)
            self._runs.put(draft, name, begun)
            self._runs.put_past(draft, run.municipality, now)
            counts = {str(run.mode): 1, "records": run.expected}
            draft.log(Act(Action.RECONCILIATION_STARTED, f"CS:{run.municipality}", counts=counts))
            return begun

        begun = await self._writer.write(work)
        self._clearing.told(run.municipality, now)
        self._take_up(Active(name, begun))

    def go_on(self, active: Active) -> None:
        """Let the register work on a run by itself, to the end of its phase."""
        self._tasks.start(self._work(active), name="reconciliation")

    async def end(self, active: Active, phase: Phase) -> None:
        """Put the end of a run down, tell the municipality, and delete what only a run under way needs."""
        async with self._clearing.turn:
            await self._put_end(active, active.run, phase)
        self._active.pop(active.run.municipality, None)
        self._clear(active.run.municipality, active.id)

    async def resume(self) -> None:
        """Go on with what a kill left."""
        for municipality, past in self._clearing.past.items():
            run = await self._runs.load(past.newest)
            if run is None or run.phase in ENDED:
                self._clear(municipality, past.newest)
                continue
            active = Active(past.newest, run)
            await self._answers.restore(active)
            self._take_up(active)
        self._resumed.set()

    async def look(self) -> None:
        """Give up what nobody goes on with, and delete what is too old."""
        now = self._clock.now()
        for active in list(self._active.values()):
            idle = active.run.phase is Phase.RECEIVING and not active.busy
            if idle and now - active.run.touched > ABANDONED:
                active.stop = "reconciliation.abandoned"
                with active.taken():
                    await self.end(active, Phase.STOPPED)
        for municipality in [each for each in self._clearing.past if each not in self._active]:
            await self._clearing.prune(municipality, day_of(now))

    async def close(self) -> None:
        """Stop what runs; it goes on with the next start."""
        if late := await self._tasks.stop(within=STOP):
            log.warning("reconciliations did not end", extra={"late": late})

    async def _named(self, municipality: str, name: bytes) -> Named | None:
        active = self.of(municipality)
        run = active.run if active is not None and active.id == name else await self._runs.load(name)
        return None if run is None else (name, run)

    def _take_up(self, active: Active) -> None:
        self._active[active.run.municipality] = active
        if active.run.phase in BY_ITSELF:
            self.go_on(active)

    def _clear(self, municipality: str, name: bytes) -> None:
        self._tasks.start(self._cleared(municipality, name), name="reconciliation.clear")

    async def _cleared(self, municipality: str, name: bytes) -> None:
        try:
            await self._clearing.clear(municipality, name)
        except JukuraError as error:
            # The next start does the rest.
            log.warning("reconciliation not cleared", extra={"code": error.code})

    async def _work(self, active: Active) -> None:
        """What fails is tried again, but for what does not verify: that is for a person."""
        while True:
            try:
                await self._phase(active)
            except StateError as error:
                if error.code == "state.stopping":
                    return
                log.warning("reconciliation waits", extra={"code": error.code})
            except IntegrityError as error:
                log.critical("reconciliation does not verify", extra={"code": error.code})
                active.stop = "reconciliation.failed"
                await self.end(active, Phase.STOPPED)
                return
            except (JukuraError, OSError, *Errors) as error:
                log.exception("reconciliation stands still", extra={"error": type(error).__name__})
            else:
                return
            await asyncio.sleep(AGAIN)

    async def _phase(self, active: Active) -> None:
        more = not (active.run.phase is Phase.COMPARING and active.run.mode is Mode.RANGES)
        while more and not active.stop:
            async with self._turns.turn():
                more = await self._sweeping.step(active)
        preparing = active.run.phase is Phase.PREPARING
        if preparing and not active.stop:
            await self._keeper.keep(active, phase=Phase.RECEIVING)
        if active.stop:
            await self.end(active, Phase.STOPPED)
        elif not preparing:
            await self.end(active, Phase.DONE)

    async def _put_end(self, active: Active, run: Run, phase: Phase) -> None:
        past, done = self._clearing.past[run.municipality], phase is Phase.DONE

        async def work(draft: Draft) -> Past:
            ended = replace(run, phase=phase, ended=draft.now, code="" if done else active.stop)
            now = past
            if done:
                gone = [*past.gone, past.done] if past.done else past.gone
                now = replace(past, done=active.id, done_on=day_of(draft.now), gone=gone)
                self._runs.put_past(draft, run.municipality, now)
                self._tell(draft, run.municipality, summary(active.id, ended))
            self._runs.put(draft, active.id, ended)
            draft.log(entry(ended))
            return now

        self._clearing.told(run.municipality, await self._writer.write(work))
