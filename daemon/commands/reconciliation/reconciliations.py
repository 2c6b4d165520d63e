"""H6, F6 整合: municipalities compare their records with the register (別添1 6). Everything about it put together.

Nothing here changes a row.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daemon.clock import Clock, day_of
from daemon.commands.reconciliation.answering import Answers
from daemon.commands.reconciliation.clearing import Clearing
from daemon.commands.reconciliation.comparing import Counter, Tools
from daemon.commands.reconciliation.endings import Tell
from daemon.commands.reconciliation.findings import Findings
from daemon.commands.reconciliation.keeping import Keeper
from daemon.commands.reconciliation.matching import Matching
from daemon.commands.reconciliation.running import Running
from daemon.commands.reconciliation.runs import Runs
from daemon.commands.reconciliation.sweeping import Sweeping
from daemon.commands.reconciliation.transfer import Transfers
from daemon.commands.reconciliation.turns import Turns
from daemon.errors import JukuraError
from daemon.register.rows import Register
from daemon.store.held import Waiting
from daemon.store.reader import Reader
from daemon.store.residents import Residents
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

LOOK = 60.0  # seconds between two looks at what is abandoned or too old
AGAIN = 1.0  # seconds until what a kill left is looked for again


@dataclass(frozen=True)
class Given:
    """What reconciliations are made of."""

    register: Register
    runs: Runs
    residents: Residents
    reader: Reader
    writer: Writer
    clock: Clock
    share: float
    """Of the loop's time, for all runs together."""
    pending: Callable[[str], Sequence[Waiting]]
    """What waits about the person with a 住民票コード (保留)."""
    tell: Tell


class Reconciliations:
    """Every run of this register, one of a municipality at a time."""

    def __init__(self, given: Given, municipalities: Sequence[str]) -> None:
        register, runs, clock = given.register, given.runs, given.clock
        self._municipalities = municipalities
        self._clock = clock
        turns, keeper = Turns(given.share), Keeper(given.writer, runs)
        self._clearing = Clearing(runs, given.writer, turns)
        matching = Matching(register, given.residents, given.pending)
        answers = Answers(runs, turns)
        sweeping = Sweeping(
            register, given.residents, runs=runs, keeper=keeper, matching=matching, clock=clock
        )
        self.running = Running(
            runs, given.writer, clock, turns=turns, sweeping=sweeping, answers=answers, keeper=keeper,
            clearing=self._clearing, tell=given.tell,
        )  # fmt: skip
        self.counter = Counter(
            Tools(
                register=register,
                running=self.running,
                answers=answers,
                transfers=Transfers(matching, keeper, turns, clock),
                matching=matching,
                keeper=keeper,
                turns=turns,
                reader=given.reader,
                clock=clock,
            )
        )
        self.findings = Findings(self.running, runs, given.writer, municipalities)

    async def run(self) -> None:
        """Go on with what a kill left; then look after what nobody goes on with or needs, until cancelled."""
        while True:
            try:
                await self._look()
            except JukuraError as error:
                if error.code == "state.stopping":
                    return
                log.warning("reconciliations wait", extra={"code": error.code})
            await asyncio.sleep(LOOK if self.running.is_resumed else AGAIN)

    async def close(self) -> None:
        """Stop what runs; it goes on with the next start."""
        await self.running.close()

    async def _look(self) -> None:
        if self.running.is_resumed:
            await self.running.look()
            return
        await self._clearing.load(self._municipalities, day_of(self._clock.now()))
        await self.running.resume()
