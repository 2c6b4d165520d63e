"""What happens once the projection's file lacks so much that its memory is full: whoever adds versions waits, and nobody else."""

import asyncio

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from daemon.audit.act import Act
from daemon.audit.entry import Action
from daemon.errors import StateError
from tests.conftest import Bench
from tests.store.projection import contents, expected
from tests.store.test_merging import HEAD, Memory, merger
from tests.store.turning import fill, found, move


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
