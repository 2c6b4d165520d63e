"""What ends a register at its work: it is killed, or put back to what a backup holds."""

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from daemon.contract.peer import Notice
from daemon.store.engine import Table
from tests.commands.notices.test_notices import size
from tests.commands.world.announcing import Boundary, Deed
from tests.commands.world.memory import Memory
from tests.commands.world.model import APPLIED, HELD, Model
from tests.commands.world.operators import boundary
from tests.commands.world.stage import Stage

TRUTH = "register.db*"
"""What a backup holds: the projection is none of its business."""


async def killed_while_notices_come(stage: Stage, city: str, steps: int) -> None:
    """The whole batch is there, or none of it."""
    await stage.expire()
    before, entries = stage.model.copy(), await size(stage.bench, Table.LOG)
    batch = stage.queues()[city]
    await killed(stage, lambda: stage.deliver({city: batch}, heard=False), steps)
    if await size(stage.bench, Table.LOG) == entries:
        stage.model = before


async def killed(stage: Stage, work: Callable[[], Awaitable[None]], steps: int) -> None:
    """At work, after so many calls to a database: the folder is what a kill would leave, and nobody hears an answer."""
    kills = stage.kills
    kills.folder, kills.copies = stage.bench.state, stage.new_folder()
    kills.every, kills.steps, kills.on = steps, 0, True
    stage.nation.cut = lambda: bool(kills.taken)
    try:
        await work()
        async with kills.still():
            if not kills.taken:
                kills.take()
    finally:
        kills.on = False
        stage.nation.cut = lambda: False
    (folder, _), *_ = kills.taken
    kills.taken.clear()
    await stage.reopen(folder)


@dataclass(frozen=True)
class Backup:
    """The truth of a moment, what the model was then, and what the national server could know of the register's numbers."""

    folder: Path
    model: Model
    memory: Memory

    @classmethod
    async def of(cls, stage: Stage) -> "Backup":
        """Made while the register goes on."""
        folder = stage.new_folder()
        async with stage.kills.still():
            shutil.copytree(stage.bench.state, folder, ignore=lambda _, names: _others(names))
        return cls(folder, stage.model.copy(), stage.nation.memory.copy())

    def is_older(self, stage: Stage) -> bool:
        """Whether something came since."""
        return len(self.model.log) < len(stage.model.log)

    async def put_back(self, stage: Stage, *, heard: bool) -> None:
        """In place of the truth, beside the projection as it is now. Then everything that came since is said again."""
        folder, lost = stage.new_folder(), stage.model
        async with stage.kills.still():
            shutil.copytree(stage.bench.state, folder, ignore=shutil.ignore_patterns(TRUTH))
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        stage.model = self.model.copy()
        await stage.reopen(folder)
        await stage.side.found(stage.bench, stage.model)
        await _announced_again(stage, lost.boundaries.announced)
        since = self._since(lost)
        for code, city in stage.lives.cities.items():
            city.say_again(notice for sender, notice in since if sender == code)
        for sender, notice in since:
            await stage.take([(sender, [notice])], heard=heard)
        stage.nation.went_back(self.memory, misled=_told(stage, lost) != _told(stage, stage.model))

    def _since(self, lost: Model) -> list[tuple[str, Notice]]:
        """What was taken and waits or became a version, in the order in which it came."""
        keys = [
            (sender, name)
            for outcome, sender, name, waited in lost.log[len(self.model.log) :]
            if outcome in {APPLIED, HELD} and not waited
        ]
        return [(key[0], lost.answers[key][0]) for key in keys if key in lost.answers]


async def _announced_again(stage: Stage, lost: set[Boundary]) -> None:
    model = stage.model.boundaries
    for one in sorted(lost - model.announced):
        for operator in "ab":
            await boundary(stage, Deed.ANNOUNCE, one, operator)
        assert one in model.announced
    stage.lives.announced = sorted(model.announced)


def _others(names: list[str]) -> set[str]:
    return {name for name in names if not Path(name).match(TRUTH)}


def _told(stage: Stage, model: Model) -> set[tuple[tuple[str, int], ...]]:
    """Of everybody the keys and numbers of their versions."""
    return {tuple((stage.nation.key(one), one.serial) for one in each.versions) for each in model.people}
