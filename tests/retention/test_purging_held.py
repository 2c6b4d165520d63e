"""What a hold keeps over the purge, how it is let go, and when the keys of both can die."""

import pytest

from daemon.audit.action import Action
from daemon.audit.outlived import outlived
from daemon.commands.caller import Caller
from daemon.contract.keys import DestroyKey
from daemon.contract.merkle import leaf_hash, verify_inclusion
from daemon.errors import ConflictError, StateError
from daemon.retention.deleting import Deleter
from daemon.store.engine import Table
from tests.commands.custody.custodians import RIPE, Desk
from tests.conftest import Bench
from tests.retention import years
from tests.retention.years import (
    AFTER,
    HOUR,
    classes_of,
    day,
    hold,
    leaves,
    lift,
    log,
    names,
    night,
    numbers,
    proven,
    said,
    state,
    until,
)


async def test_what_is_held_stays_under_the_key_of_its_hold_and_is_proven(honnin: Bench) -> None:
    await log(honnin, 10)
    assert await hold(honnin, 3, 5, "2040-01-01") == 1
    before = await leaves(honnin)
    assert await classes_of(honnin, 3, 4, 5) == {"log.2026"}
    await until(honnin, AFTER)
    await night(honnin)
    purged = (await state(honnin)).purged.end
    assert (await numbers(honnin))[:4] == [3, 4, 5, purged]
    assert await classes_of(honnin, 3, 4, 5) == {"hold.1"}
    await until(honnin, day("2033-11-26"))
    await log(honnin, 2)
    tree = honnin.open.journal.tree
    found = [each async for each in outlived(honnin.open.engine, tree.size)]
    assert [(each.seq, each.leaf) for each in found] == [(seq, before[seq]) for seq in (3, 4, 5)]
    for each in found:
        verify_inclusion(each.seq, tree.size, leaf_hash(each.leaf), tree.root(), each.proof)
        assert (await years.entry(honnin, each.seq)).fields["terms"].value == years.secret_of(each.seq)
    shown = await honnin.open.purging.state()
    assert (shown.purged, shown.held, shown.looked) == (purged, 3, AFTER.date())
    assert shown.next == day("2040-11-26").date()
    await proven(honnin)


