"""The load: municipalities that send notices at a steady rate, and what became of each."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from daemon.contract.peer import Notice, Outcome
from daemon.rehearsal.municipality import MunicipalityClient
from daemon.rehearsal.sendings import Sending

BATCH = 3  # notices of one municipality
SENDERS = 8  # requests at once


@dataclass
class Answers:
    """What the register said."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    """Ids of notices."""
    seconds: list[float] = field(default_factory=list)
    """Until each request was answered, its retries included."""


class Feeder:
    """Sends `sendings` through `clients`, `rate` notices a second, until it is stopped or has sent all."""

    def __init__(
        self, sendings: Iterable[Sending], clients: Mapping[str, MunicipalityClient], rate: float
    ) -> None:
        self.answers = Answers()
        self._batches = _batches(sendings)
        self._clients = clients
        self._rate = rate
        self._stopped = False

    async def run(self) -> None:
        """Send; a request that has begun is brought to its end."""
        pace = BATCH / self._rate
        turn = asyncio.Semaphore(SENDERS)
        async with asyncio.TaskGroup() as group:
            start = time.monotonic()
            for number, (sender, batch) in enumerate(self._batches):
                await asyncio.sleep(max(0.0, start + number * pace - time.monotonic()))
                await turn.acquire()
                if self._stopped:
                    break
                sent = group.create_task(self._send(sender, batch), name=f"send {number}")
                sent.add_done_callback(lambda _: turn.release())

    def stop(self) -> None:
        """Begin no further request."""
        self._stopped = True

    async def _send(self, sender: str, batch: list[Notice]) -> None:
        began = time.monotonic()
        for verdict in await self._clients[sender].send(batch):
            self.answers.outcomes[verdict.outcome] += 1
            if verdict.outcome is not Outcome.REFUSED:
                self.answers.acknowledged.add(verdict.id)
        self.answers.seconds.append(time.monotonic() - began)


def _batches(sendings: Iterable[Sending]) -> Iterator[tuple[str, list[Notice]]]:
    waiting: dict[str, list[Notice]] = {}
    for sending in sendings:
        batch = waiting.setdefault(sending.sender, [])
        batch.append(sending.notice)
        if len(batch) == BATCH:
            yield sending.sender, waiting.pop(sending.sender)
    yield from waiting.items()


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of `values` do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0.0
