"""A duty of its own: to let go of what need not be remembered any longer, a little at a time.

Which messages were delivered, so that they could be sent again; and reports that were acknowledged. Rows and log entries
have terms of the law and are none of its business.
"""

import asyncio
import logging
from datetime import timedelta

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import Clock, day_of
from daemon.errors import JukuraError
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.letters import Letters, is_old
from daemon.store.sent import Sent
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

STEP = 500  # values looked at in one step
BREATH = 0.2  # seconds between two steps
PAUSE = 3600.0  # seconds until it is looked again


class Forgetting:
    """Does the duty for one register."""

    def __init__(
        self, sent: Sent, letters: Letters, writer: Writer, clock: Clock, *, sent_days: int, report_days: int
    ) -> None:
        self._sent = sent
        self._letters = letters
        self._writer = writer
        self._clock = clock
        self._sent_for = timedelta(days=sent_days)
        self._reports_for = timedelta(days=report_days)

    async def run(self) -> None:
        """Do the duty until cancelled; what fails is tried again."""
        while True:
            try:
                await self.look()
            except JukuraError as error:
                log.warning("nothing forgotten", extra={"code": error.code})
            await asyncio.sleep(PAUSE)

    async def look(self) -> None:
        """One round: everything that is due, in steps."""
        full = True
        while full:
            full = await self._messages() == STEP
            await asyncio.sleep(BREATH)
        after: bytes | None = b""
        while after is not None:
            after = await self._reports(after)
            await asyncio.sleep(BREATH)

    async def _messages(self) -> int:
        before = day_of(self._clock.now()) - self._sent_for
        old = await self._sent.older(before, limit=STEP)
        if not old:
            return 0

        async def work(draft: Draft) -> None:
            self._sent.forget(draft, old)
            draft.log(Act(Action.OUTBOX_FORGOTTEN, "jukurad", counts={"messages": len(old)}))

        await self._writer.write(work)
        return len(old)

    async def _reports(self, after: bytes) -> bytes | None:
        """One step from a place on; the place to go on from, or None at the end."""
        before = day_of(self._clock.now()) - self._reports_for
        page = await self._letters.page(after, limit=STEP)
        old = [place for place, kept in page if is_old(kept, before)]

        async def work(draft: Draft) -> None:
            for place in old:
                draft.delete(Table.REPORTS, place)
            draft.log(Act(Action.REPORT_FORGOTTEN, "jukurad", counts={"reports": len(old)}))

        if old:
            await self._writer.write(work)
        return page[-1][0] if len(page) == STEP else None
