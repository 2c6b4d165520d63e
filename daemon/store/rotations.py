"""Rotation of operational keys: the next generation is made and used at once, the rest follows in the background.

Both generations are valid until nothing lies under the old one. What runs is on record in META, written in one commit
with its entry in the log, so a rotation goes on by itself after a kill; it ends with an entry that says how many
values are left under the old generation: none.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.clock import Clock
from daemon.contract.keys import Rotation
from daemon.crypto.classes import generation, kind
from daemon.crypto.keyring import Keyring
from daemon.errors import ConflictError, InputError, IntegrityError, JukuraError, StateError
from daemon.store.faults import Errors
from daemon.store.record import Record, Records
from daemon.store.work import Plan, Work
from daemon.tasks import Tasks
from hsm.client import KeyService

log = logging.getLogger(__name__)

AGAIN = 5.0  # seconds until something that failed is tried again
STOP = 5.0  # seconds for all of them to stop


@dataclass
class _Run:
    record: Record
    began: float
    """Monotonic, as of this start of the register."""
    work: Work | None = None
    left: int | None = None
    """When it began."""
    paused: bool = False


class Rotations:
    """Every rotation of this register, at most one of a kind. `share` of the time is worked, the rest left to others."""

    def __init__(
        self,
        plans: Mapping[str, Plan],
        records: Records,
        keyring: Keyring,
        service: KeyService,
        clock: Clock,
        *,
        share: float,
    ) -> None:
        self._plans = plans
        self._records = records
        self._keyring = keyring
        self._service = service
        self._clock = clock
        self._share = share
        self._tasks = Tasks()
        self._running: dict[str, _Run] = {}
        self._turn = asyncio.Lock()

    async def start(self, kind: str) -> str:
        """Make the next generation of `kind` and begin; its name.

        InputError for a kind that is not rotated here, ConflictError while one of that kind runs, StateError where
        the token is away or the disk has no room.
        """
        async with self._turn:
            plan = self._plans.get(kind)
            if plan is None:
                raise InputError("key.not_rotatable", field="kind")
            if kind in self._running:
                raise ConflictError("key.rotation_runs", field="kind")
            plan.require_room()
            old = plan.old()
            new = await self._next(kind, old)
            self._begin(kind, await self._records.open(Record(old, new, await plan.total(new))))
            return new

    async def resume(self) -> None:
        """Go on with what a kill left, on record or not: a generation that was made is used."""
        records = await self._records.all()
        for kind_, plan in self._plans.items():
            record = records.get(kind_)
            if record is None and plan.pending():
                new = self._keyring.newest(kind_)
                record = await self._records.open(Record(plan.old(), new, await plan.total(new)))
            if record is not None:
                self._begin(kind_, record)
            else:
                plan.clear()

    def progress(self) -> list[Rotation]:
        """Those that run now."""
        return [self._shown(of, run) for of, run in sorted(self._running.items())]

    def targets(self) -> frozenset[str]:
        """The generations that are being rotated into."""
        return frozenset(run.record.new for run in self._running.values())

    async def close(self) -> None:
        """Stop them all; they go on with the next start."""
        if late := await self._tasks.stop(within=STOP):
            log.warning("rotations did not end", extra={"late": late})

    async def _next(self, of: str, old: str) -> str:
        """The generation after `old`, made and loaded; one that was made before and never used is taken."""
        told = await self._service.keys()
        there = [generation(info.name) for info in told.keys if kind(info.name) == of]
        ever = [*there, *(generation(info.name) for info in told.destroyed if kind(info.name) == of)]
        unused = [number for number in there if number > generation(old)]
        name = f"{of}.{max(unused) if unused else max(ever, default=0) + 1}"
        if not unused:
            await self._service.make([name])
        self._keyring.add(await self._service.unwrap([name]))
        return name

    def _begin(self, of: str, record: Record) -> None:
        run = _Run(record, self._clock.monotonic())
        self._running[of] = run
        self._tasks.start(self._run(of, run), name=f"rotation.{of}")

    async def _run(self, of: str, run: _Run) -> None:
        plan = self._plans[of]
        log.info("rotation runs", extra={"key": run.record.new, "count": run.record.total})
        while True:
            try:
                await self._work(plan, run)
                await self._records.close(run.record, left=plan.under(run.record.old))
            except StateError as error:
                if error.code == "state.stopping":
                    return
                log.warning("rotation waits", extra={"key": run.record.new, "code": error.code})
            except (JukuraError, OSError, *Errors) as error:
                log.exception("rotation stands still", extra={"key": run.record.new})
                if isinstance(error, IntegrityError):
                    run.paused = True
                    return
            else:
                del self._running[of]
                log.info("rotation done", extra={"key": run.record.new})
                return
            run.paused = True
            await asyncio.sleep(AGAIN)

    async def _work(self, plan: Plan, run: _Run) -> None:
        """Step by step to the end; each step is followed by a rest in proportion."""
        plan.require_room_left()
        run.work = work = await plan.begin(run.record)
        if run.left is None:
            run.left, run.began = work.left(), self._clock.monotonic()
        run.paused = False
        try:
            more = True
            while more:
                before = self._clock.monotonic()
                plan.require_room_left()
                more = await work.step()
                await asyncio.sleep((self._clock.monotonic() - before) * (1 / self._share - 1))
        finally:
            run.work = None
            await work.close()

    def _shown(self, of: str, run: _Run) -> Rotation:
        left = run.work.left() if run.work is not None else run.record.total
        seconds = self._clock.monotonic() - run.began
        moved = (run.left if run.left is not None else left) - left
        rate = moved / seconds if seconds > 0 and moved > 0 else 0.0
        return Rotation(
            kind=of,
            old=run.record.old,
            new=run.record.new,
            done=max(run.record.total - left, 0),
            total=run.record.total,
            per_second=rate,
            seconds_left=left / rate if rate else None,
            paused=run.paused,
        )
