"""The truth in one SQLite file with encrypted pages: WAL, synchronous=FULL, one writer, readers beside it."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from daemon.store import migrations, statements
from daemon.store.engine import Changes, Reads, Table
from daemon.store.pages import PageKey, Pages, Shape

SHAPE = Shape(migrations.TRUTH, synchronous="FULL", cache=16_000)

ANY = sys.maxsize
"""For the one who writes: its own connection is idle while it asks."""
FEW = 5
"""Keys whose values are got with one statement, and in no time."""


class SqliteReads:
    """Reads of one file: up to `few` values at a glance, else on a connection of short reads; or on the one apart."""

    def __init__(self, pages: Pages, *, apart: bool = False, few: int = FEW) -> None:
        self._pages = pages
        self._is_apart = apart
        self._few = few

    async def get_many(self, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        if not keys:
            return {}
        get = statements.get_together if self._is_apart else statements.get
        read = partial(get, table=table, keys=keys)
        if len(keys) <= self._few and not self._is_apart:
            return await self._pages.glance(read)
        return await self._pages.read(read, apart=self._is_apart)

    async def get_placed(self, table: Table, places: Sequence[int]) -> dict[bytes, bytes]:
        if not places:
            return {}
        read = partial(statements.get_placed, table=table, places=places)
        if len(places) <= self._few and not self._is_apart:
            return await self._pages.glance(read)
        return await self._pages.read(read, apart=self._is_apart)

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
        return await self._pages.read(read, apart=self._is_apart)

    async def count(self, table: Table) -> int:
        return await self._pages.read(partial(statements.count, table=table), apart=self._is_apart)


class SqliteEngine(SqliteReads):
    """An `Engine` over `register.db`."""

    def __init__(self, pages: Pages) -> None:
        super().__init__(pages)
        self._beside = SqliteReads(pages, apart=True)
        self._own = SqliteReads(pages, few=ANY)

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
        await self._pages.write(partial(statements.apply, changes=changes))

    async def close(self) -> None:
        await self._pages.close()
