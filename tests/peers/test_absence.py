"""Days without the national server, a restore from a backup, and a hundred thousand messages: nothing lost, nothing doubled, nothing slower."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import msgspec
import pytest

from daemon.contract.national import NUMBER_REUSED, Receipt, ReceiptOutcome, Update
from daemon.crypto.seal import Place
from daemon.errors import StateError
from daemon.peers.pump import LONGEST_WAIT
from daemon.register.rows import Row
from daemon.store.engine import Table
from daemon.store.outbox import Message
from daemon.tasks import Tasks
from tests.commands.notices.test_notices import notice, send, size
from tests.conftest import Bench
from tests.peers.nation import Nation, arrive, code, emptied, life, move, person, pump

DAYS = 3


async def test_three_days_away_lose_nothing_and_end_by_themselves(honnin: Bench) -> None:
    """By the clock: notices every hour, the line cut from the first to the last of three days."""
    nation = Nation()
    nation.away = 10**9
    start = honnin.clock.now()
    arrived = 0
    waits: list[float] = []

    async def rest(seconds: float) -> None:
        nonlocal arrived
        waits.append(seconds)
        # Most of a pause nothing happens; what is left of it brings the tries of a day down to a few.
        honnin.clock.advance(timedelta(seconds=max(seconds, 1200.0)))
        if (honnin.clock.now() - start) >= timedelta(hours=arrived) and arrived < DAYS * 24:
            arrived += 1
            await arrive(honnin, arrived)
        if honnin.clock.now() - start >= timedelta(days=DAYS):
            nation.away = 0
        if arrived == DAYS * 24 and not await size(honnin, Table.OUTBOX):
            raise asyncio.CancelledError

    of = pump(honnin, nation, rest)
    with pytest.raises(asyncio.CancelledError):
        await of.run()
    assert [who for who, _ in nation.told] == [code(number) for number in range(1, DAYS * 24 + 1)]
    assert [update.number for update in nation.accepted] == [*range(1, DAYS * 24 + 1)]
    assert max(waits) <= LONGEST_WAIT
    assert honnin.away[0] is True
    assert honnin.away[-1] is False
    assert (of.failures, of.next_try) == (0, None)


async def test_a_notice_is_acknowledged_while_the_server_is_away(honnin: Bench) -> None:
    nation = Nation()
    nation.away = 10**9
    tasks = Tasks()
    tasks.start(pump(honnin, nation).run(), name="pump")
    try:
        await life(honnin)
    finally:
        await tasks.stop(within=5)
    assert await size(honnin, Table.OUTBOX) == 4


class Books(Nation):
    """Also refuses a number that another key had, as the contract says."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: dict[int, str] = {}

    def _take(self, update: Update) -> Receipt:
        if self.numbers.setdefault(update.number, update.key) != update.key:
            given = max(self.numbers)
            return Receipt(key=update.key, outcome=ReceiptOutcome.REFUSED, code=NUMBER_REUSED, given=given)
        return super()._take(update)


