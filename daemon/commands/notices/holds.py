"""保留 as people see it: the list for both municipalities and for the console, cancelling by two people, and the end of the days."""

import asyncio
import logging
from datetime import date

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import Clock, day_of
from daemon.commands.caller import Caller, Right, require_text
from daemon.commands.inquiries.person import masked
from daemon.commands.notices.applying import Applying
from daemon.commands.notices.arrivals import Means
from daemon.commands.notices.holding import EXPIRED, Holding
from daemon.commands.pairs import Pairs
from daemon.contract.endpoint import Empty
from daemon.contract.holds import CancelHold, Hold, HoldCancelled, Holds
from daemon.errors import ConflictError, JukuraError
from daemon.store.draft import Draft
from daemon.store.held import Waiting
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

LOOK = 600.0  # seconds between looks for those whose days are over
AT_ONCE = 200  # of them in one piece of work
DEED = "hold-cancel"


class HeldNotices:
    """Shows what is held, and ends what must end."""

    def __init__(self, means: Means, writer: Writer, pairs: Pairs, clock: Clock) -> None:
        self._means = means
        self._writer = writer
        self._pairs = pairs
        self._clock = clock

    async def for_municipality(self, sender: str, asked: Empty) -> Holds:
        """What it sent and waits, and what waits for its own notices."""
        del asked
        held = [one for one in self._means.holds.all() if sender in (one.sender, one.other)]
        await self._writer.log(Act(Action.HOLDS_SHOWN, f"CS:{sender}", counts={"holds": len(held)}))
        return Holds([_shown(one) for one in held])

    async def on_console(self, caller: Caller, asked: Empty) -> Holds:
        """Everything that is held; 住民票コード stay masked."""
        del asked
        caller.require(Right.HOLDS_SEE)
        held = self._means.holds.all()
        act = Act(Action.HOLDS_SHOWN, f"operator:{caller.operator}", terminal=caller.terminal)
        act.counts["holds"] = len(held)
        await self._writer.log(act)
        return Holds([_shown(one, hide=True) for one in held])

    async def cancel(self, caller: Caller, asked: CancelHold) -> HoldCancelled:
        """Done by the second person who asks for it; ConflictError `hold.unknown` where there is no such notice."""
        caller.require(Right.HOLDS_CANCEL)
        reason = require_text(asked.reason, "reason")

        async def work(draft: Draft) -> bool:
            one = next((one for one in self._means.holds.all() if one.key.hex() == asked.hold), None)
            if one is None or one not in self._means.holds.of(draft, one.code):
                raise ConflictError("hold.unknown", field="hold")
            done = await self._pairs.second(draft, caller, DEED, asked.hold)
            sealed = {"notice": one.notice, "subject": one.code, "reason": reason}
            action = Action.HOLD_CANCELLED if done else Action.HOLD_CANCEL_ASKED
            draft.log(Act(action, f"operator:{caller.operator}", terminal=caller.terminal, sealed=sealed))
            if done:
                self._holding(draft).give_up(one, ConflictError("hold.cancelled"))
            return done

        return HoldCancelled(await self._writer.write(work))

    async def run(self) -> None:
        """End those whose days are over, for ever."""
        while True:
            try:
                while await self.expire():
                    pass
            except JukuraError as error:
                log.warning("holds not looked at", extra={"code": error.code})
            await asyncio.sleep(LOOK)

    async def expire(self) -> int:
        """End some of those whose days are over; how many."""
        today = day_of(self._clock.now())
        over = [one for one in self._means.holds.all() if one.until < today][:AT_ONCE]

        async def work(draft: Draft) -> int:
            holding = self._holding(draft)
            still = [one for one in over if one in self._means.holds.of(draft, one.code)]
            for one in still:
                holding.give_up(one, ConflictError(EXPIRED))
            return len(still)

        return await self._writer.write(work) if over else 0

    def _holding(self, draft: Draft) -> Holding:
        return Holding(Applying(self._means, draft))


def _shown(one: Waiting, *, hide: bool = False) -> Hold:
    return Hold(
        hold=one.key.hex(), sender=one.sender, other=one.other, notice=one.notice,
        code=masked(one.code) if hide else one.code, why=one.why, seq=one.seq, since=_day(one), until=one.until,
    )  # fmt: skip


def _day(one: Waiting) -> date:
    return day_of(one.received)
