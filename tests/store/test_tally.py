"""The count per key class: always what a look at every value finds, whatever was put, replaced, deleted or refused."""

import asyncio
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.crypto.seal import Place
from daemon.errors import ConflictError
from daemon.store.draft import Draft
from daemon.store.engine import Changes, Table
from daemon.store.jobs import Work
from daemon.store.tally import SEALED, Tally, classes_of, counted
from tests.conftest import Bench
from tests.store.turning import fill, move

NAMES = ("live.1", "expire.2176", "log.2026", "work.2026-11", "secret.1")
TABLES = (Table.ROWS, Table.OUTBOX, Table.ASIDE, Table.PEOPLE, Table.NOTICES)
CHANGE = st.tuples(
    st.sampled_from(TABLES), st.integers(0, 5), st.none() | st.sampled_from(NAMES), st.booleans()
)


async def looked(bench: Bench) -> Counter[tuple[Table, str]]:
    """What lies where, from every value."""
    counts: Counter[tuple[Table, str]] = Counter()
    for table in SEALED:
        counts += classes_of(table, (value for _, value in await bench.open.engine.scan(table, limit=10_000)))
    return counts


async def agrees(bench: Bench) -> None:
    lying = await looked(bench)
    fresh = await Tally.load(bench.open.engine)
    names = {name for _, name in lying} | set(NAMES)
    for name in names:
        total = sum(count for (_, of), count in lying.items() if of == name)
        assert bench.open.dependents.dependents(name) == total == fresh.under(name)
        assert await bench.open.dependents.confirm(name) == total
    totals: Counter[Table] = Counter()
    for (table, _), count in lying.items():
        totals[table] += count
    held = (totals[Table.ROWS], totals[Table.OUTBOX], totals[Table.ASIDE])
    assert held == (fresh.rows, fresh.outbox, fresh.aside)


Step = tuple[Table, int, str | None, bool]


def changing(bench: Bench, steps: list[Step], *, refused: bool) -> Work[None]:
    """A piece of work that puts and deletes, having looked before or not, and is refused at the end or not."""
    sealer = bench.open.people._sealer

    async def work(draft: Draft) -> None:
        for table, number, name, look in steps:
            key = bytes([number]) * 16
            if look:
                await draft.get_many(table, [key])
            if name is None:
                draft.delete(table, key)
            else:
                draft.put(table, key, sealer.seal(name, Place("honnin", table, key), b"x"))
        draft.log(Act(Action.KEY_MADE, "test"))
        if refused:
            raise ConflictError("test.refused")

    return work


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    groups=st.lists(
        st.lists(st.tuples(st.lists(CHANGE, max_size=5), st.booleans()), min_size=1, max_size=3), max_size=4
    )
)
async def test_it_moves_with_every_change(honnin: Bench, groups: list[list[tuple[list[Step], bool]]]) -> None:
    for works in groups:
        pieces = [changing(honnin, steps, refused=refused) for steps, refused in works]
        await asyncio.gather(*map(honnin.open.writer.write, pieces), return_exceptions=True)
    await agrees(honnin)


async def test_notices_deliveries_and_searches_keep_it_exact(honnin: Bench) -> None:
    await fill(honnin, *range(1, 9))
    await move(honnin, 2, 2)
    assert honnin.open.dependents.dependents("live.1") == 8
    assert honnin.open.dependents.dependents("expire.2176") == 1
    assert honnin.open.dependents.dependents("work.2026-11") == 9

    async def delivered(draft: Draft) -> None:
        for key, _ in await honnin.open.engine.scan(Table.OUTBOX, limit=5):
            draft.delete(Table.OUTBOX, key)

    await honnin.open.writer.write(delivered)
    assert honnin.open.dependents.dependents("work.2026-11") == 4
    await agrees(honnin)


async def test_a_commit_that_failed_counts_for_nothing(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)

    async def full(_: Changes) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as broken:
        broken.setattr(honnin.open.engine, "apply", full)
        with pytest.raises(Exception, match=r"store\.cannot_write"):
            await fill(honnin, 2)
    assert honnin.open.dependents.dependents("live.1") == 1
    await fill(honnin, 3)
    await agrees(honnin)


async def test_where_it_is_missing_everything_is_counted(honnin: Bench) -> None:
    await fill(honnin, 1, 2, 3)
    engine = honnin.open.engine
    kept = await engine.scan(Table.META, first=b"under", last=b"under\xff", limit=100)
    assert len(kept) > 3
    await engine.apply(
        {Table.META: dict.fromkeys((key for key, _ in kept), None) | {b"under:rows:live.7": b"\x01"}}
    )
    await honnin.stop()
    await honnin.start()
    assert honnin.open.dependents.dependents("live.1") == 3
    assert honnin.open.dependents.dependents("live.7") == 0
    await agrees(honnin)


async def test_what_changed_past_the_writer_turns_nobody_away_and_is_counted_anew(honnin: Bench) -> None:
    await fill(honnin, 1)
    engine = honnin.open.engine
    ((key, _),) = await engine.scan(Table.ROWS, limit=9)
    await engine.apply({Table.META: {b"under:rows:live.1": None}})
    await honnin.stop()
    await honnin.start()

    async def delete(draft: Draft) -> None:
        draft.delete(Table.ROWS, key)

    await honnin.open.writer.write(delete)
    await honnin.stop()
    await honnin.start()
    assert honnin.open.dependents.dependents("live.1") == 0
    await agrees(honnin)


async def test_a_damaged_value_is_nobodys_and_stops_no_count(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.open.engine.apply({Table.ROWS: {b"k" * 16: b"\x07nonsense"}, Table.LOG: {b"\xff" * 8: b"x"}})
    assert await counted(honnin.open.engine.apart, "live.1") == 1


async def test_a_confirmation_goes_through_every_batch(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.tally.BATCH", 3)
    await fill(honnin, *range(1, 12))
    assert await honnin.open.dependents.confirm("live.1") == 11
    assert await honnin.open.dependents.confirm("log.2026") == 22