async def test_after_a_restore_the_same_notice_has_the_same_key_and_no_number_is_used_twice(
    honnin: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nation = Books()
    await arrive(honnin, 1)
    await emptied(pump(honnin, nation))
    backup = tmp_path_factory.mktemp("backup")
    await honnin.stop()
    copy(honnin.state, backup)
    await honnin.start()
    await arrive(honnin, 2)
    await arrive(honnin, 3)
    await emptied(pump(honnin, nation))
    await honnin.stop()
    copy(backup, honnin.state)
    await honnin.start()

    assert await size(honnin, Table.ROWS) == 1
    await arrive(honnin, 4)  # one that the national server never heard of, under a number that it knows
    await arrive(honnin, 3)
    await arrive(honnin, 2)
    await emptied(pump(honnin, nation))
    assert sorted(who for who, _ in nation.told) == [code(number) for number in (1, 2, 3, 4)]
    assert await size(honnin, Table.ASIDE) == 0
    await arrive(honnin, 5)
    await emptied(pump(honnin, nation))
    assert nation.accepted[-1].number == max(nation.numbers)


def copy(source: Path, target: Path) -> None:
    """The truth's files, as a backup has them; the projection is none of a backup's business."""
    for file in target.glob("*.db*"):
        file.unlink()
    for file in source.glob("register.db*"):
        shutil.copy(file, target / file.name)


async def test_a_server_that_contradicts_itself_about_numbers_is_not_believed(honnin: Bench) -> None:
    nation = Nation()

    async def odd(updates: list[Update]) -> list[Receipt]:
        return [
            Receipt(key=update.key, outcome=ReceiptOutcome.REFUSED, code=NUMBER_REUSED) for update in updates
        ]

    nation.deliver = odd  # type: ignore[method-assign, assignment]
    await arrive(honnin, 1)
    with pytest.raises(StateError, match=r"national\.wrong_answer"):
        await pump(honnin, nation).once()
    assert await size(honnin, Table.OUTBOX) == 1


async def fill(bench: Bench, count: int) -> None:
    """So many messages about as many people; they share a row, which is all that a message says of it."""
    await arrive(bench, 0)
    ((_, first),) = await bench.open.post.posting.outbox.messages(1)
    sealer, register = bench.open.store.sealer, bench.config.register
    for start in range(0, count, 5000):
        changes: dict[bytes, bytes | None] = {}
        for number in range(start, min(start + 5000, count)):
            place = (10**9 + number).to_bytes(12, "big")
            message = Message(number.to_bytes(32, "big"), first.sender, first.row, number.to_bytes(16, "big"))
            content = msgspec.msgpack.encode(message)
            changes[place] = sealer.seal("work.2026-11", Place(register, Table.OUTBOX, place), content)
        await bench.open.engine.apply({Table.OUTBOX: changes})
    await bench.open.engine.apply({Table.META: {b"under": None}})
    await bench.stop()
    await bench.start()


async def seconds(bench: Bench) -> float:
    """The quickest of several batches, from the first look to the commit."""
    nation = Nation()
    of = pump(bench, nation)
    taken = []
    for _ in range(5):
        begin = perf_counter()
        assert await of.once() == 200
        taken.append(perf_counter() - begin)
    return min(taken)


async def test_a_hundred_thousand_messages_cost_a_batch_no_more_than_a_thousand(honnin: Bench) -> None:
    await fill(honnin, 1_500)
    few = await seconds(honnin)
    await fill(honnin, 100_000)
    many = await seconds(honnin)
    assert many < few * 4 + 0.05
    waiting = await size(honnin, Table.OUTBOX)
    assert honnin.open.store.tally.outbox == waiting > 98_000
    await honnin.stop()
    await honnin.start()
    assert honnin.open.store.tally.outbox == waiting
    assert len(await honnin.open.post.posting.outbox.messages(200)) == 200


async def test_messages_of_before_are_read_too(honnin: Bench) -> None:
    """Earlier versions of the program kept whole updates; theirs lie in the outbox and aside."""
    nation = Nation()
    await arrive(honnin, 1)
    await move(honnin, 1, 1)
    outbox = honnin.open.post.posting.outbox
    rows = await honnin.open.post.posting.updates.rows(
        [message.row for _, message in await outbox.messages(9)]
    )
    in_order = sorted((stored.row for stored in rows.values()), key=lambda row: row.serial)
    whole = [_whole(row, row.serial) for row in in_order]
    register, sealer = honnin.config.register, honnin.open.store.sealer
    places = [place for place, _ in await outbox.messages(9)]
    old: dict[bytes, bytes | None] = {
        place: sealer.seal("work.2026-11", Place(register, Table.OUTBOX, place), content)
        for place, content in zip(places, whole, strict=True)
    }
    await honnin.open.engine.apply({Table.OUTBOX: {places[0]: None, places[1]: old[places[1]]}})
    await honnin.open.engine.apply({Table.ASIDE: {places[0]: old[places[0]]}, Table.META: {b"under": None}})
    await honnin.stop()
    await honnin.start()
    of = pump(honnin, nation)
    await emptied(of)
    assert nation.told == []
    aside = honnin.open.post.posting.aside
    await honnin.open.writer.write(lambda draft: aside.want(draft, None))
    await emptied(of)
    assert nation.told == [(code(1), 1), (code(1), 2)]


def _whole(row: Row, number: int) -> bytes:
    parts = {"key": f"{number:064x}", "register": "honnin", "sender": row.municipality}
    return msgspec.json.encode({**parts, "row": msgspec.to_builtins(row)})


async def test_a_notice_that_is_sent_again_makes_no_second_message(honnin: Bench) -> None:
    await send(honnin, notice("a", person(1)))
    await send(honnin, notice("a", person(1)))
    assert await size(honnin, Table.OUTBOX) == 1
