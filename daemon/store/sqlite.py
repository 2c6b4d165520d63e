"""The truth in one SQLite file with encrypted pages: WAL, synchronous=FULL, one writer, readers beside it."""

import sqlite3
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from daemon.errors import IntegrityError
from daemon.store import migrations, statements
from daemon.store.connection import Work
from daemon.store.engine import Changes, Reads, Table
from daemon.store.faults import Faults
from daemon.store.identity import Identity
from daemon.store.pages import PageKey, Pages, Shape

SHAPE = Shape(migrations.TRUTH, synchronous="FULL", cache=16_000)

T = TypeVar("T")

ANY = sys.maxsize
"""For the one who writes: its own connection is idle while it asks."""
FEW = 5
"""Keys whose values are got with one statement, and in no time."""


class SqliteReads:
    """Reads of one file: up to `few` values at a glance, else on a connection of short reads; or on the one apart.

    StateError where the disk fails, IntegrityError `store.damaged` where a page does not verify.
    """

    def __init__(self, pages: Pages, faults: Faults, *, apart: bool = False, few: int = FEW) -> None:
        self._pages = pages
        self._faults = faults
        self._is_apart = apart
        self._few = few

    async def get_many(self, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        if not keys:
            return {}
        get = statements.get_together if self._is_apart else statements.get
        read = partial(get, table=table, keys=keys)
        return await self._read(read, few=len(keys) <= self._few)

    async def get_placed(self, table: Table, places: Sequence[int]) -> dict[bytes, bytes]:
        if not places:
            return {}
        read = partial(statements.get_placed, table=table, places=places)
        return await self._read(read, few=len(places) <= self._few)

    async def scan(
        self,
        table: Table,
        *,
        first: bytes = b"",
        last: bytes | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[tuple[bytes, bytes]]:
        read = partial(statements.scan, table=table, first=first, last=last, limit=limit, reverse=reverse)
        return await self._read(read)

    async def count(self, table: Table) -> int:
        return await self._read(partial(statements.count, table=table))

    async def _read(self, read: Work[T], *, few: bool = False) -> T:
        with self._faults:
            if few and not self._is_apart:
                return await self._pages.glance(read)
            return await self._pages.read(read, apart=self._is_apart)


class SqliteEngine(SqliteReads):
    """An `Engine` over `register.db`."""

    def __init__(self, pages: Pages) -> None:
        faults = Faults()
        super().__init__(pages, faults)
        self._beside = SqliteReads(pages, faults, apart=True)
        self._own = SqliteReads(pages, faults, few=ANY)

    @classmethod
    async def open(cls, file: Path, key: bytes) -> "SqliteEngine":
        """Open `file`, make or migrate its tables; IntegrityError if `key` does not fit."""
        return cls(await Pages.open(file, PageKey(key), SHAPE))

    @property
    def pages(self) -> Pages:
        """The file itself."""
        return self._pages

    @property
    def apart(self) -> Reads:
        return self._beside

    @property
    def own(self) -> Reads:
        return self._own

    async def apply(self, changes: Changes) -> None:
        """As the interface says. IntegrityError where the file is not the one that was opened; then nothing is committed."""
        with self._faults:
            await self._pages.write(partial(_apply, changes=changes, identity=self._pages.identity))

    async def look(self) -> None:
        """IntegrityError where the file is not the one that was opened, or a page of it did not verify."""
        if self._faults.damage is not None:
            raise IntegrityError(self._faults.damage.code)
        with self._faults:
            await self._pages.look()

    async def close(self) -> None:
        await self._pages.close()


def _apply(connection: sqlite3.Connection, changes: Changes, identity: Identity) -> None:
    identity.require(connection)
    statements.apply(connection, changes=changes)
