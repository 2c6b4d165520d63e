"""The outbox pump: what municipalities told us goes on to the national server (住基法30条の7), at least once, in order.

The server's absence is a state: the pump waits, longer each time and with jitter, and begins again where it was. A
message that the server refuses for good is set aside with an alarm, and the others go on.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from daemon.audit.act import Act
from daemon.audit.entry import Action, Outcome
from daemon.contract.national import MAX_UPDATES, Receipt, ReceiptOutcome
from daemon.errors import JukuraError, StateError
from daemon.peers.national import NationalClient
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.outbox import Outbox, Waiting
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

IDLE = 0.25  # seconds between looks at an empty outbox
FIRST_WAIT = 0.5  # seconds after the first failure
LONGEST_WAIT = 60.0

ACTOR = "zenkoku"


class Pump:
    """Moves messages until it is cancelled."""

    def __init__(
        self,
        outbox: Outbox,
        client: NationalClient,
        writer: Writer,
        away: Callable[[bool], None],
        chance: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._client = client
        self._writer = writer
        self._away = away
        self._chance = chance
        self.delivered = 0
        """Messages acknowledged since the start."""

    async def run(self) -> None:
        """Deliver for ever."""
        failures = 0
        while True:
            try:
                moved = await self.once()
            except JukuraError as error:
                failures += 1
                self._away(True)  # noqa: FBT003
                pause = wait(failures, self._chance())
                level = logging.WARNING if isinstance(error, StateError) else logging.CRITICAL
                told = {"code": error.code, "attempt": failures, "seconds": pause}
                log.log(level, "outbox not delivered", extra=told)
                await asyncio.sleep(pause)
            else:
                failures = 0
                if moved:
                    self._away(False)  # noqa: FBT003
                else:
                    await asyncio.sleep(IDLE)

    async def once(self) -> int:
        """Deliver one batch; how many messages left the outbox. StateError where the server is away."""
        batch = await self._outbox.waiting(MAX_UPDATES)
        if not batch:
            return 0
        receipts = await self._client.deliver([update for _, update in batch])
        await self._settle(batch, receipts)
        return len(batch)

    async def _settle(self, batch: Sequence[Waiting], receipts: Sequence[Receipt]) -> None:
        pairs = list(zip([place for place, _ in batch], receipts, strict=True))
        refused = [(place, receipt) for place, receipt in pairs if receipt.outcome is ReceiptOutcome.REFUSED]
        sealed = await self._outbox.sealed([place for place, _ in refused])
        accepted = len(pairs) - len(refused)

        async def work(draft: Draft) -> None:
            for place, _ in pairs:
                draft.delete(Table.OUTBOX, place)
            if accepted:
                draft.log(Act(Action.OUTBOX_DELIVERED, ACTOR, counts={"messages": accepted}))
            for place, receipt in refused:
                draft.put(Table.ASIDE, place, sealed[place])
                why = {"key": receipt.key, "reason": receipt.code}
                draft.log(Act(Action.OUTBOX_SET_ASIDE, ACTOR, Outcome.REFUSED, sealed=dict(why)))

        await self._writer.write(work)
        self.delivered += accepted


def wait(failures: int, chance: float) -> float:
    """Seconds to wait after that many failures in a row, spread by `chance` (0 to 1) so that servers do not march in step."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 20))
    return longest / 2 + longest / 2 * chance
