"""A duty of the night: all rows are looked at, and their sum is held against the one that moved with every commit.

It works in the background, a slice at a time, beside notices and searches. One that a stop or a kill cuts off begins anew after the
next start. What it finds is an entry in the log either way; that other rows were found stays until two people explain it.
"""

import asyncio
import logging
from datetime import datetime, time, timedelta

import msgspec

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.clock import JST, Clock
from daemon.commands.reconciliation.turns import Turns
from daemon.contract.verification import Verification
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.store.commitment import Commitment
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.recount import Recount
from daemon.store.tally import Tally
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

KEY = b"verified"
"""In META."""
PAUSE = 60.0  # seconds between two looks at the clock
DAY = timedelta(days=1)


class Last(msgspec.Struct, frozen=True, array_like=True):
    """The last look that came to its end."""

    began: datetime
    rows: int


def is_due(last: datetime | None, now: datetime, at: time) -> bool:
    """Whether all rows are to be looked at `now`: the hour `at` (in Japan) has come since the `last` time, or a day has gone by, as
    after a long stop. A clock that was set back hides no night."""
    if last is None or not timedelta() <= now - last < DAY:
        return True
    tonight = datetime.combine(now.astimezone(JST).date(), at, JST)
    return last < (tonight if tonight <= now else tonight - DAY)


class Nightly:
    """Does the duty for one register."""

    def __init__(
        self,
        writer: Writer,
        commitment: Commitment,
        tally: Tally,
        clock: Clock,
        *,
        last: Last | None,
        at: time,
        share: float,
    ) -> None:
        self._writer = writer
        self._commitment = commitment
        self._tally = tally
        self._clock = clock
        self._last = last
        self._at = at
        self._turns = Turns(share)
        self._running: Recount | None = None

    def state(self) -> Verification:
        """How it stands."""
        return Verification(
            last=self._last.began if self._last else None,
            rows=self._last.rows if self._last else 0,
            differs=self._commitment.differs,
            done=self._running.rows if self._running else None,
            total=self._tally.rows,
        )

    def require_whole(self) -> None:
        """StateError while other rows were found than were committed: nobody is shown what may be false."""
        if self._commitment.differs:
            raise StateError("store.rows_differ")

    async def run(self) -> None:
        """Do the duty until cancelled; what could not be done is tried again."""
        while True:
            await asyncio.sleep(PAUSE)
            if is_due(self._last.began if self._last else None, self._clock.now(), self._at):
                try:
                    await self.look()
                except (JukuraError, OSError) as error:
                    code = error.code if isinstance(error, JukuraError) else type(error).__name__
                    log.warning("rows not verified", extra={"code": code})

    async def look(self) -> None:
        """Look at all rows once, and write down what was found."""
        began, failed = self._clock.now(), ""
        with self._commitment.recount() as recount:
            self._running = recount
            try:
                await self._through(recount)
            except IntegrityError as error:
                failed = error.code
            finally:
                self._running = None
            await self._tell(recount, Last(began, recount.rows), failed)

    async def _through(self, recount: Recount) -> None:
        more = True
        while more:
            async with self._turns.turn():
                more = await recount.step()

    async def _tell(self, recount: Recount, last: Last, failed: str) -> None:
        async def work(draft: Draft) -> str:
            code = failed or ("" if self._commitment.agrees(recount) else "store.rows_differ")
            draft.put(Table.META, KEY, msgspec.msgpack.encode(last))
            outcome = Outcome.FAILED if code else Outcome.OK
            draft.log(Act(Action.ROWS_VERIFIED, "jukurad", outcome, code=code, counts={"rows": last.rows}))
            self._commitment.tell(recount, failed=bool(failed))
            return code

        code = await self._writer.write(work)
        self._last = last
        if code:
            log.critical("rows differ", extra={"code": code, "count": last.rows})


async def last_of(engine: Engine) -> Last | None:
    """The last look that came to its end, before a stop or a kill."""
    held = (await engine.get_many(Table.META, [KEY])).get(KEY)
    return msgspec.msgpack.decode(held, type=Last) if held else None
