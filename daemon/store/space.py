"""The room on the disk of the state folder: measured, judged by the table of stages, and the ballast held or given up by it."""

from contextlib import suppress
from pathlib import Path

from daemon.config import Disk
from daemon.contract import disk as contract
from daemon.contract.console import Reason
from daemon.errors import StateError
from daemon.store.ballast import Ballast
from daemon.store.files import Free, free_beside
from daemon.store.stages import STEPS, Use, next_step

BALLAST = "ballast"


class Space:
    """What the disk has room for."""

    def __init__(self, limits: Disk, ballast: Ballast, free: Free) -> None:
        self._limits = limits
        self._ballast = ballast
        self.free = free
        self.step = STEPS[0]
        self.disk: contract.Disk | None = None
        """As it was when it was last looked at."""

    @classmethod
    def of(cls, limits: Disk, folder: Path) -> "Space":
        """Of the disk that `folder` lies on."""
        return cls(limits, Ballast(folder / BALLAST, limits.ballast), free_beside(folder))

    def look(self) -> None:
        """Measure, judge, and hold the ballast or give it up; waits for the disk."""
        lacks = self._ballast.size - self._ballast.held()
        # What the ballast lacks counts as taken: so neither giving it up nor making it anew changes the stage.
        self.step = next_step(self.step, self.free() - lacks, self._limits)
        with suppress(OSError):  # that it is not there is told
            if not self.step.ballast:
                self._ballast.release()
            elif lacks:
                self._ballast.make()
        self.disk = contract.Disk(stage=self.step.stage, free=self.free(), ballast=self._ballast.held())

    def reasons(self) -> dict[Reason, bool]:
        """Of those that are about the disk, whether each is given."""
        of_stages = {step.reason: step is self.step for step in STEPS if step.reason is not None}
        return of_stages | {
            Reason.BALLAST_MISSING: self.disk is not None and self.disk.ballast < self._limits.ballast
        }

    def require(self, use: Use) -> None:
        """StateError where there is too little room for `use`."""
        if use in self.step.refuses:
            raise StateError(self.step.refuses[use])
