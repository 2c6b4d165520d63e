"""Once an hour the newest checkpoint goes to the machine's own journal, out of the register's hands (journal: systemd's).

Who keeps the journal, or sends it on to another machine, can hold any later export against it. A note names nobody.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from daemon.audit import checkpoints
from daemon.audit.checkpoints import Signed
from daemon.clock import Clock, hour_of
from daemon.errors import JukuraError
from daemon.store.engine import Engine

log = logging.getLogger(__name__)

LOOK = 15.0  # seconds between looks at the clock
DEADLINE = 10.0  # seconds for the journal to take it

Tell = Callable[[Signed], bool]
"""Puts a checkpoint into the journal; whether there is one. May block."""


class Hourly:
    """Does it for one register."""

    def __init__(self, engine: Engine, clock: Clock, tell: Tell) -> None:
        self._engine = engine
        self._clock = clock
        self._tell = tell
        self._told: datetime | None = None
        """The hour of the last one."""
        self._telling: asyncio.Future[bool] | None = None
        """What was given to the journal, and has not been taken."""
        self._there = True
        """Whether there was a journal."""

    async def run(self) -> None:
        """Look at the clock until cancelled."""
        while True:
            try:
                await self.look()
            except JukuraError as error:
                log.warning("no checkpoint to the journal", extra={"code": error.code})
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Tell of the newest checkpoint, if none was told of in this hour. After a start one is told of at once."""
        hour = hour_of(self._clock.now())
        newest = await checkpoints.newest(self._engine) if hour != self._told else None
        if newest is None:
            return
        # A journal that hangs holds one thread, and not one more with each look.
        if self._telling is None:
            self._telling = asyncio.get_running_loop().run_in_executor(None, self._tell, newest)
        done, _ = await asyncio.wait([self._telling], timeout=DEADLINE)
        if not done:
            log.warning("the journal hangs")
            return
        there, self._telling = self._telling.result(), None
        if self._there and not there:
            log.warning("no journal takes checkpoints here")
        self._told, self._there = hour, there
