"""What happens once the projection's file lacks so much that its memory is full: whoever adds versions waits, and nobody else."""

import asyncio
import os
import secrets
import threading
from itertools import groupby
from typing import Any

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.errors import StateError
from daemon.register.transitions import Standing
from daemon.store.engine import Table
from tests.conftest import Bench
from tests.store.projection import contents, expected
from tests.store.test_merging import HEAD, Memory, merger
from tests.store.turning import EVERYONE, fill, found, move


async def test_how_much_the_file_lacks_is_known_before_it_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("daemon.store.merging.FILLING", 2)
    monkeypatch.setattr("daemon.store.merging.MOST", 3)
    memory = Memory()
    follower = merger(memory)
    states = [(follower.filling, follower.full)]
    for commit in (1, 2, 3):
        await follower.follow(HEAD + commit, [object()], [])  # type: ignore[list-item]
        states.append((follower.filling, follower.full))
    assert states == [(False, False), (False, False), (True, False), (True, True)]
    await follower.merge()
    assert (follower.filling, follower.full) == (False, False)


async def test_while_the_file_lacks_too_much_notices_wait_and_everything_else_goes_on(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)
    monkeypatch.setattr("daemon.store.merging.FILLING", 1)
    monkeypatch.setattr("daemon.store.merging.MOST", 1)
    writer = honnin.open.writer
    assert writer.crowded
    async with asyncio.TaskGroup() as group:
        moving = group.create_task(move(honnin, 1, 2))
        for _ in range(3):
            await writer.log(Act(Action.KEY_MADE, "test"))
        await asyncio.sleep(0.1)
        assert not moving.done()
        assert honnin.open.index.waiting == 1
        # The file with what was in memory makes room.
        await honnin.open.merger.merge()
    assert honnin.open.index.waiting == 1


async def test_what_waits_for_room_is_taken_before_the_end(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)
    monkeypatch.setattr("daemon.store.merging.MOST", 1)
    async with asyncio.TaskGroup() as group:
        group.create_task(move(honnin, 1, 2))
        await asyncio.sleep(0.02)
        async with asyncio.timeout(5):
            await honnin.open.writer.close()
    assert honnin.open.index.waiting == 2


async def test_a_full_disk_stops_notices_before_memory_does(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.merging.MOST", 3)

    async def full(*_: object, **__: object) -> None:
        raise sqlcipher.OperationalError("database or disk is full")

    with monkeypatch.context() as disk:
        disk.setattr("daemon.store.index.renewal.renew", full)
        await fill(honnin, 1, 2, 3)
        disk.setattr("daemon.store.writer.WORD", 0.2)
        with pytest.raises(StateError, match=r"store\.no_word"):
            await fill(honnin, 4)
        with pytest.raises(sqlcipher.OperationalError):
            await honnin.open.merger.merge()
    assert (await found(honnin)).total() == 3
    # With room again what waited is taken, though nobody waits for its answer any more.
    await honnin.open.merger.merge()
    await fill(honnin, 5)
    assert (await found(honnin)).total() == 5
    await honnin.open.merger.merge()
    assert await contents(honnin.open.index) == await expected(honnin)


async def test_a_console_hears_how_many_there_are_while_ever_more_is_new(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.index.counting.AT_ONCE", 1)
    monkeypatch.setattr("daemon.store.reader.PATIENCE", 0.05)
    await fill(honnin, 1)
    due, read = honnin.open.index._recent.due, honnin.open.index.pages.read

    async def ever_more(*arguments: Any, **named: Any) -> Any:
        due.people[secrets.token_bytes(16)] = None
        return await read(*arguments, **named)

    monkeypatch.setattr(honnin.open.index.pages, "read", ever_more)
    async with asyncio.timeout(5):
        assert await honnin.open.reader.people((Standing.PRESENT,), on=EVERYONE.on) == 1


async def test_the_thread_of_a_new_file_gives_way_and_no_other_does(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    nicer, set_priority = dict[int, int](), os.setpriority

    def noted(which: int, who: int, priority: int) -> None:
        nicer[who] = priority - os.getpriority(which, who)
        set_priority(which, who, priority)

    monkeypatch.setattr(os, "setpriority", noted)
    await fill(honnin, 1)
    await honnin.open.merger.merge()
    assert list(nicer.values()) == [10]
    assert threading.get_native_id() not in nicer


async def test_versions_of_a_person_lie_side_by_side(honnin: Bench) -> None:
    await fill(honnin, *range(1, 20))
    for number in range(1, 20):
        await move(honnin, number, 2)
    held = await honnin.open.engine.scan(Table.ROWS, limit=100)
    people = [honnin.open.reader._codec.open(row, sealed).person for row, sealed in held]
    assert [len(list(each)) for _, each in groupby(people)] == [2] * 19
    assert len({row for row, _ in held}) == 38
