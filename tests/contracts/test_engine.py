"""What every engine of the truth must do; the in-memory one and SQLCipher pass the same suite."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.errors import IntegrityError, StateError
from daemon.store.engine import Changes, Engine, Reads, Table, place_of
from daemon.store.memory import MemoryEngine
from daemon.store.migrations import TRUTH
from daemon.store.pages import PageKey, Pages
from daemon.store.sqlite import SHAPE, SqliteEngine

KEY = bytes(range(32))


@pytest.fixture(params=["memory", "sqlite"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    made: Engine = (
        MemoryEngine()
        if request.param == "memory"
        else await SqliteEngine.open(tmp_path / "register.db", KEY)
    )
    yield made
    await made.close()


async def test_what_was_put_is_there(engine: Engine) -> None:
    await engine.apply({Table.ROWS: {b"a": b"1", b"b": b"2"}})
    assert await engine.get_many(Table.ROWS, [b"a", b"b", b"c"]) == {b"a": b"1", b"b": b"2"}


async def test_no_key_takes_the_place_of_another(engine: Engine) -> None:
    one, other, third = b"personABown", b"personABother", b"personACown"
    await engine.apply({Table.ROWS: {one: b"1"}})
    refused: list[dict[bytes, bytes | None]] = [
        {other: b"2", third: b"3"},
        {third + b"!": b"3", third: b"3"},
        {one: None, other: b"2"},
    ]
    for change in refused:
        with pytest.raises(StateError, match=r"store\.id_taken"):
            await engine.apply({Table.META: {b"k": b"v"}, Table.ROWS: change})
    assert await engine.scan(Table.ROWS, limit=9) == [(one, b"1")]
    assert await engine.count(Table.META) == 0
    # Nor is one taken for the other.
    assert await engine.get_many(Table.ROWS, [other]) == {}
    await engine.apply({Table.ROWS: {other: None, third: b"3"}})
    assert await engine.scan(Table.ROWS, limit=9) == [(one, b"1"), (third, b"3")]
    await engine.apply({Table.ROWS: {one: None}})
    await engine.apply({Table.ROWS: {other: b"2", third: b"4"}})
    assert await engine.scan(Table.ROWS, limit=9) == [(other, b"2"), (third, b"4")]


async def test_tables_are_apart(engine: Engine) -> None:
    await engine.apply({Table.ROWS: {b"a": b"1"}, Table.OUTBOX: {b"a": b"2"}})
    await engine.apply({Table.OUTBOX: {b"a": None}})
    assert await engine.get_many(Table.ROWS, [b"a"]) == {b"a": b"1"}
    assert await engine.get_many(Table.OUTBOX, [b"a"]) == {}


async def test_put_replaces_and_none_deletes(engine: Engine) -> None:
    await engine.apply({Table.META: {b"k": b"old", b"gone": b"x"}})
    await engine.apply({Table.META: {b"k": b"new", b"gone": None, b"never": None}})
    assert await engine.scan(Table.META, limit=9) == [(b"k", b"new")]
    assert await engine.count(Table.META) == 1


@pytest.mark.parametrize("table", [Table.ROWS, Table.TREE])
async def test_any_number_of_keys_at_once(engine: Engine, table: Table) -> None:
    pairs = {number.to_bytes(4, "big"): bytes([number % 251]) for number in range(1201)}
    await engine.apply({table: dict(pairs)})
    assert await engine.get_many(table, [*reversed(pairs), b"never", *list(pairs)[:3]]) == pairs
    assert await engine.get_many(table, []) == {}
    gone = list(pairs)[:701]
    await engine.apply({table: dict.fromkeys(gone, None)})
    assert await engine.get_many(table, list(pairs)) == {key: pairs[key] for key in pairs if key not in gone}
    assert await engine.count(table) == 500


async def test_what_lies_at_a_place_comes_with_its_whole_key(engine: Engine) -> None:
    pairs: dict[bytes, bytes | None] = {os.urandom(16): bytes([number % 251]) for number in range(300)}
    await engine.apply({Table.ROWS: pairs})
    for some in (list(pairs), list(pairs)[:2], []):
        places = [place_of(key) for key in some]
        for reads in (engine, engine.apart, engine.own):
            assert await reads.get_placed(Table.ROWS, [*places, place_of(b"nobody")]) == {
                key: pairs[key] for key in some
            }
            assert await reads.get_placed(Table.ROWS, places) == {key: pairs[key] for key in some}
    gone = next(iter(pairs))
    await engine.apply({Table.ROWS: {gone: None}})
    assert await engine.get_placed(Table.ROWS, [place_of(gone)]) == {}


KEYS = st.binary(min_size=1, max_size=2).filter(lambda key: not key.endswith(b"\0"))
"""Of `ROWS` a key and the same with zeros after it have one place."""
CHANGES = st.dictionaries(
    st.sampled_from([Table.ROWS, Table.OUTBOX]),
    st.dictionaries(KEYS, st.none() | st.binary(max_size=3), max_size=40),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.lists(CHANGES, max_size=4), asked=st.lists(KEYS, max_size=30))
async def test_it_holds_what_was_put_last(
    engine: Engine, changes: list[dict[Table, dict[bytes, bytes | None]]], asked: list[bytes]
) -> None:
    held: dict[Table, dict[bytes, bytes]] = {Table.ROWS: {}, Table.OUTBOX: {}}
    for table in held:
        await engine.apply({table: {key: None for key, _ in await engine.scan(table, limit=10_000)}})
    for change in changes:
        await engine.apply(change)
        for table, pairs in change.items():
            held[table] = {k: v for k, v in (held[table] | pairs).items() if v is not None}
    for table, expected in held.items():
        for reads in (engine, engine.apart):
            assert await reads.scan(table, limit=10_000) == sorted(expected.items())
            found = await reads.get_many(table, asked)
            assert found == {key: expected[key] for key in asked if key in expected}


async def test_whoever_reads_meanwhile_sees_all_of_a_change_or_nothing(engine: Engine) -> None:
    seen: set[int] = set()
    ended = asyncio.Event()

    async def look(reads: Reads) -> None:
        while not ended.is_set():
            found = await reads.get_many(Table.ROWS, [bytes([number]) for number in range(100)])
            seen.add(len(set(found.values())))
            assert len(found) in {0, 100}
            await asyncio.sleep(0)

    async def change() -> None:
        for number in range(30):
            await engine.apply({Table.ROWS: {bytes([key]): bytes([number]) for key in range(100)}})
            await asyncio.sleep(0)
        ended.set()

    await asyncio.gather(look(engine), look(engine), look(engine), look(engine.apart), change())
    assert seen <= {0, 1}
    assert 1 in seen


@pytest.mark.parametrize("table", [Table.LOG, Table.ROWS])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    keys=st.sets(st.binary(min_size=1, max_size=4).filter(lambda key: not key.endswith(b"\0")), max_size=12),
    first=st.binary(max_size=4),
    last=st.none() | st.binary(max_size=4),
    limit=st.integers(1, 12),
    reverse=st.booleans(),
)
async def test_scan_is_an_ordered_half_open_range(  # noqa: PLR0917 - hypothesis gives them by name
    engine: Engine,
    table: Table,
    keys: set[bytes],
    first: bytes,
    last: bytes | None,
    limit: int,
    reverse: bool,  # noqa: FBT001
) -> None:
    old = await engine.scan(table, limit=1000)
    await engine.apply({table: {key: None for key, _ in old} | {key: key[::-1] for key in keys}})
    within = sorted((k for k in keys if k >= first and (last is None or k < last)), reverse=reverse)
    found = await engine.scan(table, first=first, last=last, limit=limit, reverse=reverse)
    assert found == [(key, key[::-1]) for key in within[:limit]]


async def test_sqlite_keeps_over_reopening_and_wants_its_key(tmp_path: Path) -> None:
    file = tmp_path / "register.db"
    first = await SqliteEngine.open(file, KEY)
    await first.apply({Table.ROWS: {b"a": b"1"}})
    await first.close()
    with pytest.raises(IntegrityError, match=r"store\.cannot_open"):
        await SqliteEngine.open(file, os.urandom(32))
    again = await SqliteEngine.open(file, KEY)
    assert await again.get_many(Table.ROWS, [b"a"]) == {b"a": b"1"}
    await again.close()


@pytest.mark.parametrize("taken", range(1, len(TRUTH)))
async def test_sqlite_of_an_earlier_program_gets_the_tables_that_came_since(
    tmp_path: Path, taken: int
) -> None:
    file = tmp_path / "register.db"
    before = await Pages.open(file, PageKey(KEY), replace(SHAPE, steps=TRUTH[:taken]))
    earlier = SqliteEngine(before)
    await earlier.apply({Table.LOG: {b"a": b"1"}})
    await earlier.close()
    engine = await SqliteEngine.open(file, KEY)
    assert await engine.get_many(Table.LOG, [b"a"]) == {b"a": b"1"}
    for table in Table:
        await engine.apply({table: {b"\x00" * 16: b"2"}})
        assert await engine.get_many(table, [b"\x00" * 16]) == {b"\x00" * 16: b"2"}
    await engine.close()


async def test_sqlite_applies_all_or_nothing(tmp_path: Path) -> None:
    engine = await SqliteEngine.open(tmp_path / "register.db", KEY)
    broken: Changes = {Table.ROWS: {b"a": b"1"}, Table.OUTBOX: {b"a": "not bytes"}}  # type: ignore[dict-item]
    with pytest.raises(Exception, match="cannot store TEXT"):
        await engine.apply(broken)
    assert await engine.get_many(Table.ROWS, [b"a"]) == {}
    await engine.apply({Table.ROWS: {b"a": b"2"}})
    assert await engine.get_many(Table.ROWS, [b"a"]) == {b"a": b"2"}
    await engine.close()


@pytest.mark.parametrize(("version", "code"), [(2, "store.form_gone"), (9_999, "store.from_newer_version")])
async def test_sqlite_of_another_program_is_left_alone(tmp_path: Path, version: int, code: str) -> None:
    engine = await SqliteEngine.open(tmp_path / "register.db", KEY)
    await engine.pages.writer.execute(f"PRAGMA user_version = {version}")
    await engine.close()
    with pytest.raises(IntegrityError, match=code):
        await SqliteEngine.open(tmp_path / "register.db", KEY)
