"""Groups: pieces of work that are committed together, or not at all.

Row, log entry, outbox message and projection belong to one group. The truth is durable before anyone hears of
success, and the projection follows at once (a kill between the two is made good at the next start).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

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

DEADLINE = 30.0  # seconds for one piece of work inside its group
MOVED_PAST = KEPT_CHANGES // 4
"""Commits that do not concern the projection, until it is moved past them: many more would look like a rebuild due."""


class Participant(Protocol):
    """Someone whose own state moves with each group (the journal)."""

    def begin(self) -> None:
        """A group starts."""
        ...

    def merge(self, draft: Draft, group: Group) -> None:
        """A piece of work ended well; add what it means to `group`."""
        ...

    async def prepare(self, group: Group) -> None:
        """The group is about to be committed; add what follows from all of it, to META alone."""
        ...

    def commit(self) -> None:
        """It is durable."""
        ...

    def rollback(self) -> None:
        """It never happened."""
        ...


@dataclass
class Job:
    """One piece of work, and who waits for it."""

    work: Work[Any]
    done: asyncio.Future[Any]


class Groups:
    """Commits one group after the other; for one at a time."""

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
        self._moved = 0
        """The commit to which the projection was moved last."""

    async def commit(self, jobs: list[Job]) -> None:
        """Do `jobs` in order and commit what they mean; tell each what became of it."""
        group = Group(self._truth.head + 1, self._clock.now())
        for participant in self._participants:
            participant.begin()
        try:
            results = await self._work(jobs, group)
        except Exception as error:
            log.exception("commit failed", extra={"commit": group.commit, "count": len(jobs)})
            failure = error if isinstance(error, JukuraError) else StateError("store.cannot_write")
            for job in jobs:
                tell(job.done, failure)
            return
        try:
            # A projection that cannot follow ends the writer, and the next start levels it: the truth is safe.
            await self._index.commit()
        finally:
            for job, result in zip(jobs, results, strict=True):
                tell(job.done, result)

    async def _work(self, jobs: list[Job], group: Group) -> list[object]:
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

    async def _one(self, job: Job, group: Group) -> object:
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
            group.versions += draft.versions
        for participant in self._participants:
            participant.merge(draft, group)
        return result

    async def _finish(self, group: Group) -> None:
        if group.versions:
            # Only what is new to the projection: a row that was sealed anew is the same to a search.
            rows = dict.fromkeys(version.row for version in group.versions)
            group.add(Table.CHANGES, group.commit.to_bytes(8, "big"), b"".join(rows))
        if group.commit > KEPT_CHANGES:
            group.put(Table.CHANGES, (group.commit - KEPT_CHANGES).to_bytes(8, "big"), None)
        if group.versions or group.commit - self._moved >= MOVED_PAST:
            await self._index.move_to(self._truth.id, group.commit)
            self._moved = group.commit
        for participant in self._participants:
            await participant.prepare(group)
        group.put(Table.META, HEAD, group.commit.to_bytes(8, "big"))
        group.put(Table.META, SEALS, msgspec.msgpack.encode(dict(self._sealer.counts)))
        await self._engine.apply(group.changes)
        # From here the truth has it, and nothing may take it back.
        self._truth.head = group.commit
        for participant in self._participants:
            participant.commit()


def tell(done: asyncio.Future[Any], result: object) -> None:
    """Let whoever waits know: a result, or the error it ended with."""
    if done.done():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
