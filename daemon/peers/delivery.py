"""One batch from the outbox to the national server, and what becomes of each message.

A batch holds one message about a person at the most, in the order of their places, and none of those people of whom one is
aside. What the server refuses is set aside, with whatever else there is of that person; everybody else's go on. So does a
message that alone makes the server refuse a whole batch: it is looked for by halving.

Which messages go out under which numbers follows from what lies in the outbox, and only `_settle` changes anything there but
the end: a batch whose answer was lost goes out as it was, also after a kill. A register that was restored from a backup gives
numbers that others had; the server says so, and the message goes out again under a higher one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.contract.national import MAX_UPDATES, NUMBER_REUSED, Receipt, ReceiptOutcome, Update
from daemon.errors import StateError
from daemon.peers.national import BatchRefusedError
from daemon.store.aside import Aside, AsideList, Blocked, Held, SetAside, Wish
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.outbox import Outbox, Waiting
from daemon.store.sent import Sent
from daemon.store.updates import Sending, Updates
from daemon.store.writer import Writer

ACTOR = "zenkoku"
LONGEST_CODE = 64  # characters kept of the code of a refusal

Version = tuple[str, int]
"""Of a person: 住民票コード and serial."""


class Line(Protocol):
    """The line to the national server."""

    async def deliver(self, updates: Sequence[Update]) -> list[Receipt]:
        """One receipt per update, in order; BatchRefusedError where it takes none of them, StateError where it is away."""
        ...


@dataclass(frozen=True)
class Posting:
    """Where messages lie, and the way they take."""

    outbox: Outbox
    aside: AsideList
    sent: Sent
    updates: Updates
    line: Line
    writer: Writer


@dataclass(frozen=True)
class _Round:
    """What one round does to the outbox."""

    delivered: Sequence[tuple[bytes, Sending]]
    refused: Sequence[tuple[Waiting, str]]
    """With the code of each refusal."""
    versions: Mapping[bytes, Version]
    """Of whom each message of the batch told, by its place; without those whose row was erased."""
    behind: Sequence[Waiting]
    back: Sequence[Held]
    wish: Wish
    left: Wish
    given: int
    """The highest number after it; 0 where none was given."""


class Delivery:
    """Empties the outbox, a batch at a time."""

    def __init__(self, posting: Posting) -> None:
        self._of = posting
        self._size = MAX_UPDATES
        self._blocked: Blocked | None = None
        """None while it is not known, or in doubt."""

    async def once(self) -> tuple[int, int]:
        """One batch: how many messages left the outbox or came back to it, and how many of them were delivered.

        StateError where the server is away; then nothing has changed.
        """
        blocked = self._blocked = self._blocked or await self._of.aside.blocked()
        window, wish = await self._of.outbox.messages(MAX_UPDATES), await self._of.aside.wish()
        if not window and wish == Wish():
            return 0, 0
        batch = _batch(window, blocked)[: self._size]
        before = await self._of.sent.given() if batch else 0
        sendings = [
            Sending(before + place, message.key, message.sender, message.row)
            for place, (_, message) in enumerate(batch, start=1)
        ]
        updates = await self._of.updates.make(sendings) if sendings else []
        receipts = await self._deliver(updates)
        if receipts is None:
            return await self.once()
        places, left = blocked.due(wish, limit=MAX_UPDATES)
        back = await self._of.aside.get(places)
        delivered, refused = _told(batch, sendings, receipts)
        settled = {place for place, _ in batch}
        stuck = _Stuck(blocked, {message.person for (_, message), _ in refused}, back)
        behind = [each for each in window if each[0] not in settled and each[1].person in stuck]
        given = max(before + len(batch), *(receipt.given for receipt in receipts), 0)
        versions = {
            place: (update.row["juminhyo_code"], update.row["serial"])
            for (place, _), update in zip(batch, updates, strict=True)
            if not update.erased
        }
        await self._settle(_Round(delivered, refused, versions, behind, back, wish, left, given), blocked)
        return len(batch) + len(behind) + len(back), len(delivered)

    async def _deliver(self, updates: Sequence[Update]) -> list[Receipt] | None:
        """The receipts; None where a smaller batch is to be tried."""
        if not updates:
            return []
        try:
            receipts = await self._of.line.deliver(updates)
        except BatchRefusedError as error:
            if len(updates) > 1:
                self._size = len(updates) // 2
                return None
            return [Receipt(key=updates[0].key, outcome=ReceiptOutcome.REFUSED, code=error.code)]
        self._size = min(MAX_UPDATES, self._size * 2)
        return receipts

    async def _settle(self, done: _Round, blocked: Blocked) -> None:
        async def work(draft: Draft) -> None:
            self._take_out(draft, done)
            for place, held in done.back:
                draft.delete(Table.ASIDE, place)
                self._of.outbox.put_back(draft, place, held.message)
            if done.wish != done.left:
                await self._of.aside.granted(draft, done.wish, done.left)
            _log(draft, done)

        # Whether it was written is in doubt until the end: then what is aside is read anew.
        self._blocked = None
        await self._of.writer.write(work)
        for place, message in (*(waiting for waiting, _ in done.refused), *done.behind):
            blocked.add(place, message.person)
        blocked.free(place for place, _ in done.back)
        self._blocked = blocked

    def _take_out(self, draft: Draft, done: _Round) -> None:
        for place, sending in done.delivered:
            draft.delete(Table.OUTBOX, place)
            self._of.sent.note(draft, sending)
        for (place, message), code in done.refused:
            draft.delete(Table.OUTBOX, place)
            self._of.aside.put(draft, place, SetAside(message, Aside.REFUSED, code, draft.now))
        for place, message in done.behind:
            draft.delete(Table.OUTBOX, place)
            self._of.aside.put(draft, place, SetAside(message, Aside.WAITING, "", draft.now))
        if done.given:
            self._of.sent.give(draft, done.given)


def _batch(window: Sequence[Waiting], blocked: Blocked) -> list[Waiting]:
    """The first message of each person of whom none is aside."""
    first: dict[bytes, Waiting] = {}
    for waiting in window:
        if waiting[1].person not in blocked:
            first.setdefault(waiting[1].person, waiting)
    return list(first.values())


def _told(
    batch: Sequence[Waiting], sendings: Sequence[Sending], receipts: Sequence[Receipt]
) -> tuple[list[tuple[bytes, Sending]], list[tuple[Waiting, str]]]:
    """What was delivered and what was refused, by the receipts; what is to go out under another number is neither."""
    delivered, refused = [], []
    for waiting, sending, receipt in zip(batch, sendings, receipts, strict=True):
        if receipt.code == NUMBER_REUSED:
            if receipt.given < sending.number:
                raise StateError("national.wrong_answer")
        elif receipt.outcome is ReceiptOutcome.REFUSED:
            refused.append((waiting, receipt.code[:LONGEST_CODE]))
        else:
            delivered.append((waiting[0], sending))
    return delivered, refused


class _Stuck:
    """Whose messages wait behind one that is aside, and stays there."""

    def __init__(self, blocked: Blocked, refused: set[bytes], back: Sequence[Held]) -> None:
        self._blocked = blocked
        self._refused = refused
        self._freed = {held.message.person for _, held in back}

    def __contains__(self, person: bytes) -> bool:
        return person in self._refused or (person in self._blocked and person not in self._freed)


def _log(draft: Draft, done: _Round) -> None:
    if done.delivered:
        told = [done.versions[place] for place, _ in done.delivered if place in done.versions]
        # So a case is followed to its delivery, and whoever asks hears of what was passed on about them.
        sealed = {"subjects": [code for code, _ in told], "serials": [serial for _, serial in told]}
        counts = {"messages": len(done.delivered)}
        draft.log(Act(Action.OUTBOX_DELIVERED, ACTOR, counts=counts, sealed=sealed if told else {}))
    for (place, message), code in done.refused:
        why: dict[str, Any] = {"key": message.key.hex(), "reason": code}
        why |= dict(zip(("subject", "serial"), done.versions.get(place, ()), strict=False))
        draft.log(Act(Action.OUTBOX_SET_ASIDE, ACTOR, Outcome.REFUSED, sealed=why))
    if done.behind:
        draft.log(Act(Action.OUTBOX_WAITS, ACTOR, counts={"messages": len(done.behind)}))
    if done.back:
        draft.log(Act(Action.OUTBOX_PUT_BACK, "jukurad", counts={"messages": len(done.back)}))
