"""Opening files under one of several keys, and exchanging a file in use: whole, durable, and nobody reads in between."""

import asyncio
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.errors import IntegrityError, StateError
from daemon.store import connections, files
from daemon.store.connection import connector
from daemon.store.engine import Table
from daemon.store.faults import Errors
from daemon.store.pages import PageKey, Pages, open_fitting
from daemon.store.sqlite import SHAPE, SqliteEngine
from daemon.store.turnstile import Turnstile
from tests.store.giving_up import at_every_call

OLD, NEW, OTHER = (PageKey(bytes([number]) * 32, name) for number, name in enumerate(("k.1", "k.2", "k.3")))


async def made(file: Path, key: PageKey, value: bytes) -> None:
    """A truth with one value."""
    engine = SqliteEngine(await Pages.open(file, key, SHAPE))
    await engine.apply({Table.ROWS: {b"a": value}})
    await engine.close()


async def test_the_key_that_fits_is_found_and_a_new_file_takes_the_first(tmp_path: Path) -> None:
    file = tmp_path / "register.db"
    await made(file, OLD, b"old")
    for keys in ([NEW, OTHER, OLD], [OLD, NEW], [OLD]):
        pages = await open_fitting(file, keys, SHAPE)
        assert pages.key == OLD
        await pages.close()
    with pytest.raises(IntegrityError, match=r"store\.cannot_open"):
        await open_fitting(file, [NEW, OTHER], SHAPE)
    fresh = await open_fitting(tmp_path / "other.db", [NEW, OLD], SHAPE)
    assert fresh.key == NEW
    await fresh.close()


async def test_a_wrong_key_tried_first_takes_nothing_from_a_file_that_was_killed(tmp_path: Path) -> None:
    file, left = tmp_path / "register.db", tmp_path / "left"
    engine = SqliteEngine(await Pages.open(file, OLD, SHAPE))
    await engine.apply({Table.ROWS: {b"a": b"in the WAL alone"}})
    left.mkdir()
    for part in tmp_path.glob("register.db*"):
        shutil.copy(part, left / part.name)
    await engine.close()
    assert (left / "register.db-wal").stat().st_size > 0
    again = SqliteEngine(await open_fitting(left / "register.db", [NEW, OTHER, OLD], SHAPE))
    assert await again.get_many(Table.ROWS, [b"a"]) == {b"a": b"in the WAL alone"}
    await again.close()


async def test_whoever_gives_up_while_a_file_is_opened_or_closed_leaves_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def opened_and_closed() -> None:
        await (await Pages.open(tmp_path / "register.db", OLD, SHAPE)).close()

    calls = await at_every_call(opened_and_closed, monkeypatch)
    # Each connection is opened and closed, and something is done on one.
    assert calls > 2 * (3 + connections.READERS)


async def test_whoever_gives_up_an_exchange_leaves_the_file_in_use(tmp_path: Path) -> None:
    file, new = tmp_path / "register.db", tmp_path / "other.db"
    await made(file, OLD, b"old")
    await made(new, NEW, b"new")
    engine = SqliteEngine(await Pages.open(file, OLD, SHAPE))
    exchanging = asyncio.get_running_loop().create_task(engine.pages.replace(NEW, new))
    # It waits for the first of the connections, that it closes.
    await asyncio.sleep(0)
    exchanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await exchanging
    assert engine.pages.key == OLD
    assert await engine.get_many(Table.ROWS, [b"a"]) == {b"a": b"old"}
    await engine.close()


STEPS = 2_000_000
SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT count(*) FROM n"


def slow(connection: sqlite3.Connection, steps: int = 2_000_000_000) -> int:
    """A read that takes minutes, if it is let."""
    ((number,),) = connection.execute(SLOW.format(steps)).fetchall()
    return int(number)


def held(connection: sqlite3.Connection) -> int:
    ((number,),) = connection.execute("SELECT count(*) FROM rows").fetchall()
    return int(number)


def put(connection: sqlite3.Connection) -> str:
    connection.execute("INSERT INTO rows VALUES (random(), ?, zeroblob(2000))", (os.urandom(16),))
    return "put"


