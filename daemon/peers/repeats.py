"""Messages that the national server asked for again: made from their rows, marked as repeats, under their old numbers and keys.

How far a range has gone out is committed with each batch, so it goes on after a kill. A repeat that is refused is an entry in
the log and nothing else: its message was taken once.
"""

from collections.abc import Sequence

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.contract.national import MAX_UPDATES, Receipt, ReceiptOutcome, Update
from daemon.peers.delivery import ACTOR, LONGEST_CODE, Posting
from daemon.peers.national import BatchRefusedError
from daemon.store.draft import Draft
from daemon.store.sent import Asked


class Repeats:
    """Sends ranges again, a batch at a time."""

    def __init__(self, posting: Posting) -> None:
        self._of = posting

    async def once(self) -> int:
        """One batch of the range asked for first; how many messages went out."""
        asked = next(iter(await self._of.sent.asked()), None)
        if asked is None:
            return 0
        sendings = await self._of.sent.between(asked.first, asked.last, limit=MAX_UPDATES)
        updates = await self._of.updates.make(sendings, repeat=True)
        receipts = await self._deliver(updates)
        through = sendings[-1].number if len(sendings) == MAX_UPDATES else asked.last
        await self._settle(asked, through, updates, receipts)
        return len(updates)

    async def _deliver(self, updates: Sequence[Update]) -> list[Receipt]:
        """The receipts; where the server takes none of them together, each by itself."""
        if not updates:
            return []
        try:
            return await self._of.line.deliver(updates)
        except BatchRefusedError as error:
            if len(updates) == 1:
                return [Receipt(key=updates[0].key, outcome=ReceiptOutcome.REFUSED, code=error.code)]
            half = len(updates) // 2
            return [*await self._deliver(updates[:half]), *await self._deliver(updates[half:])]

    async def _settle(
        self, asked: Asked, through: int, updates: Sequence[Update], receipts: Sequence[Receipt]
    ) -> None:
        refused = [each for each in receipts if each.outcome is ReceiptOutcome.REFUSED]
        erased = sum(update.erased for update in updates)

        async def work(draft: Draft) -> None:
            await self._of.sent.passed(draft, asked, through)
            counts = {"messages": len(updates), "erased": erased, "refused": len(refused)}
            draft.log(Act(Action.OUTBOX_REPEATED, ACTOR, counts=counts))
            for each in refused:
                why = {"key": each.key, "reason": each.code[:LONGEST_CODE]}
                draft.log(Act(Action.OUTBOX_REPEAT_REFUSED, ACTOR, Outcome.REFUSED, sealed=dict(why)))

        await self._of.writer.write(work)
