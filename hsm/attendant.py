"""The one task that talks to a token's worker: it opens it, gives it orders, loses it, and opens it again.

Rules: see `hsm.token`, which is what others see of it.
"""

import asyncio
import logging

import msgspec

from daemon.clock import Clock
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.tasks import Tasks
from hsm.jobs import Job, Jobs
from hsm.listing import Listing
from hsm.opening import END, REFUSALS, Opening, Session
from hsm.orders import Check, Failed, Order, Told

log = logging.getLogger(__name__)

PAUSE = 0.25  # seconds
HEARTBEAT = 1.0  # seconds
_PIN = frozenset({"hsm.pin_wrong", "hsm.pin_awaited"})
"""Problems that only another PIN, or custodians, can end."""
_HARMLESS = frozenset({"hsm.token_refuses", "hsm.key_not_in_token", "hsm.key_extractable"})
"""Refusals after which the session is as good as before."""


class Attendant:
    """Keeps one token open. `deadline` seconds for an order."""

    def __init__(self, opening: Opening, clock: Clock, *, deadline: float) -> None:
        self.calls = 0
        """Orders given, those that only ask whether it is there not counted."""
        self.session: Session | None = None
        self.problem: JukuraError | None = None
        """Why there is no session; None while the first attempt after a loss has not ended."""
        self.settled = asyncio.Event()
        """There is a session, or a problem."""
        self.listing = Listing()
        self.jobs = Jobs()
        self._opening = opening
        self._clock = clock
        self._deadline = deadline
        self._lost = clock.monotonic()
        self._wake = asyncio.Event()
        self._tasks = Tasks()
        self._main: asyncio.Task[None] | None = None
        self._closing = False

    def begin(self) -> None:
        """Start, unless it has; needs a running loop."""
        if self._main is None and not self._closing:
            self._main = self._tasks.start(self._run(), name="token")

    def give(self, order: Order) -> Job:
        """Put `order` in the queue."""
        job = self.jobs.add(order)
        self._wake.set()
        return job

    def notice(self) -> None:
        """See whether the worker ended since it was last used."""
        if self.session is not None and not self.session.worker.alive():
            self._lose("worker")
            self._wake.set()

    async def close(self) -> None:
        """End with the order under way; let the worker log out, or kill it."""
        self._closing = True
        self._wake.set()
        if self._main is not None:
            await asyncio.wait({self._main}, timeout=END)
        await self._tasks.stop(within=END)
        self.session, self.problem = None, StateError("hsm.token_away", field="closed")
        self.settled.set()
        self.jobs.refuse(self.problem)
        await self._opening.close()

    async def _run(self) -> None:
        while not self._closing:
            self.notice()
            if self.session is None:
                await self._open()
            elif (job := self.jobs.next()) is not None:
                await self._serve(self.session, job)
            elif not await self._woken(HEARTBEAT):
                await self._serve(self.session, Job(Check(), asyncio.get_running_loop().create_future()))

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        late = StateError("hsm.token_away", field="opening")
        timer = loop.call_later(self._deadline, self._fail, late)
        try:
            self._have(await self._opening.attempt())
        except JukuraError as error:
            timer.cancel()
            self._fail(error)
            await self._pause(error)
        finally:
            timer.cancel()

    def _have(self, session: Session) -> None:
        self.session, self.problem = session, None
        self.listing = Listing()
        self.settled.set()
        self._tasks.start(self._watch(session), name="worker")
        log.info("token there", extra={"seconds": round(self._clock.monotonic() - self._lost, 3)})

    async def _watch(self, session: Session) -> None:
        await session.worker.ended()
        self._wake.set()

    async def _pause(self, error: JukuraError) -> None:
        """Until the next attempt; none is made where it could only fail again."""
        while not self._closing:
            await self._woken(PAUSE)
            damaged = isinstance(error, IntegrityError)
            if not damaged and (error.code not in _PIN or await self._opening.pin_changed()):
                return

    async def _woken(self, within: float) -> bool:
        """Whether there is something to do, before `within` seconds are over."""
        try:
            async with asyncio.timeout(within):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _serve(self, session: Session, job: Job) -> None:
        self.calls += not isinstance(job.order, Check)
        try:
            async with asyncio.timeout(self._deadline):
                told = await session.worker.ask(job.order)
        except (JukuraError, TimeoutError) as error:
            reason = "deadline" if isinstance(error, TimeoutError) else "worker"
            self._lose(reason)
            job.refuse(StateError("hsm.token_away", field=reason))
            return
        if told.cured:
            log.warning("token cured", extra={"reasons": told.cured})
        await self._weigh(session, job.order, told)
        job.tell(told.reply)

    async def _weigh(self, session: Session, order: Order, told: Told) -> None:
        """What a reply says of the session."""
        if told.renewed:
            session.opened = msgspec.structs.replace(session.opened)  # another one, to be looked at anew
            self.listing = Listing()
        if not isinstance(told.reply, Failed):
            self.listing.note(order)
        elif told.reply.code not in _HARMLESS:
            if told.reply.code in REFUSALS:
                await self._opening.refused(session)
            self._lose(told.reply.field or told.reply.code)

    def _lose(self, reason: str) -> None:
        """The session is gone, and its worker with it."""
        log.warning("token lost", extra={"reason": reason})
        self.session, self.problem, self._lost = None, None, self._clock.monotonic()
        self.settled.clear()
        self._opening.drop()

    def _fail(self, error: JukuraError) -> None:
        """It did not open: whoever waits is told why."""
        if self.problem is None or self.problem.code != error.code:
            log.warning("token away", extra={"code": error.code, "reason": error.field})
        self.problem = error
        self.settled.set()
        self.jobs.refuse(error)
