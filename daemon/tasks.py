"""The one way to start a task: named, kept, supervised.

A task that ends with an error is logged and reported to the owner's `on_failure`; none is lost to the
garbage collector and none fails unseen.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from daemon.errors import JukuraError

log = logging.getLogger(__name__)


class Tasks:
    """The tasks of one owner, ended together."""

    def __init__(self, *, on_failure: Callable[[str, BaseException], None] | None = None) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._on_failure = on_failure

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Run `work` under `name` until it ends or `stop` is called."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def names(self) -> list[str]:
        """The names of the tasks that run now, sorted."""
        return sorted(task.get_name() for task in self._running)

    async def stop(self, *, within: float) -> list[str]:
        """Cancel every task and wait up to `within` seconds; return the names of those still running."""
        for task in self._running:
            task.cancel()
        if not self._running:
            return []
        _, late = await asyncio.wait(self._running, timeout=within)
        return sorted(task.get_name() for task in late)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        # Type and code alone: an exception's text may carry what it was about.
        code = error.code if isinstance(error, JukuraError) else ""
        log.error("task failed", extra={"task": task.get_name(), "error": type(error).__name__, "code": code})
        if self._on_failure is not None:
            self._on_failure(task.get_name(), error)
