"""The outbox: at least once, in order, over absences, lost answers and refusals; nothing lost and nothing doubled."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.action import Action
from daemon.contract.national import Receipt
from daemon.errors import StateError
from daemon.peers.national import AwayError
from daemon.peers.pump import FIRST_WAIT, LONGEST_ASKED, LONGEST_WAIT, wait
from daemon.store.aside import Aside, Wish
from daemon.store.draft import Draft
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries, size
from tests.conftest import Bench
from tests.peers.nation import Nation, arrive, code, emptied, life, move, pump


async def test_messages_arrive_in_order_and_leave_the_outbox(honnin: Bench) -> None:
    nation = Nation()
    await life(honnin)
    of = pump(honnin, nation)
    assert await of.once() == 2
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.counts) == (Action.OUTBOX_DELIVERED, {"messages": 2})
    await emptied(of)
    assert [serial for _, serial in nation.told] == [1, 1, 2, 3]
    assert [update.number for update in nation.accepted] == [1, 2, 3, 4]
    assert await size(honnin, Table.OUTBOX) == 0
    assert of.delivered == 4


async def test_a_delivery_says_sealed_which_versions_of_whom_it_was_of(honnin: Bench) -> None:
    nation = Nation()
    await life(honnin)
    (_, first), *_ = await honnin.open.post.posting.outbox.messages(9)

    async def erase(draft: Draft) -> None:
        draft.delete(Table.ROWS, first.row)

    await honnin.open.writer.write(erase)
    await pump(honnin, nation).once()
    told = (await entries(honnin))[-1]
    assert told.header.counts == {"messages": 2}
    # Of a row that was erased before it went out nothing is known any more.
    assert {name: field.value for name, field in told.fields.items()} == {
        "subjects": [code(2)],
        "serials": [1],
    }


async def test_a_batch_never_holds_two_messages_of_one_person(honnin: Bench) -> None:
    nation = Nation()
    await life(honnin)
    await emptied(pump(honnin, nation))
    assert [[update.row["juminhyo_code"] for update in batch] for batch in nation.batches] == [
        [code(1), code(2)],
        [code(1)],
        [code(1)],
    ]


async def test_a_lost_answer_is_asked_for_again_and_counts_once(honnin: Bench) -> None:
    nation = Nation()
    nation.lose = 1
    await life(honnin)
    of = pump(honnin, nation)
    with pytest.raises(StateError):
        await of.once()
    assert await size(honnin, Table.OUTBOX) == 4
    await emptied(of)
    assert (nation.received, len(nation.accepted)) == (6, 4)
    assert nation.numbers_used_twice() == set()
    assert await size(honnin, Table.OUTBOX) == 0


async def test_keys_and_numbers_stay_the_same_over_a_restart(honnin: Bench) -> None:
    nation = Nation()
    nation.lose = 1
    await life(honnin)
    with pytest.raises(StateError):
        await pump(honnin, nation).once()
    await arrive(honnin, 3)  # comes after, and does not take a number away from those in doubt
    await honnin.stop()
    await honnin.start()
    await emptied(pump(honnin, nation))
    assert len(nation.accepted) == 5
    assert nation.numbers_used_twice() == set()


async def test_a_refused_message_holds_back_its_person_and_nobody_else(honnin: Bench) -> None:
    nation = Nation()
    nation.refuse = lambda update: update.row["serial"] == 2
    await life(honnin)
    await move(honnin, 2, 1)
    await arrive(honnin, 3)
    await emptied(pump(honnin, nation))
    assert nation.told == [(code(1), 1), (code(2), 1), (code(3), 1)]
    assert [await size(honnin, table) for table in (Table.OUTBOX, Table.ASIDE)] == [0, 3]
    held = await honnin.open.post.posting.aside.page(b"", limit=9)
    assert [(one.state, one.code) for _, one in held] == [
        (Aside.REFUSED, "national.bad_row"),
        (Aside.WAITING, ""),
        (Aside.REFUSED, "national.bad_row"),
    ]
    aside = [entry for entry in await entries(honnin) if entry.header.action is Action.OUTBOX_SET_ASIDE]
    assert [entry.fields["reason"].value for entry in aside] == ["national.bad_row"] * 2


async def test_who_comes_later_waits_behind_a_refused_message_after_a_restart_too(honnin: Bench) -> None:
    nation = Nation()
    nation.refuse = lambda update: update.row["serial"] == 1
    await arrive(honnin, 1)
    await emptied(pump(honnin, nation))
    await honnin.stop()
    await honnin.start()
    nation.refuse = lambda _: False
    await move(honnin, 1, 1)
    await emptied(pump(honnin, nation))
    assert nation.told == []
    assert await size(honnin, Table.ASIDE) == 2


@pytest.mark.parametrize("everything", [True, False])
async def test_what_is_tried_again_goes_out_in_its_old_order(honnin: Bench, *, everything: bool) -> None:
    nation = Nation()
    nation.refuse = lambda update: update.row["serial"] == 2
    await life(honnin)
    of = pump(honnin, nation)
    await emptied(of)
    nation.refuse = lambda _: False
    await move(honnin, 1, 3)
    aside = honnin.open.post.posting.aside
    ((first, _), *_) = await aside.page(b"", limit=9)
    await honnin.open.writer.write(lambda draft: aside.want(draft, None if everything else [first]))
    await emptied(of)
    assert [serial for who, serial in nation.told if who == code(1)] == [1, 2, 3, 4]
    assert [await size(honnin, table) for table in (Table.OUTBOX, Table.ASIDE)] == [0, 0]
    assert nation.numbers_used_twice() == set()


async def test_what_is_refused_again_is_aside_again_and_tried_once(honnin: Bench) -> None:
    nation = Nation()
    nation.refuse = lambda update: update.row["serial"] == 1
    for number in (1, 2, 3):
        await arrive(honnin, number)
    of = pump(honnin, nation)
    await emptied(of)
    aside = honnin.open.post.posting.aside
    await honnin.open.writer.write(lambda draft: aside.want(draft, None))
    await emptied(of)
    assert await aside.wish() == Wish()
    assert [update.row["juminhyo_code"] for batch in nation.batches for update in batch] == [
        code(number) for number in (1, 2, 3, 1, 2, 3)
    ]
    assert await size(honnin, Table.ASIDE) == 3


async def test_a_message_that_spoils_its_batch_is_found_and_set_aside_alone(honnin: Bench) -> None:
    nation = Nation()
    nation.poison = lambda update: update.row["juminhyo_code"] == code(5)
    for number in range(9):
        await arrive(honnin, number)
    await emptied(pump(honnin, nation))
    assert [who for who, _ in nation.told] == [code(number) for number in range(9) if number != 5]
    ((_, held),) = await honnin.open.post.posting.aside.page(b"", limit=9)
    assert (held.state, held.code) == (Aside.REFUSED, "national.refused_batch")


async def test_nothing_goes_out_while_it_may_not(honnin: Bench) -> None:
    nation = Nation()
    await life(honnin)
    assert await pump(honnin, nation, may=lambda: False).once() == 0
    assert nation.batches == []


async def test_absence_is_a_state_and_ends_by_itself(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.peers.pump.FIRST_WAIT", 0.001)
    monkeypatch.setattr("daemon.peers.pump.IDLE", 0.001)
    nation = Nation()
    nation.away = 3
    await life(honnin)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await pump(honnin, nation).run()
    assert honnin.away[:4] == [True, True, True, False]
    assert True not in honnin.away[3:]
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


@pytest.mark.parametrize(("asked", "waited"), [(0.0, FIRST_WAIT / 2), (7.0, 7.0), (1e9, LONGEST_ASKED)])
async def test_it_waits_as_long_as_the_server_asks(honnin: Bench, asked: float, waited: float) -> None:
    nation = Nation()

    async def busy(_: object) -> list[Receipt]:
        raise AwayError("national.busy", after=asked)

    nation.deliver = busy  # type: ignore[method-assign, assignment]
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        assert of.next_try == honnin.clock.now() + timedelta(seconds=seconds)
        raise asyncio.CancelledError

    await arrive(honnin, 1)
    of = pump(honnin, nation, rest)
    with pytest.raises(asyncio.CancelledError):
        await of.run()
    assert (rests, of.failures) == ([waited], 1)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_grow_with_jitter_and_are_bounded(failures: int, chance: float) -> None:
    assert FIRST_WAIT / 2 <= wait(failures, chance) <= LONGEST_WAIT
    assert wait(failures, 0) <= wait(failures, chance) <= wait(failures, 1)
