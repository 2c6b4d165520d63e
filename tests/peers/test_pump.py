"""The outbox: at least once, in order, over absences, lost answers and refusals; nothing lost and nothing doubled."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.audit.entry import Action
from daemon.contract.national import Receipt, ReceiptOutcome, Update
from daemon.errors import StateError
from daemon.peers.pump import FIRST_WAIT, LONGEST_WAIT, Pump, wait
from daemon.register.codes import juminhyo_digit
from daemon.store.engine import Table
from daemon.store.outbox import Outbox
from tests.commands.test_notices import DAY, entries, notice, send, size
from tests.conftest import Bench
from tests.register.people import HONNIN


class Nation:
    """A national server in memory: remembers keys, and can be away, lose its answers, or refuse."""

    def __init__(self) -> None:
        self.accepted: list[Update] = []
        self.received = 0
        self.away = 0
        self.lose = 0
        self.refuse: set[int] = set()

    async def deliver(self, updates: Sequence[Update]) -> list[Receipt]:
        if self.away:
            self.away -= 1
            raise StateError("national.away")
        self.received += len(updates)
        receipts = [self._take(update) for update in updates]
        if self.lose:
            self.lose -= 1
            raise StateError("national.away")
        return receipts

    def _take(self, update: Update) -> Receipt:
        if update.row["serial"] in self.refuse:
            return Receipt(key=update.key, outcome=ReceiptOutcome.REFUSED, code="national.bad_row")
        if update.key in {one.key for one in self.accepted}:
            return Receipt(key=update.key, outcome=ReceiptOutcome.DUPLICATE)
        self.accepted.append(update)
        return Receipt(key=update.key, outcome=ReceiptOutcome.ACCEPTED)


def pump(bench: Bench, nation: Nation) -> Pump:
    outbox = Outbox(bench.config.register, bench.open.engine, bench.open.people._sealer)
    return Pump(outbox, nation, bench.open.writer, bench.away.append, lambda: 0.0)  # type: ignore[arg-type]


async def life(bench: Bench) -> None:
    """Three notices about one person, one about another."""
    other = replace(
        HONNIN, juminhyo_code="1234567890" + juminhyo_digit("1234567890"), kojin_bango="", reason="12"
    )
    moved = [replace(HONNIN, reason="31", event_date=DAY, address=f"山口県山口市滝町{n}番") for n in (2, 3)]
    await send(bench, notice("1"), notice("2", moved[0], 2), notice("3", moved[1], 3), notice("4", other))


async def test_messages_arrive_in_order_and_leave_the_outbox(honnin: Bench) -> None:
    nation = Nation()
    await life(honnin)
    assert await pump(honnin, nation).once() == 4
    assert [update.row["serial"] for update in nation.accepted] == [1, 2, 3, 1]
    assert await size(honnin, Table.OUTBOX) == 0
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.counts) == (Action.OUTBOX_DELIVERED, {"messages": 4})
    assert await pump(honnin, nation).once() == 0


async def test_a_lost_answer_is_asked_for_again_and_counts_once(honnin: Bench) -> None:
    nation = Nation()
    nation.lose = 1
    await life(honnin)
    with pytest.raises(StateError):
        await pump(honnin, nation).once()
    assert await size(honnin, Table.OUTBOX) == 4
    await pump(honnin, nation).once()
    assert (nation.received, len(nation.accepted)) == (8, 4)
    assert await size(honnin, Table.OUTBOX) == 0


async def test_keys_stay_the_same_over_a_restart(honnin: Bench) -> None:
    nation = Nation()
    nation.lose = 1
    await life(honnin)
    with pytest.raises(StateError):
        await pump(honnin, nation).once()
    await honnin.stop()
    await honnin.start()
    await pump(honnin, nation).once()
    assert len(nation.accepted) == 4


async def test_a_refused_message_is_set_aside_and_the_others_go_on(honnin: Bench) -> None:
    nation = Nation()
    nation.refuse = {2}
    await life(honnin)
    await pump(honnin, nation).once()
    assert [update.row["serial"] for update in nation.accepted] == [1, 3, 1]
    assert [await size(honnin, table) for table in (Table.OUTBOX, Table.ASIDE)] == [0, 1]
    aside = [entry for entry in await entries(honnin) if entry.header.action is Action.OUTBOX_SET_ASIDE]
    assert [entry.fields["reason"].value for entry in aside] == ["national.bad_row"]


async def test_absence_is_a_state_and_ends_by_itself(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.peers.pump.FIRST_WAIT", 0.001)
    monkeypatch.setattr("daemon.peers.pump.IDLE", 0.001)
    nation = Nation()
    nation.away = 3
    await life(honnin)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await pump(honnin, nation).run()
    assert honnin.away == [True, True, True, False]
    assert len(nation.accepted) == 4


async def test_a_message_that_does_not_verify_is_an_alarm_and_not_the_end(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("daemon.peers.pump.FIRST_WAIT", 0.001)
    await life(honnin)
    ((place, sealed), *_) = await honnin.open.engine.scan(Table.OUTBOX, limit=1)
    await honnin.open.engine.apply({Table.OUTBOX: {place: sealed[:-1] + bytes([sealed[-1] ^ 1])}})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await pump(honnin, Nation()).run()
    assert {record.levelname for record in caplog.records if record.msg == "outbox not delivered"} == {
        "CRITICAL"
    }
    assert await size(honnin, Table.OUTBOX) == 4


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_grow_with_jitter_and_are_bounded(failures: int, chance: float) -> None:
    assert FIRST_WAIT / 2 <= wait(failures, chance) <= LONGEST_WAIT
    assert wait(failures, 0) <= wait(failures, chance) <= wait(failures, 1)
