"""The one writer: pieces of work queue up and are committed together (group commit, `daemon.store.groups`).

Each piece sees what those before it changed and is merged whole or, if it raises, not at all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from daemon.audit.act import Act
from daemon.errors import IntegrityError, StateError
from daemon.store.draft import Draft
from daemon.store.groups import Groups, Job, Work, tell

T = TypeVar("T")

MOST_JOBS = 64  # in one group
QUEUE = 512  # waiting; past it callers wait too (back-pressure)
WORD = 120.0  # seconds until whoever asked hears something, whatever the disk does


@dataclass
class _Alone:
    """What runs between two groups."""

    work: Callable[[], Awaitable[Any]]
    done: asyncio.Future[Any]


class Writer:
    """Owns every change to the store."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._queue: asyncio.Queue[Job | _Alone | None] = asyncio.Queue(QUEUE)
        self._closed = False
        self._ended = asyncio.Event()
        self._ended.set()

    async def write(self, work: Work[T]) -> T:
        """Run `work` in the next group; returns its result once that is durable, raises what it raised."""
        result: T = await self._ask(Job(work, asyncio.get_running_loop().create_future()))
        return result

    async def between(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` between two groups: nothing is committed meanwhile.

        An IntegrityError there means that the files cannot be used any more, and ends the writer.
        """
        result: T = await self._ask(_Alone(work, asyncio.get_running_loop().create_future()))
        return result

    async def log(self, act: Act) -> None:
        """An act that changes nothing but the log."""

        async def work(draft: Draft) -> None:
            draft.log(act)

        await self.write(work)

    async def run(self) -> None:
        """Commit groups until `close`."""
        ending = False
        self._ended.clear()
        try:
            while not (ending and self._queue.empty()):
                jobs = [await self._queue.get()]
                while len(jobs) < MOST_JOBS and not self._queue.empty():
                    jobs.append(self._queue.get_nowait())
                await self._run(jobs)
                ending = ending or None in jobs
        finally:
            self._ended.set()

    async def close(self) -> None:
        """Take no more work; return when what was queued is committed."""
        if not self._closed:
            self._closed = True
            await self._queue.put(None)
        await self._ended.wait()

    async def _ask(self, job: Job | _Alone) -> Any:  # noqa: ANN401 - whatever the work gives
        if self._closed:
            raise StateError("state.stopping")
        try:
            async with asyncio.timeout(WORD):
                await self._queue.put(job)
                return await job.done
        except TimeoutError:
            raise StateError("store.no_word") from None

    async def _run(self, jobs: list[Job | _Alone | None]) -> None:
        """Groups of what can be committed together, and what wants to be alone, in order."""
        group: list[Job] = []
        for job in jobs:
            if isinstance(job, Job):
                group.append(job)
            elif job is not None:
                if group:
                    await self._groups.commit(group)
                    group = []
                await _alone(job)
        if group:
            await self._groups.commit(group)


async def _alone(job: _Alone) -> None:
    if job.done.cancelled():
        return
    try:
        result = await job.work()
    except IntegrityError as error:
        tell(job.done, error)
        raise
    except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
        tell(job.done, error)
    else:
        tell(job.done, result)
