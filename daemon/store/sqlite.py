"""The truth in one SQLite file with encrypted pages: WAL, synchronous=FULL, one writer, readers beside it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from daemon.store import migrations, statements
from daemon.store.engine import Changes, Reads, Table
from daemon.store.pages import PageKey, Pages, Shape

SHAPE = Shape(migrations.TRUTH, synchronous="FULL", cache=16_000)


class SqliteReads:
    """Reads of one file, on a connection of short reads or on the one apart."""

    def __init__(self, pages: Pages, *, apart: bool) -> None:
        self._pages = pages
        self._is_apart = apart

    async def get_many(self, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        if not keys:
            return {}
        read = partial(statements.get, table=table, keys=keys)
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
        super().__init__(pages, apart=False)
        self._beside = SqliteReads(pages, apart=True)

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

    async def apply(self, changes: Changes) -> None:
        await self._pages.write(partial(statements.apply, changes=changes))

    async def close(self) -> None:
        await self._pages.close()
