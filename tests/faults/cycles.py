"""What goes wrong, at random moments, and how long it takes until everything is well again.

A register has recovered when its token is there again and one checkpoint more is stored than there was when the fault
was mended. What is measured starts with the mend: the line carries again, or the killed program is started. That first
checkpoint may be one that the register asked for during the fault; so the time until one covers an entry written after
the mend is measured too.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from daemon.rehearsal.dice import Dice
from tests.faults.stage import FarStage
from tests.hsm.p11kit import Line

APART = 1.5  # seconds at the most between recovery and the next fault
LONGEST = 2.5  # seconds at the most until a fault is mended
PATIENCE = 60.0  # seconds for a recovery


class Fault(StrEnum):
    """What goes wrong."""

    CUT = "cut"
    """The connection to the token ends, and nobody takes new ones."""
    STALL = "stall"
    """Nothing comes or goes on the connection to the token, and nobody is told."""
    WORKER = "worker"
    """SIGKILL for the process that has the token's library loaded."""
    SERVICE = "service"
    """SIGKILL for the key service; its worker dies with it."""


@dataclass(frozen=True)
class Sample:
    """The register at one moment."""

    at: float
    """Not before this (CLOCK_MONOTONIC, seconds)."""
    there: bool
    size: int
    signed: int


@dataclass(frozen=True)
class Cycle:
    """One fault and its end."""

    fault: Fault
    held: float
    """Seconds until it was mended."""
    recovery: float
    """Seconds from then on."""
    covered: float
    """Seconds from then on until a checkpoint covered an entry that was written after it was mended."""


class Watch:
    """The newest sample that the watcher gave."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._newest: Sample | None = None

    async def listen(self, lines: asyncio.StreamReader) -> None:
        """Take in samples until there are no more."""
        while line := await lines.readline():
            async with self._changed:
                self._newest = Sample(**json.loads(line))
                self._changed.notify_all()

    async def sample(self, holds: Callable[[Sample], bool]) -> Sample:
        """The first sample from now on for which `holds`."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: self._newest is not None and holds(self._newest))
            assert self._newest is not None
            return self._newest


class Cycles:
    """Faults on one stage, as the dice fall."""

    def __init__(self, stage: FarStage, line: Line, watch: Watch, dice: Dice) -> None:
        self._watch = watch
        self._dice = dice
        self._left: list[Fault] = []
        self._begin: Mapping[Fault, Callable[[], None]] = {
            Fault.CUT: line.cut,
            Fault.STALL: line.stall,
            Fault.WORKER: stage.kill_worker,
            Fault.SERVICE: stage.keys.down,
        }
        self._mend: Mapping[Fault, Callable[[], None]] = {
            Fault.CUT: line.mend,
            Fault.STALL: line.mend,
            Fault.WORKER: lambda: None,
            Fault.SERVICE: stage.keys.release,
        }

    async def one(self) -> Cycle:
        """Wait for a random while, break something, wait again, mend it, and see when all is well."""
        await asyncio.sleep(APART * self._dice.fraction())
        fault = self._next()
        held = 0.0 if fault is Fault.WORKER else LONGEST * self._dice.fraction()
        self._begin[fault]()
        await asyncio.sleep(held)
        mended = time.monotonic()
        self._mend[fault]()
        then = await self._watch.sample(lambda sample: sample.at >= mended)
        await self._watch.sample(lambda sample: sample.there and sample.signed > then.signed)
        recovery = time.monotonic() - mended
        await self._watch.sample(lambda sample: sample.there and sample.signed > then.size)
        return Cycle(fault, held, recovery, time.monotonic() - mended)

    def _next(self) -> Fault:
        """Each as often as the others, in no order."""
        self._left = self._left or list(Fault)
        fault = self._dice.pick(self._left)
        self._left.remove(fault)
        return fault
