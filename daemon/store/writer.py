"""The one writer: pieces of work queue up and are committed together (group commit, `daemon.store.groups`).

Each piece sees what those before it changed and is merged whole or, if it raises, not at all. Who asks for much does not keep
others waiting: the queue has a lane for each (`daemon.store.lanes`), and a group is never larger than what is done quickly. While one
is written to the disk what the next one will look at is read already; what the first changed takes its place (`Seen`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from daemon.audit.act import Act
from daemon.errors import IntegrityError, StateError
from daemon.store.draft import Draft, Seen
from daemon.store.groups import Groups, nothing
from daemon.store.jobs import Job, Work, tell
from daemon.store.lanes import FIRST, Lanes

T = TypeVar("T")

MOST_JOBS = 64  # in one group
MOST_WEIGHT = 128
"""Of one group: notices, or what takes as long. A search waits for the group before its own, so for so many at the most."""
QUEUE = 512  # waiting; past it callers wait too (back-pressure)
CROWDED = 192  # waiting; past it peers are told to come again
LOOK = 0.05  # seconds between two looks at whether the projection has room again
WORD = 120.0  # seconds until whoever asked hears something, whatever the disk does


@dataclass
class _Alone:
    """What runs between two groups."""

    work: Callable[[], Awaitable[Any]]
    done: asyncio.Future[Any]


Piece = Job | _Alone | None
"""None: there will be no more."""


@dataclass
class _Turn:
    """What is taken from the queue together, and what was read ahead for it."""

    pieces: list[Piece] = field(default_factory=list)
    seen: Seen | None = None


class Writer:
    """Owns every change to the store."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._queue: Lanes[Piece] = Lanes(QUEUE)
        self._coming = _Turn()
        """Taken already, while the group before it is written."""
        self._closed = False
        self.barred: IntegrityError | None = None
        """Why nothing is written any more."""
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def crowded(self) -> bool:
        """Whether so much waits, here or to be written into the projection's file, that whoever can come again later should."""
        return len(self._queue) >= CROWDED or self._groups.filling

    async def write(
        self, work: Work[T], *, lane: str = FIRST, weight: int = 1, ahead: Work[None] | None = None
    ) -> T:
        """Run `work` in one of the next groups; returns its result once that is durable, raises what it raised.

        Pieces of one `lane` keep their order. `weight` is how long it takes, in notices. `ahead` reads what it will read: that is done
        for all of a group at once.
        """
        job = Job(work, asyncio.get_running_loop().create_future(), ahead)
        result: T = await self._ask(job, lane, weight)
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

    def bar(self, error: IntegrityError) -> None:
        """Write nothing from now on: whoever waits, or asks, is told `error`. For good, since the file is not to be trusted."""
        self.barred = self.barred or error

    async def run(self) -> None:
        """Commit groups until `close`."""
        ending = False
        self._ended.clear()
        try:
            while not ending or len(self._queue) or self._coming.pieces:
                turn = await self._next(ending=ending)
                await self._run(turn)
                ending = ending or None in turn.pieces
        finally:
            self._ended.set()

    async def close(self) -> None:
        """Take no more work; return when what was queued is committed."""
        if not self._closed:
            self._closed = True
            await self._queue.put(FIRST, None)
        await self._ended.wait()

    async def _ask(self, job: Job | _Alone, lane: str = FIRST, weight: int = 1) -> Any:  # noqa: ANN401 - whatever the work gives
        if self._closed:
            raise StateError("state.stopping")
        if self.barred is not None:
            raise IntegrityError(self.barred.code)
        try:
            async with asyncio.timeout(WORD):
                await self._queue.put(lane, job, weight)
                return await job.done
        except TimeoutError:
            raise StateError("store.no_word") from None

    async def _next(self, *, ending: bool) -> _Turn:
        """What is next. While the projection has no room it is of the first lane, which adds nothing to it: searches go on."""
        if self._coming.pieces:
            turn, self._coming = self._coming, _Turn()
            turn.pieces += self._queue.take_first(most=MOST_JOBS)
            return turn
        while True:
            held = self._groups.full and not ending
            self._queue.hold(held=held)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK if held else None):
                    return _Turn(await self._queue.take(most=MOST_JOBS, weight=MOST_WEIGHT))

    async def _run(self, turn: _Turn) -> None:
        """Groups of what can be committed together, and what wants to be alone, in order."""
        jobs = [piece for piece in turn.pieces if isinstance(piece, Job)]
        if len(jobs) == len(turn.pieces):
            self._coming.seen = await self._commit(jobs, turn.seen, self._more)
            return
        group: list[Job] = []
        for piece in turn.pieces:
            if isinstance(piece, Job):
                group.append(piece)
            elif piece is not None:
                await self._commit(group)
                group = []
                await _alone(piece, self.barred)
        await self._commit(group)

    async def _commit(
        self, jobs: Sequence[Job], seen: Seen | None = None, more: Callable[[], Sequence[Job]] = nothing
    ) -> Seen | None:
        """One group; where nothing may be written any more all of it is told so."""
        if self.barred is not None:
            for job in jobs:
                tell(job.done, self.barred)
            return None
        if not jobs:
            return None
        following = await self._groups.commit(jobs, seen=seen, more=more)
        if self._groups.distrust is not None:
            self.bar(self._groups.distrust)
        return following

    def _more(self) -> list[Job]:
        """Take what is next already; what to read ahead of it, if nothing in it wants to be alone."""
        if self._groups.full:
            return []
        self._coming.pieces = self._queue.take_now(most=MOST_JOBS, weight=MOST_WEIGHT)
        jobs = [piece for piece in self._coming.pieces if isinstance(piece, Job)]
        return jobs if len(jobs) == len(self._coming.pieces) else []


async def _alone(job: _Alone, barred: IntegrityError | None) -> None:
    if barred is not None:
        tell(job.done, barred)
    if job.done.done():
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
