"""The outbox: sealed messages for the national server, in the order in which they were written."""

import msgspec

from daemon.contract.national import Update
from daemon.crypto.seal import Place, Sealer
from daemon.register.rows import Register
from daemon.store.engine import Engine, Table

Waiting = tuple[bytes, Update]
"""A message with its place."""


class Outbox:
    """Reads what waits; what is added or taken out goes through a draft of the writer."""

    def __init__(self, register: Register, engine: Engine, sealer: Sealer) -> None:
        self._register = register
        self._engine = engine
        self._sealer = sealer

    async def waiting(self, limit: int) -> list[Waiting]:
        """The oldest messages."""
        pairs = await self._engine.scan(Table.OUTBOX, limit=limit)
        return [(place, self._open(place, sealed)) for place, sealed in pairs]

    async def sealed(self, places: list[bytes]) -> dict[bytes, bytes]:
        """Messages as they lie, for setting them aside without opening them."""
        return await self._engine.get_many(Table.OUTBOX, places)

    def _open(self, place: bytes, sealed: bytes) -> Update:
        # A message keeps the place it was sealed for, also when it is set aside.
        content = self._sealer.open(Place(self._register, Table.OUTBOX, place), sealed)
        return msgspec.json.decode(content, type=Update)
