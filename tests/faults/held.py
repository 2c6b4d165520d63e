"""A program that its service manager may hold down for a while after it died."""

import asyncio

from daemon.rehearsal.programs import Program, Recipe, kill
from daemon.tasks import Tasks


class Held(Program):
    """Started again when it died, on the same sockets, and not before `release` where it was killed by `down`."""

    def __init__(self, recipe: Recipe, tasks: Tasks) -> None:
        super().__init__(recipe, tasks)
        self._free = asyncio.Event()
        self._free.set()

    def down(self) -> None:
        """SIGKILL; it stays down."""
        self._free.clear()
        if self.pid is not None:
            kill(self.pid)

    def release(self) -> None:
        """Let it be started."""
        self._free.set()

    async def _rest(self) -> None:
        await self._free.wait()
