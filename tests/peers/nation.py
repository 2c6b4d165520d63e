"""A national server in memory, and lives to tell it of."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace as but
from typing import Any

from msgspec.structs import replace

from daemon.contract.national import Receipt, ReceiptOutcome, Update
from daemon.errors import StateError
from daemon.peers.national import BatchRefusedError
from daemon.peers.pump import Pump
from daemon.register.codes import juminhyo_digit
from daemon.register.rows import HonninRecord
from tests.commands.notices.test_notices import DAY, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN


class Nation:
    """Remembers keys and numbers, and can be away, lose its answers, or refuse."""

    def __init__(self) -> None:
        self.accepted: list[Update] = []
        self.repeats: list[Update] = []
        self.batches: list[list[Update]] = []
        self.received = 0
        self.away = 0
        self.lose = 0
        self.refuse: Callable[[Update], bool] = lambda _: False
        self.poison: Callable[[Update], bool] = lambda _: False
        """What makes it refuse a whole batch."""

    async def deliver(self, updates: Sequence[Update]) -> list[Receipt]:
        if self.away:
            self.away -= 1
            raise StateError("national.away")
        self.batches.append(list(updates))
        if any(map(self.poison, updates)):
            raise BatchRefusedError("national.refused_batch")
        self.received += len(updates)
        receipts = [self._take(update) for update in updates]
        if self.lose:
            self.lose -= 1
            raise StateError("national.away")
        return receipts

    def _take(self, update: Update) -> Receipt:
        if self.refuse(update):
            return Receipt(key=update.key, outcome=ReceiptOutcome.REFUSED, code="national.bad_row")
        if update.repeat:
            self.repeats.append(update)
            return Receipt(key=update.key, outcome=ReceiptOutcome.DUPLICATE)
        if update.key in {one.key for one in self.accepted}:
            return Receipt(key=update.key, outcome=ReceiptOutcome.DUPLICATE)
        self.accepted.append(update)
        return Receipt(key=update.key, outcome=ReceiptOutcome.ACCEPTED)

    @property
    def told(self) -> list[tuple[str, int]]:
        """Whom and which version it was told of, in order."""
        return [(update.row["juminhyo_code"], update.row["serial"]) for update in self.accepted]

    def numbers_used_twice(self) -> set[int]:
        """Numbers that came with more than one key, or keys that came with more than one number and were taken."""
        pairs = {(update.number, update.key) for batch in self.batches for update in batch}
        return {number for number, times in Counter(number for number, _ in pairs).items() if times > 1}


def pump(
    bench: Bench,
    nation: Nation,
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    may: Callable[[], bool] = lambda: True,
) -> Pump:
    """The pump of a register, with `nation` at the other end."""
    posting = but(bench.open.post.posting, line=nation)
    return Pump(posting, bench.away.append, lambda: 0.0, bench.clock, may=may, rest=rest)


async def emptied(of: Pump) -> None:
    """Let it work until there is nothing to do."""
    while await of.once():
        pass


def code(number: int) -> str:
    """The 住民票コード of somebody."""
    ten = f"{2_000_000_000 + number}"
    return ten + juminhyo_digit(ten)


def person(number: int, **changes: Any) -> HonninRecord:
    """Somebody who comes from abroad; a second time with an address they move within the city."""
    if changes:
        changes = {"reason": "31", "event_date": DAY, **changes}
    return replace(HONNIN, **{"juminhyo_code": code(number), "kojin_bango": "", "reason": "12", **changes})


async def arrive(bench: Bench, number: int) -> None:
    """Somebody is entered."""
    await send(bench, notice(f"a{number}", person(number)))


async def move(bench: Bench, number: int, times: int) -> None:
    """They move for the `times`-th time."""
    moved = person(number, address=f"山口県山口市滝町{times}番")
    await send(bench, notice(f"m{number}-{times}", moved, times + 1))


async def life(bench: Bench) -> None:
    """Three notices about one person, one about another."""
    await arrive(bench, 1)
    await move(bench, 1, 1)
    await move(bench, 1, 2)
    await arrive(bench, 2)
