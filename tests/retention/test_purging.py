"""The nightly purge: what is deleted, what the log says before, what stays provable, and what is left in the file of a deleted entry."""

import asyncio
from base64 import b64decode
from datetime import timedelta

import pytest

from daemon.audit.action import Action
from daemon.audit.entry import header_of
from daemon.audit.journal import Nodes, leaf_of, sequence
from daemon.audit.tree import consistency_proof
from daemon.contract import note
from daemon.contract.merkle import leaf_hash, root_of, verify_consistency
from daemon.contract.note import Checkpoint
from daemon.errors import IntegrityError, StateError
from daemon.retention.deleting import Deleter
from daemon.store.engine import Table
from daemon.tasks import Tasks
from tests.conftest import NOON, Bench
from tests.retention import years
from tests.retention.years import (
    AFTER,
    BEFORE,
    day,
    hold,
    leaves,
    lift,
    log,
    night,
    numbers,
    proven,
    said,
    state,
    until,
)


async def test_entries_are_deleted_when_they_are_seven_years_old_and_not_before(honnin: Bench) -> None:
    assert NOON.year == 2026
    await log(honnin, 4)
    await log(honnin, 6)
    await until(honnin, BEFORE)
    await night(honnin)
    assert await numbers(honnin) == list(range(10))
    await until(honnin, AFTER)
    await log(honnin)
    await night(honnin)
    assert await numbers(honnin) == [10, 11]
    (told,) = await said(honnin, Action.LOG_PURGED)
    assert (told.header.actor, told.header.counts) == ("jukurad", {"first": 0, "end": 10})
    assert [key for key, _ in await honnin.open.engine.scan(Table.CHECKPOINTS, limit=9)] == [
        sequence(size) for size in (10, 11, 12)
    ]


async def test_the_entry_before_it_says_which_and_proves_their_age(honnin: Bench) -> None:
    await log(honnin, 3)
    await log(honnin, 4)
    before = await leaves(honnin)
    await until(honnin, AFTER)
    await night(honnin)
    (told,) = await said(honnin, Action.LOG_PURGED)
    span = told.fields["range"].value
    assert isinstance(span, dict)
    assert span.keys() == {"end", "root", "first", "last", "checkpoint"}
    root = root_of(leaf_hash(leaf) for leaf in before)
    assert (span["end"], b64decode(str(span["root"]))) == (7, root)
    assert (str(span["first"]).encode(), str(span["last"]).encode()) == (before[0], before[-1])
    (pair,) = (await honnin.service.keys()).pairs
    checkpoint = note.verify(str(span["checkpoint"]), note.origin_of("honnin", 1), pair.public)
    assert (checkpoint.size, checkpoint.root) == (7, root)
    assert checkpoint.signed_at.replace(year=2033) <= told.header.time
    tree = honnin.open.journal.tree
    proof = await consistency_proof(7, tree.size, Nodes(honnin.open.engine))
    verify_consistency(7, tree.size, root, tree.root(), proof)


async def test_what_no_old_checkpoint_covers_stays_however_old_it_is(honnin: Bench) -> None:
    await log(honnin, 4)
    honnin.service.token.away = True
    with pytest.raises(StateError):
        await log(honnin, 3)
    honnin.clock.advance(day("2026-11-26") - honnin.clock.now())
    honnin.service.token.away = False
    await honnin.open.signer.sign()
    await until(honnin, AFTER)
    await night(honnin)
    assert await numbers(honnin) == [4, 5, 6, 7]
    await until(honnin, day("2033-11-27"))
    await night(honnin)
    assert (await numbers(honnin))[0] == 7


async def test_nothing_is_deleted_before_the_key_service_signed_that_it_will_be(honnin: Bench) -> None:
    await log(honnin, 6)
    await until(honnin, AFTER)
    honnin.service.token.away = True
    with pytest.raises(StateError):
        await night(honnin)
    assert await numbers(honnin) == list(range(7))
    assert header_of((await leaves(honnin))[-1]).action is Action.LOG_PURGED
    honnin.service.token.away = False
    signed: list[int] = []
    step = Deleter.step

    async def watched(deleter: Deleter) -> bool:
        ((size, _),) = await honnin.open.engine.scan(Table.CHECKPOINTS, limit=1, reverse=True)
        signed.append(int.from_bytes(size, "big"))
        return await step(deleter)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Deleter, "step", watched)
        await night(honnin)
    assert signed[0] == 7
    assert await numbers(honnin) == [6]
    assert len(await said(honnin, Action.LOG_PURGED)) == 1


async def test_a_checkpoint_that_is_not_ours_or_not_of_this_log_stops_it(honnin: Bench) -> None:
    await log(honnin, 5)
    await until(honnin, AFTER)
    engine, key = honnin.open.engine, sequence(5)
    signed = (await engine.get_many(Table.CHECKPOINTS, [key]))[key].decode()
    text, ((name, ident, signature),) = note.split(signed)
    (pair,) = (await honnin.service.keys()).pairs
    other = Checkpoint.parse(text)
    forged = Checkpoint(other.origin, 5, b"\x00" * 32, other.extensions).text()
    line = note.signature_line(name, pair.public, signature)
    for changed, code in (
        (note.signed(forged, line), "log.bad_signature"),
        (signed.replace(f"— {name} ", f"— {name}x "), "log.bad_signature"),
        (signed.replace("2026-11-24T", "2026-11-23T"), "log.bad_signature"),
        (note.signed(text, "— " + line[2:].replace(name, "other.example")), "log.bad_signature"),
    ):
        await engine.apply({Table.CHECKPOINTS: {key: changed.encode()}})
        with pytest.raises(IntegrityError) as refused:
            await night(honnin)
        assert refused.value.code == code
        assert ident
    # A true one, that stands for another size than its own.
    await engine.apply({Table.CHECKPOINTS: {key: None, sequence(4): signed.encode()}})
    with pytest.raises(IntegrityError, match=r"log\.replaced"):
        await night(honnin)
    assert await numbers(honnin) == list(range(5))


