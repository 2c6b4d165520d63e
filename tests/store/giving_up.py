"""Somebody who gives up at any call to SQLite: nothing may be left open, whichever it was."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from daemon.store.connection import Connection

Call = Callable[..., Awaitable[Any]]


class GivingUp:
    """Whoever runs is cancelled as it comes to call a thread of SQLite for the `at`-th time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = self.calls = 0
        for name in ("_connect", "_execute"):
            monkeypatch.setattr(Connection, name, self._counted(getattr(Connection, name)))

    def _counted(self, call: Call) -> Call:
        async def counted(connection: Connection, *args: Any) -> Any:
            self.calls += 1
            task = asyncio.current_task()
            if task is not None and self.calls == self.at:
                task.cancel()
            return await call(connection, *args)

        return counted


async def at_every_call(work: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> int:
    """Begin `work` again and again, and give it up at one call after the other; how many there are.

    Fails where a thread of a connection is left.
    """
    giving_up, before = GivingUp(monkeypatch), set(threading.enumerate())

    async def begun() -> None:
        await work()

    while True:
        giving_up.at, giving_up.calls = giving_up.at + 1, 0
        task = asyncio.get_running_loop().create_task(begun())
        await asyncio.wait([task])
        left = {thread for thread in set(threading.enumerate()) - before if thread.name.startswith("Thread")}
        for thread in left:
            await asyncio.to_thread(thread.join, 2)
        assert not any(thread.is_alive() for thread in left), giving_up.at
        if giving_up.calls < giving_up.at:
            # Nobody gave up.
            await task
            return giving_up.calls
