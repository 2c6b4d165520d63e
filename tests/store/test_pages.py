"""Opening files under one of several keys, and exchanging a file in use: whole, durable, and nobody reads in between."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from daemon.errors import IntegrityError, StateError
from daemon.store import files
from daemon.store.engine import Table
from daemon.store.pages import PageKey, Pages, open_fitting
from daemon.store.sqlite import SHAPE, SqliteEngine
from daemon.store.turnstile import Turnstile

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

    await asyncio.gather(reading(), reading(), exchange())
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
    files.replace(file)
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
