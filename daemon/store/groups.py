"""Groups: pieces of work that are committed together, or not at all.

Row, log entry and outbox message belong to one group. The truth is durable before anyone hears of success, and before
they do the projection has followed, in memory (what a kill takes from it is made good at the next start).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from daemon.clock import Clock
from daemon.crypto.seal import Sealer
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.store.draft import Draft, Group, Seen
from daemon.store.engine import Engine, Table
from daemon.store.index import Index
from daemon.store.jobs import Job, Work, tell
from daemon.store.merging import Merger
from daemon.store.truth import HEAD, KEPT_CHANGES, LISTED, SEALS, Truth

log = logging.getLogger(__name__)

DEADLINE = 30.0  # seconds for one piece of work inside its group
UNLISTED = 256  # commits whose rows are taken off the list of changes at once


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


def nothing() -> Sequence[Job]:
    """No further pieces of work."""
    return ()


class Groups:
    """Commits one group after the other; for one at a time."""

    def __init__(
        self,
        engine: Engine,
        index: Index,
        merger: Merger,
        truth: Truth,
        *,
        sealer: Sealer,
        participants: Sequence[Participant],
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._index = index
        self._merger = merger
        self._truth = truth
        self._sealer = sealer
        self._participants = participants
        self._clock = clock
        self.distrust: IntegrityError | None = None
        """Why a group could not be written, where that says that the file is not to be trusted."""

    @property
    def filling(self) -> bool:
        """Whether the projection's memory will soon be full,"""
        return self._merger.filling

    @property
    def full(self) -> bool:
        """or is, so that no version may be added."""
        return self._merger.full

    async def commit(
        self, jobs: Sequence[Job], *, seen: Seen | None = None, more: Callable[[], Sequence[Job]] = nothing
    ) -> Seen | None:
        """Do `jobs` in order and commit what they mean; tell each what became of it. `seen` was read ahead for them.

        `more` gives jobs of the next group. What is returned was read ahead for them while the disk was waited for; None
        where that cannot be relied on.
        """
        group, following = Group(self._truth.head + 1, self._clock.now(), seen or Seen()), Seen()
        for participant in self._participants:
            participant.begin()
        try:
            if seen is None:
                await self._look(jobs, group.seen)
            results = await self._work(jobs, group, lambda: self._look(more(), following))
        except JukuraError as error:
            # On a full disk each fails: a trace would say no more than the code.
            log.warning(
                "commit failed", extra={"commit": group.commit, "count": len(jobs), "code": error.code}
            )
            self._failed(jobs, error)
            return None
        except Exception:
            log.exception("commit failed", extra={"commit": group.commit, "count": len(jobs)})
            self._failed(jobs, StateError("store.cannot_write"))
            return None
        try:
            # A projection that cannot follow ends the writer, and the next start levels it: the truth is safe.
            if group.changes:
                await self._merger.follow(
                    group.commit, list(group.versions.values()), group.removed, group.log
                )
        finally:
            for job, result in zip(jobs, results, strict=True):
                tell(job.done, result)
        if group.removed:
            return None
        following.followed_by(group)
        return following

    def _failed(self, jobs: Sequence[Job], failure: JukuraError) -> None:
        """Nothing of the group was kept: tell all of it."""
        for job in jobs:
            tell(job.done, failure)

    async def _work(
        self, jobs: Sequence[Job], group: Group, meanwhile: Callable[[], Awaitable[None]]
    ) -> list[object]:
        try:
            results = [await self._one(job, group) for job in jobs]
            if group.changes:
                await self._finish(group, meanwhile)
        except BaseException:
            for participant in self._participants:
                participant.rollback()
            raise
        return results

    async def _look(self, jobs: Sequence[Job], seen: Seen) -> None:
        """Read ahead for `jobs`. What goes wrong here goes wrong again in the work itself, and is told there."""
        draft = Draft(Group(0, self._clock.now(), seen), self._engine, self._index)
        await asyncio.gather(*(_ahead(job.ahead, draft) for job in jobs if job.ahead is not None))

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
        group.take(draft.versions)
        for participant in self._participants:
            participant.merge(draft, group)
        return result

    async def _finish(self, group: Group, meanwhile: Callable[[], Awaitable[None]]) -> None:
        for row in group.removed:
            group.versions.pop(row, None)
        if rows := [*group.versions, *group.removed]:
            # Only what is new to the projection: a row that was sealed anew is the same to a search.
            group.add(Table.CHANGES, group.commit.to_bytes(8, "big"), b"".join(rows))
        listed = self._unlist(group)
        for participant in self._participants:
            await participant.prepare(group)
        group.put(Table.META, HEAD, group.commit.to_bytes(8, "big"))
        group.put(Table.META, SEALS, msgspec.msgpack.encode(dict(self._sealer.counts)))
        applied, _ = await asyncio.gather(
            self._engine.apply(group.changes), meanwhile(), return_exceptions=True
        )
        if applied is not None:
            if isinstance(applied, IntegrityError):
                self.distrust = applied
            raise applied
        # From here the truth has it, and nothing may take it back.
        self._truth.head, self._truth.listed = group.commit, listed
        for participant in self._participants:
            participant.commit()

    def _unlist(self, group: Group) -> int:
        """Let go of changes that the projection's file has and no copy on its way will ask for; up to which commit."""
        first = self._truth.listed
        if min(self._merger.merged, group.commit - KEPT_CHANGES) < first + UNLISTED:
            return first
        for commit in range(first + 1, first + UNLISTED + 1):
            group.put(Table.CHANGES, commit.to_bytes(8, "big"), None)
        group.put(Table.META, LISTED, (first + UNLISTED).to_bytes(8, "big"))
        return first + UNLISTED


async def _ahead(ahead: Work[None], draft: Draft) -> None:
    with suppress(Exception):
        async with asyncio.timeout(DEADLINE):
            await ahead(draft)