def empty(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM rows")


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    opened = await Pages.open(tmp_path / "register.db", OLD, SHAPE)
    yield opened
    await opened.close()


async def test_what_is_written_is_one_transaction(pages: Pages) -> None:
    assert await pages.write(put) == "put"

    def broken(connection: sqlite3.Connection) -> None:
        put(connection)
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await pages.write(broken)
    assert await pages.read(held) == 1
    await pages.write(put)
    assert [await pages.read(held), await pages.read(held, apart=True)] == [2, 2]


async def test_who_reads_cannot_write(pages: Pages) -> None:
    for apart in (False, True):
        with pytest.raises(Errors):
            await pages.read(put, apart=apart)


async def test_no_reader_is_left_with_what_was_long_ago(pages: Pages) -> None:
    def begun(connection: sqlite3.Connection) -> int:
        connection.execute("BEGIN")
        return held(connection)

    for number in range(2 * connections.READERS):
        assert await pages.read(begun) == await pages.read(begun, apart=True) == number
        await pages.write(put)


async def test_a_glance_is_taken_where_somebody_is_idle(pages: Pages) -> None:
    def where(connection: sqlite3.Connection) -> int:
        ((reads_only,),) = connection.execute("PRAGMA query_only").fetchall()
        return int(reads_only)

    await pages.write(put)
    assert [await pages.glance(where), await pages.glance(held)] == [0, 1]
    go_on = threading.Event()

    def waits(connection: sqlite3.Connection) -> None:
        put(connection)
        go_on.wait(20)

    writing = asyncio.get_running_loop().create_task(pages.write(waits))
    try:
        async with asyncio.timeout(10):
            await asyncio.sleep(0.05)
            # Not behind whoever writes, and without what is not committed.
            assert [await pages.glance(where), await pages.glance(held)] == [1, 1]
    finally:
        go_on.set()
        await writing
    assert [await pages.glance(where), await pages.glance(held)] == [0, 2]


async def test_whoever_gives_up_a_glance_stops_nobody_who_writes(pages: Pages) -> None:
    began, go_on = threading.Event(), threading.Event()

    def waits(_: sqlite3.Connection) -> None:
        began.set()
        go_on.wait(20)

    def many(connection: sqlite3.Connection) -> int:
        put(connection)
        return slow(connection, STEPS)

    loop = asyncio.get_running_loop()
    glance = loop.create_task(pages.glance(waits))
    await loop.run_in_executor(None, began.wait, 10)
    writing = loop.create_task(pages.write(many))
    await asyncio.sleep(0)
    go_on.set()
    # The loop hears of the end of the glance only after the thread has gone on to write.
    time.sleep(0.05)  # noqa: ASYNC251 - the loop is to stand still
    glance.cancel()
    assert await writing == STEPS
    assert await pages.read(held) == 1


async def test_one_file_can_be_attached_to_another(pages: Pages, tmp_path: Path) -> None:
    await pages.write(put)
    beside = connector(tmp_path / "beside.db", NEW.raw, ())
    try:
        beside.execute("ATTACH ? AS old KEY ?", (str(pages.file), f"x'{OLD.raw.hex()}'"))
        assert beside.execute("SELECT count(*) FROM old.rows").fetchall() == [(1,)]
    finally:
        beside.close()


async def test_a_slow_read_stands_in_nobodys_way_and_ends_with_whoever_asked(pages: Pages) -> None:
    async with asyncio.timeout(20):
        first = asyncio.get_running_loop().create_task(pages.read(slow))
        apart = asyncio.get_running_loop().create_task(pages.read(slow, apart=True))
        await asyncio.sleep(0.05)
        for _ in range(20):
            assert await pages.read(held) == 0
            await pages.write(put)
            await pages.write(empty)
        for task in (first, apart):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        # Their connections are free: both readers at once, and the one apart.
        await asyncio.gather(*(pages.read(held) for _ in range(8)), pages.read(held, apart=True))


async def test_whoever_finds_no_reader_free_hears_of_it(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LENT", 0.05)
    tasks = [asyncio.get_running_loop().create_task(pages.read(slow)) for _ in range(connections.READERS)]
    await asyncio.sleep(0.05)
    with pytest.raises(StateError, match=r"store\.too_slow"):
        await pages.read(held)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await pages.read(held) == 0


async def test_a_file_is_exchanged_under_those_who_read(tmp_path: Path) -> None:
    file = tmp_path / "register.db"
    await made(file, OLD, b"old")
    await made(files.successor(file), NEW, b"new")
    engine = SqliteEngine(await Pages.open(file, OLD, SHAPE))
    read: list[bytes] = []

    async def reading() -> None:
        for apart in (False, True) * 200:
            reads = engine.apart if apart else engine
            read.append((await reads.get_many(Table.ROWS, [b"a"]))[b"a"])

    async def exchange() -> None:
        await asyncio.sleep(0.01)
        await engine.pages.replace(NEW)

    async def settling() -> None:
        for _ in range(50):
            await engine.pages.settle()

    await asyncio.gather(reading(), reading(), reading(), settling(), exchange())
    assert set(read) == {b"old", b"new"}
    assert engine.pages.key == NEW
    await engine.apply({Table.ROWS: {b"b": b"more"}})
    await engine.close()
    assert {part.name for part in tmp_path.iterdir()} == {"register.db"}
    again = SqliteEngine(await Pages.open(file, NEW, SHAPE))
    assert await again.count(Table.ROWS) == 2
    await again.close()


async def test_an_exchange_that_fails_leaves_the_old_file_in_use(tmp_path: Path) -> None:
    file = tmp_path / "register.db"
    await made(file, OLD, b"old")
    engine = SqliteEngine(await Pages.open(file, OLD, SHAPE))
    with pytest.raises(FileNotFoundError):
        await engine.pages.replace(NEW)
    assert engine.pages.key == OLD
    assert await engine.get_many(Table.ROWS, [b"a"]) == {b"a": b"old"}
    await engine.apply({Table.ROWS: {b"a": b"still"}})
    assert await engine.get_many(Table.ROWS, [b"a"]) == {b"a": b"still"}
    await engine.close()


def test_no_log_of_old_pages_lies_beside_the_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "register.db"
    for name in (
        "register.db",
        "register.db-wal",
        "register.db-shm",
        "register.db.next",
        "register.db.next-wal",
    ):
        (tmp_path / name).write_bytes(name.encode())
    seen: list[tuple[str, set[str]]] = []
    sync = os.fsync

    def watched(handle: int) -> None:
        seen.append((Path(f"/proc/self/fd/{handle}").readlink().name, {p.name for p in tmp_path.iterdir()}))
        sync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    files.replace(file, files.successor(file))
    assert file.read_bytes() == b"register.db.next"
    both, one = {"register.db", "register.db.next"}, {"register.db"}
    assert seen == [("register.db.next", both), (tmp_path.name, both), (tmp_path.name, one)]


def test_room_is_asked_for_with_slack_and_floor(tmp_path: Path) -> None:
    file = tmp_path / "register.db"
    file.write_bytes(bytes(1000))
    file.with_name("register.db-wal").write_bytes(bytes(500))
    files.require_room(file, lambda: 1650 + 70, 70)
    with pytest.raises(StateError, match=r"store\.no_room"):
        files.require_room(file, lambda: 1650 + 69, 70)
    assert files.free_beside(tmp_path)() > 0


async def test_a_turnstile_waits_for_those_inside_and_lets_nobody_in_meanwhile() -> None:
    turnstile, order = Turnstile(), []

    async def inside(name: str, seconds: float) -> None:
        async with turnstile.through():
            order.append(f"{name} in")
            await asyncio.sleep(seconds)
            order.append(f"{name} out")

    async def alone() -> None:
        await asyncio.sleep(0.01)
        async with turnstile.shut():
            order.append("alone")
            await asyncio.sleep(0.02)
            order.append("done")

    async def late() -> None:
        await asyncio.sleep(0.015)
        await inside("c", 0)

    await asyncio.gather(inside("a", 0.02), inside("b", 0.03), alone(), late())
    assert order == ["a in", "b in", "a out", "b out", "alone", "done", "c in", "c out"]


async def test_a_turnstile_opens_again_whatever_went_wrong_inside() -> None:
    turnstile = Turnstile()
    with pytest.raises(ValueError, match="x"):
        async with turnstile.shut():
            raise ValueError("x")
    with pytest.raises(ValueError, match="y"):
        async with turnstile.through():
            raise ValueError("y")
    async with asyncio.timeout(1), turnstile.shut():
        pass
