"""The keystore's own thread: whoever waits for the disk does not hold up the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from hsm.keystore import Keystore

P = ParamSpec("P")
T = TypeVar("T")


class Files:
    """The keystore and its thread. `settle` pushes the tokens' own files to the disk, where they have any."""

    def __init__(self, store: Keystore, settle: Callable[[], None] = lambda: None) -> None:
        self.store = store
        self._settle = settle
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keystore")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` on the store's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *args, **kwargs))

    async def settle(self) -> None:
        """Everything that tokens wrote is on the disk."""
        await self.run(self._settle)

    async def close(self) -> None:
        """Let go of the store, after what still runs there."""
        await self.run(self.store.close)
        self._thread.shutdown(wait=False)
