"""The outbox pump: what municipalities told us goes on to the national server (住基法30条の7), at least once, in order.

The server's absence is a state: the pump waits, longer each time and with jitter, and at least as long as the server asks
(Retry-After), and begins again where it was. It holds one batch in memory, however much waits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from daemon.clock import Clock
from daemon.errors import JukuraError, StateError
from daemon.peers.delivery import Delivery, Posting
from daemon.peers.national import AwayError
from daemon.peers.repeats import Repeats

log = logging.getLogger(__name__)

IDLE = 0.25  # seconds between looks at an empty outbox
FIRST_WAIT = 0.5  # seconds after the first failure
LONGEST_WAIT = 60.0
LONGEST_ASKED = 3600.0
"""Seconds for which we stay away at the most, whatever the server asks."""


class Pump:
    """Moves messages until it is cancelled."""

    def __init__(
        self,
        posting: Posting,
        away: Callable[[bool], None],
        chance: Callable[[], float],
        clock: Clock,
        *,
        may: Callable[[], bool] = lambda: True,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`may` says whether anything goes out now; `rest` waits so many seconds."""
        self._delivery = Delivery(posting)
        self._repeats = Repeats(posting)
        self._away = away
        self._chance = chance
        self._clock = clock
        self._may = may
        self._rest = rest
        self.delivered = 0
        """Messages acknowledged since the start."""
        self.failures = 0
        """Tries in a row that came to nothing."""
        self.next_try: datetime | None = None
        """When it is tried again, after a failure."""

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            try:
                moved = await self.once()
            except JukuraError as error:
                await self._failed(error)
            else:
                self.failures, self.next_try = 0, None
                if moved:
                    self._away(False)  # noqa: FBT003
                else:
                    await self._rest(IDLE)

    async def once(self) -> int:
        """One batch of what is new, and one of what was asked for again; how many messages that were.

        StateError where the server is away.
        """
        if not self._may():
            return 0
        moved, delivered = await self._delivery.once()
        self.delivered += delivered
        return moved + await self._repeats.once()

    async def _failed(self, error: JukuraError) -> None:
        self.failures += 1
        self._away(True)  # noqa: FBT003
        asked = min(error.after, LONGEST_ASKED) if isinstance(error, AwayError) else 0.0
        pause = max(wait(self.failures, self._chance()), asked)
        self.next_try = self._clock.now() + timedelta(seconds=pause)
        level = logging.WARNING if isinstance(error, StateError) else logging.CRITICAL
        told = {"code": error.code, "attempt": self.failures, "seconds": pause}
        log.log(level, "outbox not delivered", extra=told)
        await self._rest(pause)


def wait(failures: int, chance: float) -> float:
    """Seconds to wait after that many failures in a row, spread by `chance` (0 to 1) so that servers do not march in step."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 20))
    return longest / 2 + longest / 2 * chance
