"""All nineteen municipalities together: filling the registers, then keeping notices flowing.

Both report what they do through a callable and say nothing about people. What the register cannot take now is
tried again until it can, or until the caller cancels.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from daemon.contract.peer import Notice, Outcome, Verdict
from daemon.errors import StateError
from daemon.register.rows import Register
from daemon.rehearsal.events import Event
from daemon.rehearsal.lives import Lives
from daemon.rehearsal.municipality import BATCH, MunicipalityClient
from daemon.rehearsal.residents import Population

log = logging.getLogger(__name__)

IN_FLIGHT = 2  # batches per municipality
REST = 2.0  # seconds before an event is tried again that found no register

Clients = Mapping[str, MunicipalityClient]
"""The clients of one register, by municipality."""


@dataclass
class Totals:
    """What became of the notices sent."""

    applied: int = 0
    duplicate: int = 0
    held: int = 0
    """They wait for another notice, and are applied by themselves."""
    refused: Counter[str] = field(default_factory=Counter)
    """By code."""

    @property
    def sent(self) -> int:
        """All of them."""
        return self.applied + self.duplicate + self.held + self.refused.total()

    def count(self, verdicts: Iterable[Verdict]) -> None:
        """Add these."""
        for verdict in verdicts:
            match verdict.outcome:
                case Outcome.APPLIED:
                    self.applied += 1
                case Outcome.DUPLICATE:
                    self.duplicate += 1
                case Outcome.HELD:
                    self.held += 1
                case Outcome.REFUSED:
                    self.refused[verdict.code] += 1
                    log.warning("notice refused", extra={"code": verdict.code})


async def load(
    population: Population,
    register: Register,
    clients: Clients,
    *,
    progress: Callable[[str, int, int], None],
    batch: int = BATCH,
) -> Totals:
    """Send the whole initial population of one register; `progress` gets the register, how many are done, and of how many.

    All municipalities send at once. Sending it all a second time changes nothing: the ids are the same.
    """
    waiting: dict[str, list[Notice]] = {}
    for sending in population.initial(register):
        waiting.setdefault(sending.sender, []).append(sending.notice)
    totals, whole = Totals(), sum(map(len, waiting.values()))
    progress(register, 0, whole)

    async def work(client: MunicipalityClient, batches: list[Sequence[Notice]]) -> None:
        while batches:
            totals.count(await _insist(client, batches.pop(0)))
            progress(register, totals.sent, whole)

    async with asyncio.TaskGroup() as group:
        for sender, notices in waiting.items():
            batches: list[Sequence[Notice]] = [notices[n : n + batch] for n in range(0, len(notices), batch)]
            for _ in range(min(IN_FLIGHT, len(batches))):
                group.create_task(work(clients[sender], batches), name=f"load {register} {sender}")
    return totals


async def flow(
    lives: Lives,
    clients: Mapping[Register, Clients],
    *,
    rate: float,
    done: Callable[[int], None],
    start: int = 0,
    until: int | None = None,
) -> Totals:
    """Send events from number `start` on, at most `rate` a second, one after the other.

    `done` gets the number of each event that is finished with; to go on later, start at the last one plus 1. Ends
    before event `until`, or never.
    """
    totals, pause = Totals(), 1 / rate
    loop = asyncio.get_running_loop()
    for event in lives.events(start):
        if event.number == until:
            break
        next_at = loop.time() + pause
        totals.count(await _send(event, clients))
        done(event.number)
        await asyncio.sleep(max(0, next_at - loop.time()))
    return totals


async def _send(event: Event, clients: Mapping[Register, Clients]) -> list[Verdict]:
    """The verdicts of one event, its notices sent in order: an arrival may depend on the departure before it."""
    return [
        verdict
        for sending in event.sendings
        for verdict in await _insist(clients[sending.register][sending.sender], [sending.notice])
    ]


async def _insist(client: MunicipalityClient, notices: Sequence[Notice]) -> list[Verdict]:
    while True:
        try:
            return await client.send(notices)
        except StateError as error:
            log.warning("register away", extra={"peer": client.code, "code": error.code})
            await asyncio.sleep(REST)