async def test_an_entry_that_is_young_is_not_deleted_under_a_checkpoint_that_is_old(honnin: Bench) -> None:
    await log(honnin, 4)
    # The register's clock was two days ahead of the key service's record.
    honnin.clock._now += timedelta(days=2)
    honnin.service.token.away = True
    with pytest.raises(StateError):
        await log(honnin, 2)
    honnin.service.token.away = False
    honnin.clock._now -= timedelta(days=2)
    await log(honnin, 2)
    await until(honnin, AFTER)
    await night(honnin)
    assert (await numbers(honnin))[0] == 4
    await until(honnin, day("2033-11-27"))
    await night(honnin)
    assert (await numbers(honnin))[0] == 8


async def test_a_clock_set_ahead_makes_nothing_old(honnin: Bench) -> None:
    await log(honnin, 5)
    number = await hold(honnin, 1, 1, "2030-01-01")
    honnin.clock._now = AFTER
    await night(honnin)
    assert (await numbers(honnin))[:5] == list(range(5))
    assert number in (await state(honnin)).holds.by_number


async def test_a_gap_among_what_is_due_stops_it(honnin: Bench) -> None:
    await log(honnin, 6)
    await until(honnin, AFTER)
    await honnin.open.engine.apply({Table.LOG: {sequence(2): None}})
    with pytest.raises(IntegrityError, match=r"log\.cut"):
        await night(honnin)
    assert await numbers(honnin) == [0, 1, 3, 4, 5]


async def test_a_purged_log_that_was_cut_at_its_beginning_is_seen_at_the_next_start(honnin: Bench) -> None:
    await log(honnin, 5)
    await until(honnin, AFTER)
    await log(honnin, 3)
    await night(honnin)
    await until(honnin, day("2033-11-26"))
    await honnin.open.engine.apply({Table.LOG: {sequence(5): None}})
    with pytest.raises(IntegrityError, match=r"log\.cut"):
        await until(honnin, day("2033-11-27"))
    honnin.parts = None


async def test_nothing_of_a_deleted_entry_is_left_in_the_file(honnin: Bench) -> None:
    await log(honnin, 40)
    stored = [leaf_of(value) for _, value in await honnin.open.engine.scan(Table.LOG, limit=99)]
    lying = await years.pages(honnin)
    assert all(leaf in lying and sealed in lying for leaf, sealed in stored)
    number = await hold(honnin, 11, 12, "2040-01-01")
    await until(honnin, AFTER)
    await night(honnin)
    lying = await years.pages(honnin)
    for seq, (leaf, sealed) in enumerate(stored):
        commitment = leaf[leaf.index(b'"terms":') :][:40]
        assert (commitment in lying) == (seq in {11, 12})
        assert not any(sealed[at : at + 16] in lying for at in range(24, len(sealed) - 16, 16))
    await lift(honnin, number)
    await night(honnin)
    lying = await years.pages(honnin)
    assert not any(leaf[leaf.index(b'"terms":') :][:40] in lying for leaf, _ in stored)


async def test_purges_go_on_for_years_and_earlier_ones_stay_provable_as_long_as_the_log_speaks_of_them(
    honnin: Bench,
) -> None:
    for year in range(2026, 2044, 2):
        await until(honnin, day(f"{year}-12-01"))
        await log(honnin, 5)
        await night(honnin)
        await proven(honnin)
    sizes = (await state(honnin)).sizes
    told = [each.header.counts["end"] for each in await said(honnin, Action.LOG_PURGED)]
    assert [each.end for each in sizes] == told
    assert 1 < len(told) < 5


async def test_many_at_once_are_told_of_in_several_entries(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.retention.due.AT_ONCE", 5)
    monkeypatch.setattr("daemon.retention.due.BATCH", 2)
    for count in (3, 1, 8, 2):
        await log(honnin, count)
    await until(honnin, AFTER)
    await night(honnin)
    assert [e.header.counts["end"] for e in await said(honnin, Action.LOG_PURGED)] == [4, 12, 14]
    assert (await numbers(honnin))[0] == 14
    await proven(honnin)


async def test_the_duty_runs_at_night_goes_on_after_a_failure_and_then_waits_for_the_next(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.retention.purging.PAUSE", 0)
    await log(honnin, 5)
    await until(honnin, AFTER)
    honnin.service.token.away = True
    tasks = Tasks()
    tasks.start(honnin.open.purging.run(), name="log.purge")
    while not await said(honnin, Action.LOG_PURGED):
        await asyncio.sleep(0.01)
    assert (await numbers(honnin))[0] == 0
    honnin.service.token.away = False
    while (await state(honnin)).purged.looked != AFTER.date():
        await asyncio.sleep(0.01)
    assert (await numbers(honnin))[0] == 5
    size = honnin.open.journal.tree.size
    await asyncio.sleep(0.05)
    assert honnin.open.journal.tree.size == size
    assert await tasks.stop(within=5) == []
