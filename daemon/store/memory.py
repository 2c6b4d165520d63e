"""The truth in memory: the second engine, for tests and drills; it passes the same contract suite."""

from collections.abc import Sequence

from daemon.store.engine import Changes, Table


class MemoryEngine:
    """An `Engine` that forgets."""

    def __init__(self) -> None:
        self._tables: dict[Table, dict[bytes, bytes]] = {table: {} for table in Table}

    @property
    def apart(self) -> "MemoryEngine":
        return self

    @property
    def own(self) -> "MemoryEngine":
        return self

    async def get_many(self, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        held = self._tables[table]
        return {key: held[key] for key in keys if key in held}

    async def scan(
        self,
        table: Table,
        *,
        first: bytes = b"",
        last: bytes | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[tuple[bytes, bytes]]:
        held = self._tables[table]
        within = sorted(
            (key for key in held if first <= key and (last is None or key < last)), reverse=reverse
        )
        return [(key, held[key]) for key in within[:limit]]

    async def count(self, table: Table) -> int:
        return len(self._tables[table])

    async def apply(self, changes: Changes) -> None:
        for table, pairs in changes.items():
            held = self._tables[table]
            held |= {key: value for key, value in pairs.items() if value is not None}
            for key in (key for key, value in pairs.items() if value is None):
                held.pop(key, None)

    async def close(self) -> None:
        self._tables = {table: {} for table in Table}
