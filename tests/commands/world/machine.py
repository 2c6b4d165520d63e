"""A world that runs in a loop of its own, step by step."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from daemon.rehearsal.pki import Pki
from tests.commands.world.batches import Batches
from tests.commands.world.stage import Stage
from tests.store.kills import Kills

T = TypeVar("T")


class Machine(RuleBasedStateMachine):
    """A stage, and whether it can still be asked."""

    def __init__(self, pki: Pki, folder: Path, kills: Kills) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.broken = False
        self.stage = self.run(Stage.open(pki, folder, kills))
        self.lives = self.stage.lives

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it, and remember whether it failed: then nothing else can be told of this world."""
        try:
            return self.runner.run(work)
        except BaseException:
            self.broken = True
            raise

    def deliver(self, batches: Batches, *, heard: bool = True, apart: bool = False) -> None:
        self.run(self.stage.deliver(batches, heard=heard, apart=apart))

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.run(self.stage.settle())
        finally:
            self.runner.run(self.stage.close())
            self.runner.close()