async def test_while_a_purge_is_under_way_what_is_held_is_what_outlives_it(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log(honnin, 10)
    await hold(honnin, 1, 1, "2040-01-01")
    await hold(honnin, 8, 8, "2040-01-01")
    await until(honnin, AFTER)
    step, steps = Deleter.step, 0

    async def once(deleter: Deleter) -> bool:
        nonlocal steps
        steps += 1
        if steps > 1:
            raise StateError("state.stopping")
        return await step(deleter)

    with monkeypatch.context() as patched:
        patched.setattr(Deleter, "step", once)
        with pytest.raises(StateError):
            await night(honnin)
    assert (await numbers(honnin))[:2] == [1, 4]
    found = [each.seq async for each in outlived(honnin.open.engine, honnin.open.journal.tree.size)]
    assert found == [1, 8]
    with pytest.raises(ConflictError, match=r"log_hold\.purged"):
        await hold(honnin, 6, 6, "2040-01-01")


async def test_a_hold_that_ends_lets_go_in_the_next_night_and_its_key_can_die(
    honnin: Bench, caller: Caller
) -> None:
    await log(honnin, 10)
    number = await hold(honnin, 2, 3, "2035-06-30")
    await until(honnin, AFTER)
    await night(honnin)
    desk = Desk(honnin, caller)
    with pytest.raises(ConflictError, match=r"key\.in_use"):
        await desk.propose(DestroyKey(f"hold.{number}"))
    await until(honnin, day("2035-06-30"))
    await night(honnin)
    assert (await numbers(honnin))[:2] == [2, 3]
    await until(honnin, day("2035-07-01"))
    await night(honnin)
    assert (await numbers(honnin))[0] == 10
    assert [e.header.counts for e in await said(honnin, Action.LOG_HOLD_ENDED)] == [{"hold": 1}]
    (released,) = await said(honnin, Action.LOG_RELEASED)
    assert (released.header.counts, released.fields["entries"].value) == (
        {"hold": 1, "entries": 2},
        [[2, 3]],
    )
    assert not await honnin.open.engine.count(Table.LOG_HOLDS)
    assert not (await state(honnin)).holds.by_number
    desk = Desk(honnin, caller)
    proposal = await desk.agree(DestroyKey(f"hold.{number}"))
    honnin.clock.advance(RIPE)
    assert (await desk.carry_out(proposal)).done
    assert "hold.1" not in await names(honnin)
    # Its number is never given again.
    await log(honnin)
    last = honnin.open.journal.tree.size - 1
    assert await hold(honnin, last, last, "2040-01-01") == 2
    await proven(honnin)


async def test_what_another_hold_keeps_goes_over_to_its_key(honnin: Bench) -> None:
    await log(honnin, 10)
    first, second = await hold(honnin, 2, 5, "2040-01-01"), await hold(honnin, 4, 7, "2040-01-01")
    await until(honnin, AFTER)
    await night(honnin)
    assert [await classes_of(honnin, seq) for seq in (3, 4, 5, 6)] == [{"hold.1"}] * 3 + [{"hold.2"}]
    await lift(honnin, first)
    await night(honnin)
    (released,) = await said(honnin, Action.LOG_RELEASED)
    assert released.fields["entries"].value == [[2, 3]]
    assert (await numbers(honnin))[:5] == [4, 5, 6, 7, (await state(honnin)).purged.end]
    assert await classes_of(honnin, 4, 5, 6, 7) == {"hold.2"}
    # A hold may follow another over what is past its time already.
    third = await hold(honnin, 6, 7, "2041-01-01")
    await lift(honnin, second)
    await night(honnin)
    assert (await numbers(honnin))[:2] == [6, 7]
    assert await classes_of(honnin, 6, 7) == {f"hold.{third}"}
    assert [honnin.open.dependents.dependents(f"hold.{n}") for n in (1, 2)] == [0, 0]
    await proven(honnin)


async def test_a_hold_that_ends_before_the_time_of_its_entries_changes_nothing(honnin: Bench) -> None:
    await log(honnin, 5)
    await lift(honnin, await hold(honnin, 1, 2, "2040-01-01"))
    assert not await honnin.open.engine.count(Table.LOG_HOLDS)
    await until(honnin, AFTER)
    await night(honnin)
    assert 1 not in await numbers(honnin)
    assert not await said(honnin, Action.LOG_RELEASED)


async def test_the_year_key_goes_on_1_april_once_everything_is_purged_or_held(honnin: Bench) -> None:
    await log(honnin, 6)
    await hold(honnin, 4, 4, "2040-01-01")
    await until(honnin, day("2027-03-31"))
    await log(honnin, 2)
    await until(honnin, day("2034-03-31"))
    await night(honnin)
    await honnin.open.custody.look()
    assert "log.2026" in await names(honnin)
    await until(honnin, day("2034-04-01"))
    # The keys are looked after first; what lies under one still keeps it.
    await honnin.open.custody.look()
    assert "log.2026" in await names(honnin)
    assert honnin.open.dependents.dependents("log.2026")
    await night(honnin)
    assert not honnin.open.dependents.dependents("log.2026")
    honnin.clock.advance(HOUR)
    await honnin.open.custody.look()
    there = await names(honnin)
    assert "log.2026" not in there
    assert {"log.2033", "log.2034", "hold.1"} <= there
    assert (await years.entry(honnin, 4)).fields["terms"].value == years.secret_of(4)
    await honnin.stop()
    await honnin.start()
    assert (await years.entry(honnin, 4)).fields["terms"].value == years.secret_of(4)
