"""Work in a thread: its result and its errors come back, and whoever is cancelled leaves only when it has ended."""

import asyncio
import threading

import pytest

from daemon.errors import StateError
from tui.apart import apart


async def test_the_result_and_the_error_come_back() -> None:
    here = threading.get_ident()
    assert await apart(threading.get_ident) != here

    def fails() -> None:
        raise StateError("console.folder_unwritable")

    with pytest.raises(StateError):
        await apart(fails)


@pytest.mark.parametrize("fails", [False, True])
async def test_who_is_cancelled_waits_for_its_end(*, fails: bool) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()
        if fails:
            raise StateError("console.folder_unwritable")

    async def waiting() -> None:
        try:
            await apart(work)
        finally:
            assert ended.is_set()

    async with asyncio.timeout(10):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(waiting())
            while not begun.is_set():
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.sleep(0.05)
            assert not task.done()
            may_end.set()
    assert task.cancelled()
