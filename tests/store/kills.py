"""A register that is killed at any moment: its folder as it would lie on the disk then, taken at each step of the store.

Every call to a database goes through one gate here, so no file changes while the folder is copied.
"""

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosqlite.core import Connection

from daemon.store import files

Call = Callable[..., Awaitable[Any]]
TRIES = 20


@dataclass
class Kills:
    """Copies of `folder`, one for each `every`-th step from the time it is `on`, each with what was acknowledged then."""

    folder: Path
    copies: Path
    every: int = 1
    on: bool = False
    steps: int = 0
    acknowledged: set[str] = field(default_factory=set)
    taken: list[tuple[Path, set[str]]] = field(default_factory=list)
    _gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand between the program and its files."""
        execute: Call = Connection._execute

        async def gated(connection: Connection, *args: Any, **kwargs: Any) -> Any:
            async with self._gate:
                self.step()
                return await execute(connection, *args, **kwargs)

        monkeypatch.setattr(Connection, "_execute", gated)
        sync = files.sync

        def synced(path: Path) -> None:
            self.take()
            sync(path)
            self.take()

        monkeypatch.setattr(files, "sync", synced)

    def still(self) -> asyncio.Lock:
        """While held, no call to a database is under way."""
        return self._gate

    def step(self) -> None:
        """One call to a database is about to be made."""
        if self.on:
            self.steps += 1
            if self.steps % self.every == 0:
                self.take()

    def take(self) -> None:
        """The folder as it is."""
        # A new file of the projection reaches the disk from a thread of its own, beside a call to a database.
        with self._one:
            self._take()

    def _take(self) -> None:
        if self.on:
            copy = self.copies / str(len(self.taken))
            self._copy(copy)
            self.taken.append((copy, set(self.acknowledged)))

    def _copy(self, copy: Path) -> None:
        # Opening and closing a database passes no gate, and a file of its own may go while the folder is copied.
        for left in reversed(range(TRIES)):
            try:
                shutil.copytree(self.folder, copy)
            except (shutil.Error, FileNotFoundError):
                shutil.rmtree(copy, ignore_errors=True)
                if not left:
                    raise
            else:
                return
