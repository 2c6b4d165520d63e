"""The PIN at start: M holders give their shares one after the other, and the token opens.

Only tokens that a ceremony made, and whose PIN nobody has given, wait. Shares that are not of them are refused, and
the others stay. All are forgotten after success, and FORGET seconds after the first.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from daemon.errors import ConflictError
from hsm.ceremony import making, shares
from hsm.ceremony.hand import Hand, holder_of
from hsm.ceremony.protocol import Waiting
from hsm.ceremony.record import Record, Shelf

log = logging.getLogger(__name__)

FORGET = 600.0  # seconds


class Giving:
    """`has_pin` says whether a token's PIN is there; `opens` is told the label and the PIN that shares gave."""

    def __init__(
        self,
        shelf: Shelf,
        *,
        has_pin: Callable[[str], bool],
        opens: Callable[[str, bytes], None],
        forget: float = FORGET,
    ) -> None:
        self._shelf = shelf
        self._has_pin = has_pin
        self._opens = opens
        self._after = forget
        self._hands: dict[str, Hand] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def waiting(self) -> list[Waiting]:
        """The tokens that wait, and how far their holders are."""
        return [
            Waiting(label=record.label, given=self._count(record), threshold=record.threshold)
            for record in await self._records()
        ]

    async def give(self, words: Sequence[str]) -> None:
        """Take a share; the last that is needed opens the token."""
        records = await self._records()
        if not records:
            raise ConflictError("ceremony.pin_not_awaited")
        share = shares.read(words)
        record = next((each for each in records if holder_of(each, share) is not None), None)
        if record is None:
            raise ConflictError("ceremony.share_foreign")
        hand = self._hand(record)
        hand.take(share)
        log.info("share given", extra={"count": len(hand.given)})
        if hand.enough:
            self._finish(record, hand)

    def close(self) -> None:
        """Forget every share."""
        for label in list(self._hands):
            self._forget(label)

    def _finish(self, record: Record, hand: Hand) -> None:
        try:
            secret = hand.combine(hand.given)
            self._opens(record.label, making.pin_of(record, secret))
            secret.wipe()
        finally:
            self._forget(record.label)

    def _hand(self, record: Record) -> Hand:
        if record.label not in self._hands:
            self._hands[record.label] = Hand(record)
            later = asyncio.get_running_loop().call_later
            self._timers[record.label] = later(self._after, self._forget, record.label)
        return self._hands[record.label]

    def _forget(self, label: str) -> None:
        self._timers.pop(label).cancel()
        self._hands.pop(label).put_down()

    def _count(self, record: Record) -> int:
        hand = self._hands.get(record.label)
        return len(hand.given) if hand else 0

    async def _records(self) -> list[Record]:
        return [record for record in (await self._shelf.book()).done if not self._has_pin(record.label)]
