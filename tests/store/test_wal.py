"""The WAL of a file in use: it stays short while commits go on, and is moved no more often than it has to be."""

import asyncio
import dataclasses
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.store import pages as pages_module
from daemon.store.faults import Errors
from daemon.store.pages import Pages
from daemon.store.sqlite import SHAPE
from tests.store.test_pages import OLD, held, put


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    opened = await Pages.open(tmp_path / "register.db", OLD, SHAPE)
    yield opened
    await opened.close()


def log_of(pages: Pages) -> int:
    """Bytes of the WAL."""
    return pages.file.with_name(pages.file.name + "-wal").stat().st_size


async def written(pages: Pages, megabytes: int) -> None:
    """So much, in commits of 40 KB."""
    for _ in range(megabytes * 25):
        await pages.write(lambda connection: [put(connection) for _ in range(20)])


async def test_the_wal_stays_short_while_commits_go_on(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_shape", dataclasses.replace(SHAPE, settle=100))
    keeping = asyncio.get_running_loop().create_task(pages.keep_short())
    await written(pages, 8)
    assert log_of(pages) < 5_000_000
    keeping.cancel()
    # The same without it.
    before = log_of(pages)
    await written(pages, 8)
    assert log_of(pages) > before + 6_000_000
    assert await pages.read(held) == 8_000


async def test_the_wal_is_moved_also_while_somebody_writes(pages: Pages) -> None:
    await written(pages, 2)
    before = pages.file.stat().st_size
    await pages.writer.execute("BEGIN IMMEDIATE")
    await pages.writer.run(put)
    await pages.settle()
    assert pages.file.stat().st_size > before + 1_500_000
    await pages.writer.execute("COMMIT")
    assert await pages.read(held) == 1_001


async def test_what_is_written_while_the_wal_is_moved_is_no_reason_to_move_it_again(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, moves = pages_module._move, []
    began, go_on = threading.Event(), threading.Event()

    def waits(connection: sqlite3.Connection) -> int:
        moves.append(connection)
        began.set()
        go_on.wait(20)
        return move(connection)

    monkeypatch.setattr(pages_module, "_move", waits)
    monkeypatch.setattr(pages, "_shape", dataclasses.replace(SHAPE, settle=10))
    loop = asyncio.get_running_loop()
    keeping = loop.create_task(pages.keep_short())
    for number in range(1, 3):
        await pages.write(lambda connection: [put(connection) for _ in range(10)])
        await loop.run_in_executor(None, began.wait, 10)
        # Whoever looks at how much there is finds more than enough.
        await pages.write(put)
        began.clear()
        go_on.set()
        await asyncio.sleep(0.1)
        go_on.clear()
        assert len(moves) == 2 * number
    keeping.cancel()
    assert await pages.read(held) == 22


async def test_a_wal_that_cannot_be_moved_is_tried_again(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, tries = pages_module._move, []

    def full(connection: sqlite3.Connection) -> int:
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise Errors[0]("disk is full")
        return move(connection)

    monkeypatch.setattr(pages_module, "_move", full)
    monkeypatch.setattr(pages_module, "AGAIN", 0.02)
    monkeypatch.setattr(pages, "_shape", dataclasses.replace(SHAPE, settle=10))
    keeping = asyncio.get_running_loop().create_task(pages.keep_short())
    await written(pages, 1)
    async with asyncio.timeout(10):
        while len(tries) < 4:
            await asyncio.sleep(0.01)
    keeping.cancel()
    assert await pages.read(held) == 500
