"""An SQLite file in use: who writes it, who reads beside, what keeps its WAL short, and exchanging it under all of them.

One connection writes, a few read, one more is for long reads apart, and one moves the WAL (the log of new pages) into the
file, so that no commit has to. Each has a thread of its own (`daemon.store.connection`).
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from daemon.errors import IntegrityError
from daemon.store import files
from daemon.store.closing import closed_on_error
from daemon.store.connection import Connection, Work
from daemon.store.connections import Connections, PageKey, Shape, connect
from daemon.store.faults import Errors
from daemon.store.identity import Identity
from daemon.store.turnstile import Turnstile

log = logging.getLogger(__name__)

T = TypeVar("T")

__all__ = ["PageKey", "Pages", "Shape", "open_fitting"]

AGAIN = 5.0  # seconds until the WAL is tried once more where it could not be moved


class Pages:
    """One file in use."""

    def __init__(
        self, file: Path, shape: Shape, key: PageKey, connections: Connections, identity: Identity
    ) -> None:
        self.file = file
        self.identity = identity
        """Of the file that is in use now."""
        self._shape = shape
        self.key = key
        self._connections = connections
        self._turnstile = Turnstile()
        self._settled = 0
        """Of the rows that the writing connection has changed, those whose pages were moved out of the WAL."""
        self._grown = asyncio.Event()

    @classmethod
    async def open(cls, file: Path, key: PageKey, shape: Shape) -> "Pages":
        """Open `file`, make or migrate its tables; IntegrityError if `key` does not fit."""
        return cls(file, shape, key, *await _connected(file, key, shape))

    @property
    def writer(self) -> Connection:
        """The one connection that changes the file, for the one who writes."""
        return self._connections.writer

    async def write(self, work: Work[T]) -> T:
        """What `work` returns, run in one transaction and one trip to the thread of the connection that writes.

        One at a time. On return it is as durable as the file's shape says; where `work` raises, nothing has changed.
        """
        result, changes = await self.writer.transact(
            lambda connection: (work(connection), connection.total_changes)
        )
        if changes - self._settled >= self._shape.settle:
            self._grown.set()
        return result

    async def look(self) -> None:
        """IntegrityError where the file is not the one that was opened."""
        async with self._turnstile.through():
            # Left to end where whoever looks is cancelled: what runs there next is somebody's commit.
            await self.writer.glance(self.identity.require)

    async def read(self, work: Work[T], *, apart: bool = False) -> T:
        """What `work` returns, run in one trip to the thread of a connection that sees what is committed.

        With `apart` it is the one connection on which nobody waits behind a long read. StateError if none came free.
        """
        async with self.reading(apart=apart) as connection:
            return await connection.run(lambda reader: _closed(reader, work))

    async def glance(self, work: Work[T]) -> T:
        """As `read`, of a few rows: on the connection that writes, while it is idle. A commit leaves its cache alone warm."""
        if not self.writer.busy and self._turnstile.is_open:
            async with self._turnstile.through():
                return await self.writer.glance(work)
        return await self.read(work)

    @asynccontextmanager
    async def reading(self, *, apart: bool = False) -> AsyncIterator[Connection]:
        """That connection, for more than one trip; whoever has one must not ask for another."""
        async with self._turnstile.through():
            if apart:
                yield self._connections.apart
                return
            async with self._connections.free() as reader:
                yield reader

    # The WAL.

    async def keep_short(self) -> None:
        """Move the WAL into the file whenever it has grown; to be run as a task, until it is cancelled."""
        while True:
            await self._grown.wait()
            try:
                await self.settle()
            except Errors as error:
                # A full disk, most likely. Nothing is lost: it stays in the WAL, which commits move when they must.
                log.warning("WAL not moved", extra={"kind": self.file.name, "error": type(error).__name__})
                await asyncio.sleep(AGAIN)
            else:
                # Who wrote meanwhile took what was being moved for what is still there.
                self._grown.clear()

    async def settle(self) -> None:
        """Move what is in the WAL into the file, as far as readers allow, while commits go on.

        What came meanwhile is little; it is moved between two of them, so that the WAL begins again from its start.
        """
        async with self._turnstile.through():
            await self._connections.keeper.run(_move)
            self._settled = await self.writer.run(_move)

    # Exchanging the file.

    async def replace(self, key: PageKey, new: Path | None = None) -> None:
        """Take `new`, closed and written under `key`, in place of the file; its successor where none is named.

        Nothing may be writing; those who read wait. If that cannot be done the old file is in use again;
        IntegrityError if neither opens: then nothing here works any more.
        """
        async with self._turnstile.shut():
            try:
                await self._connections.close()
                await _to_its_end(partial(files.replace, self.file, new or files.successor(self.file)))
            finally:
                self.key, (self._connections, self.identity) = await self._reopened(key)
                self._settled = 0

    async def close(self) -> None:
        """Let go of the file."""
        await self._connections.close()

    async def _reopened(self, new: PageKey) -> tuple[PageKey, tuple[Connections, Identity]]:
        try:
            return new, await _connected(self.file, new, self._shape)
        except IntegrityError:
            return self.key, await _connected(self.file, self.key, self._shape)


async def _connected(file: Path, key: PageKey, shape: Shape) -> tuple[Connections, Identity]:
    """The connections to `file`, and which file that is."""
    connections = await connect(file, key, shape)
    async with closed_on_error(connections):
        return connections, await connections.writer.run(partial(Identity.take, file=file))


async def open_fitting(file: Path, keys: Sequence[PageKey], shape: Shape) -> Pages:
    """Open `file` under the first of `keys` that fits; a new file is made under the first.

    IntegrityError if none fits.
    """
    there = files.exists(file)
    for key in keys[:-1] if there else ():
        try:
            return await Pages.open(file, key, shape)
        except IntegrityError as error:
            if error.code != "store.cannot_open":
                raise
    return await Pages.open(file, keys[-1] if there else keys[0], shape)


async def _to_its_end(work: Callable[[], None]) -> None:
    """Run `work` in a thread, and wait for its end also where whoever waits is cancelled: it cannot be called back."""
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _closed(connection: sqlite3.Connection, work: Work[T]) -> T:
    """What `work` returns. A transaction that it leaves open would show the next reader what was long ago."""
    try:
        return work(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _move(connection: sqlite3.Connection) -> int:
    """Move what can be moved; how many rows this connection has changed so far."""
    if not connection.in_transaction:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    return connection.total_changes
