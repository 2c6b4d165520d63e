"""The one writer: pieces of work queue up and are committed together (group commit).

Each piece sees what those before it changed and is merged whole or, if it raises, not at all. Row, log entry,
outbox message and projection belong to one group; the truth is durable before anyone hears of success, and the
projection follows at once (a kill between the two is made good at the next start).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from daemon.audit.act import Act
from daemon.clock import Clock
from daemon.crypto.seal import Sealer
from daemon.errors import JukuraError, StateError
from daemon.store.draft import Draft, Group
from daemon.store.engine import Engine, Table
from daemon.store.index import Index
from daemon.store.truth import HEAD, KEPT_CHANGES, SEALS, Truth

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Draft], Awaitable[T]]

MOST_JOBS = 64  # in one group
QUEUE = 512  # waiting; past it callers wait too (back-pressure)
DEADLINE = 30.0  # seconds for one piece of work inside its group
WORD = 120.0  # seconds until whoever asked hears something, whatever the disk does


class Participant(Protocol):
    """Someone whose own state moves with each group (the journal)."""

    def begin(self) -> None:
        """A group starts."""
        ...

    def merge(self, draft: Draft, group: Group) -> None:
        """A piece of work ended well; add what it means to `group`."""
        ...

    def prepare(self, group: Group) -> None:
        """The group is about to be committed."""
        ...

    def commit(self) -> None:
        """It is durable."""
        ...

    def rollback(self) -> None:
        """It never happened."""
        ...


@dataclass
class _Job:
    work: Work[Any]
    done: asyncio.Future[Any]


class Writer:
    """Owns every change to the store."""

    def __init__(
        self,
        engine: Engine,
        index: Index,
        truth: Truth,
        *,
        sealer: Sealer,
        participants: Sequence[Participant],
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._index = index
        self._truth = truth
        self._sealer = sealer
        self._participants = participants
        self._clock = clock
        self._queue: asyncio.Queue[_Job | None] = asyncio.Queue(QUEUE)
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        """Run `work` in the next group; returns its result once that is durable, raises what it raised."""
        if self._closed:
            raise StateError("state.stopping")
        job = _Job(work, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(WORD):
                await self._queue.put(job)
                result: T = await job.done
        except TimeoutError:
            raise StateError("store.no_word") from None
        return result

    async def log(self, act: Act) -> None:
        """An act that changes nothing but the log."""

        async def work(draft: Draft) -> None:
            draft.log(act)

        await self.write(work)

    async def run(self) -> None:
        """Commit groups until `close`."""
        ending = False
        while not (ending and self._queue.empty()):
            jobs = [await self._queue.get()]
            while len(jobs) < MOST_JOBS and not self._queue.empty():
                jobs.append(self._queue.get_nowait())
            if group := [job for job in jobs if job is not None]:
                await self._commit(group)
            ending = ending or None in jobs

    async def close(self) -> None:
        """Take no more work; what is queued is still committed."""
        if not self._closed:
            self._closed = True
            await self._queue.put(None)

    async def _commit(self, jobs: list[_Job]) -> None:
        group = Group(self._truth.head + 1, self._clock.now())
        for participant in self._participants:
            participant.begin()
        try:
            results = await self._work(jobs, group)
        except Exception as error:
            log.exception("commit failed", extra={"commit": group.commit, "count": len(jobs)})
            failure = error if isinstance(error, JukuraError) else StateError("store.cannot_write")
            for job in jobs:
                _tell(job, failure)
            return
        try:
            # A projection that cannot follow ends the writer, and the next start levels it: the truth is safe.
            await self._index.commit()
        finally:
            for job, result in zip(jobs, results, strict=True):
                _tell(job, result)

    async def _work(self, jobs: list[_Job], group: Group) -> list[object]:
        await self._index.begin()
        try:
            results = [await self._one(job, group) for job in jobs]
            if group.changes:
                await self._finish(group)
        except BaseException:
            await self._index.rollback()
            for participant in self._participants:
                participant.rollback()
            raise
        return results

    async def _one(self, job: _Job, group: Group) -> object:
        """The result of one piece of work, or the error it ended with; then nothing of it is merged."""
        draft = Draft(group, self._engine, self._index)
        try:
            async with asyncio.timeout(DEADLINE):
                result = await job.work(draft)
        except TimeoutError:
            return StateError("store.too_slow")
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            return error
        for table, pairs in draft.changes.items():
            group.changes.setdefault(table, {}).update(pairs)
        if draft.versions:
            await self._index.add(draft.versions)
        for participant in self._participants:
            participant.merge(draft, group)
        return result

    async def _finish(self, group: Group) -> None:
        for participant in self._participants:
            participant.prepare(group)
        if rows := group.changes.get(Table.ROWS):
            group.put(Table.CHANGES, group.commit.to_bytes(8, "big"), b"".join(rows))
            if group.commit > KEPT_CHANGES:
                group.put(Table.CHANGES, (group.commit - KEPT_CHANGES).to_bytes(8, "big"), None)
            await self._index.move_to(self._truth.id, group.commit)
        group.put(Table.META, HEAD, group.commit.to_bytes(8, "big"))
        group.put(Table.META, SEALS, msgspec.msgpack.encode(dict(self._sealer.counts)))
        await self._engine.apply(group.changes)
        # From here the truth has it, and nothing may take it back.
        self._truth.head = group.commit
        for participant in self._participants:
            participant.commit()


def _tell(job: _Job, result: object) -> None:
    if job.done.done():
        return
    if isinstance(result, Exception):
        job.done.set_exception(result)
    else:
        job.done.set_result(result)
