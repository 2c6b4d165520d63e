"""One batch of one municipality's notices: each is applied, held, answered as before, or refused, after those before it."""

import asyncio
from collections.abc import Sequence

from daemon.audit.entry import Action
from daemon.commands.notices.applying import Applying
from daemon.commands.notices.arrivals import Arrival, Broken, Means
from daemon.commands.notices.holding import CODES, Holding
from daemon.commands.notices.receipts import Receipt
from daemon.contract.messages import text_of
from daemon.contract.peer import Notice, Outcome, Verdict
from daemon.errors import IntegrityError, JukuraError
from daemon.register.admission import Again, Wait
from daemon.register.checks import check, check_sender
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

    async def run(self, batch: Sequence[Notice | Broken]) -> list[Verdict]:
        """One verdict per notice, in order."""
        readable = _readable(batch)
        await self._applying.subjects.fetch(readable)
        await self._applying.receipts.fetch(self._key(notice) for notice in readable)
        verdicts = []
        for number, notice in enumerate(batch, start=1):
            verdicts.append(await self._judged(notice))
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return verdicts

    async def ahead(self, batch: Sequence[Notice | Broken]) -> None:
        """Read what `run` will read, and look at none of it."""
        readable = _readable(batch)
        await asyncio.gather(
            self._applying.subjects.read(readable),
            self._applying.receipts.fetch(self._key(notice) for notice in readable),
        )

    async def _judged(self, notice: Notice | Broken) -> Verdict:
        try:
            if isinstance(notice, Broken):
                raise notice.error
            return await self._taken(notice)
        except JukuraError as error:
            code = "" if isinstance(notice, Broken) else notice.record.juminhyo_code
            self._applying.refused(self._sender, notice.id, code, error)
            text = text_of(error.code)
            return Verdict(
                id=notice.id,
                outcome=Outcome.REFUSED,
                code=error.code,
                field=error.field,
                ja=text.ja,
                en=text.en,
            )

    async def _taken(self, notice: Notice) -> Verdict:
        check_sender(notice.record, self._sender)
        record, key = check(notice.record), self._key(notice)
        if receipt := self._applying.receipts.earlier(key, notice):
            return self._answered(notice, receipt)
        arrival = Arrival(self._sender, notice, record, key, self._draft.now)
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

    def _key(self, notice: Notice) -> bytes:
        return self._applying.key(self._sender, notice.id)


def _readable(batch: Sequence[Notice | Broken]) -> list[Notice]:
    return [notice for notice in batch if not isinstance(notice, Broken)]


def _held(one: Waiting) -> Verdict:
    text = text_of(CODES[one.why])
    return Verdict(
        id=one.notice, outcome=Outcome.HELD, code=CODES[one.why], until=one.until, ja=text.ja, en=text.en
    )
