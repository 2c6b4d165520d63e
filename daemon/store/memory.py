"""The truth in memory: the second engine, for tests and drills; it passes the same contract suite."""

from collections.abc import Sequence

from daemon.errors import StateError
from daemon.store.engine import PLACED, Changes, Table, place_of


class MemoryEngine:
    """An `Engine` that forgets."""

    def __init__(self) -> None:
        self._tables: dict[Table, dict[bytes, bytes]] = {table: {} for table in Table}
        self._places: dict[Table, dict[int, bytes]] = {table: {} for table in PLACED}
        """Which key has a place."""

    @property
    def apart(self) -> "MemoryEngine":
        return self

    @property
    def own(self) -> "MemoryEngine":
        return self

    async def get_many(self, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        held = self._tables[table]
        return {key: held[key] for key in keys if key in held}

    async def get_placed(self, table: Table, places: Sequence[int]) -> dict[bytes, bytes]:
        held, there = self._tables[table], self._places[table]
        return {there[place]: held[there[place]] for place in places if place in there}

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
        self._require_places(changes)
        for table, pairs in changes.items():
            held, places = self._tables[table], self._places.get(table, {})
            for key, value in pairs.items():
                if value is not None:
                    held[key] = value
                    places[place_of(key)] = key
            for key in (key for key, value in pairs.items() if value is None and key in held):
                del held[key]
                places.pop(place_of(key), None)

    def _require_places(self, changes: Changes) -> None:
        """StateError where two keys would have the same place."""
        for table in PLACED & changes.keys():
            taken = dict[int, bytes]()
            for key in (key for key, value in changes[table].items() if value is not None):
                place = place_of(key)
                if self._places[table].get(place, key) != key or taken.setdefault(place, key) != key:
                    raise StateError("store.id_taken")

    async def close(self) -> None:
        self._tables = {table: {} for table in Table}
        self._places = {table: {} for table in PLACED}
