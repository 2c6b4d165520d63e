"""One batch of one municipality's notices: each is applied, held, answered as before, or refused, after those before it."""

import asyncio
from collections.abc import Sequence

from daemon.audit.action import Action
from daemon.commands.notices.applying import Applying
from daemon.commands.notices.arrivals import Arrival, Broken, Means, Sound
from daemon.commands.notices.holding import CODES, Holding
from daemon.commands.notices.receipts import Receipt
from daemon.contract.messages import text_of
from daemon.contract.peer import Notice, Outcome, Verdict
from daemon.errors import IntegrityError, JukuraError
from daemon.register.admission import Again, Wait
from daemon.register.rows import Row
from daemon.store.draft import Draft
from daemon.store.held import Waiting

BREATH = 25  # notices judged before others on the loop get their turn


class Batch:
    """Takes the notices of one sender within one piece of work."""

    def __init__(self, means: Means, draft: Draft, sender: str) -> None:
        self._sender = sender
        self._draft = draft
        self._applying = Applying(means, draft)
        self._holding = Holding(self._applying)

    async def run(self, batch: Sequence[Sound | Broken]) -> list[Verdict]:
        """One verdict per notice, in order."""
        sound = _sound(batch)
        await self._applying.subjects.fetch([one.notice for one in sound])
        await self._applying.receipts.fetch(one.key for one in sound)
        verdicts = []
        for number, one in enumerate(batch, start=1):
            verdicts.append(await self._judged(one))
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return verdicts

    async def ahead(self, batch: Sequence[Sound | Broken]) -> None:
        """Read what `run` will read, and look at none of it."""
        sound = _sound(batch)
        await asyncio.gather(
            self._applying.subjects.read([one.notice for one in sound]),
            self._applying.receipts.fetch(one.key for one in sound),
        )

    async def _judged(self, one: Sound | Broken) -> Verdict:
        if isinstance(one, Broken):
            return self._refused(one.id, one.code, one.error)
        try:
            return await self._taken(one)
        except JukuraError as error:
            return self._refused(one.notice.id, one.notice.record.juminhyo_code, error)

    def _refused(self, notice: str, code: str, error: JukuraError) -> Verdict:
        self._applying.refused(self._sender, notice, code, error)
        text = text_of(error.code)
        return Verdict(
            id=notice, outcome=Outcome.REFUSED, code=error.code, field=error.field, ja=text.ja, en=text.en
        )

    async def _taken(self, one: Sound) -> Verdict:
        notice = one.notice
        if receipt := self._applying.receipts.earlier(one.key, notice):
            return self._answered(notice, receipt)
        arrival = Arrival(self._sender, notice, one.record, one.key, self._draft.now)
        outcome = await self._applying.admitted(arrival)
        if isinstance(outcome, Wait):
            return _held(self._holding.hold(arrival, outcome))
        if isinstance(outcome, Again):
            return self._duplicate(notice, self._applying.known(arrival).last)
        row = self._applying.apply(arrival)
        await self._holding.release(arrival)
        return Verdict(
            id=notice.id, outcome=Outcome.APPLIED, serial=row.serial, warnings=list(outcome.warnings)
        )

    def _answered(self, notice: Notice, receipt: Receipt) -> Verdict:
        """The very same notice once more."""
        if not receipt.waits:
            self._applying.log(Action.NOTICE_DUPLICATE, self._sender, sealed={"notice": notice.id})
            return Verdict(id=notice.id, outcome=Outcome.DUPLICATE, serial=receipt.serial)
        one = self._holding.find(self._sender, notice)
        if one is None:
            raise IntegrityError("hold.lost", field="id")
        self._applying.log(
            Action.NOTICE_DUPLICATE, self._sender, code=CODES[one.why], sealed={"notice": notice.id}
        )
        return _held(one)

    def _duplicate(self, notice: Notice, last: Row | None) -> Verdict:
        """What it says was told before, under another name."""
        self._applying.log(Action.NOTICE_DUPLICATE, self._sender, sealed={"notice": notice.id})
        return Verdict(id=notice.id, outcome=Outcome.DUPLICATE, serial=last.serial if last else None)


def _sound(batch: Sequence[Sound | Broken]) -> list[Sound]:
    return [one for one in batch if isinstance(one, Sound)]


def _held(one: Waiting) -> Verdict:
    text = text_of(CODES[one.why])
    return Verdict(
        id=one.notice, outcome=Outcome.HELD, code=CODES[one.why], until=one.until, ja=text.ja, en=text.en
    )
