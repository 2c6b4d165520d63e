"""Reading people: the projection proposes, the truth decides. Every version that leaves here was opened and verified."""

from daemon.store.engine import Engine, Table
from daemon.store.index import Index, Wanted
from daemon.store.rows import ROW_ID, RowCodec, Stored


class Reader:
    """Finds versions through the projection and opens them from the truth, beside the writer."""

    def __init__(self, engine: Engine, index: Index, codec: RowCodec) -> None:
        self._engine = engine
        self._index = index
        self._codec = codec

    async def find(self, wanted: Wanted, *, limit: int) -> list[Stored]:
        """Up to `limit` latest versions that the projection proposes; the caller compares them once more."""
        return await self._open([where.row for where in await self._index.find(wanted, limit=limit)])

    async def history(self, person: bytes) -> list[Stored]:
        """All versions of one person, the newest first; empty where there is no such person."""
        ids = await self._index.history(person) if len(person) == ROW_ID else []
        return [stored for stored in await self._open(ids) if stored.person == person]

    async def people(self, standings: tuple[str, ...]) -> int:
        """How many people stand so."""
        return await self._index.count(standings)

    async def rows(self) -> int:
        """How many versions there are."""
        return await self._engine.count(Table.ROWS)

    async def _open(self, ids: list[bytes]) -> list[Stored]:
        sealed = await self._engine.get_many(Table.ROWS, ids)
        return [self._codec.open(row, sealed[row]) for row in ids if row in sealed]
