"""Bringing every value of a table under the newest generation of its kind, while the register works.

Values are read in the order of their keys, apart from searches, and sealed anew outside the writer. A small piece of
work then puts those that have not changed meanwhile; one that has was written under the newest generation already.
"""

import asyncio

from daemon.crypto.classes import kind
from daemon.crypto.seal import Place, Sealer, class_of
from daemon.errors import IntegrityError
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.tally import Tally, recount_at_start
from daemon.store.writer import Writer

BATCH = 128  # values in one step: a search may wait behind one of them
BREATH = 32  # values sealed before others on the loop get their turn


class Reseal:
    """One table on its way to `new`. It goes on from where it was left: how far it came lies under `cursor` in META."""

    def __init__(
        self,
        register: Register,
        engine: Engine,
        writer: Writer,
        sealer: Sealer,
        tally: Tally,
        *,
        table: Table,
        new: str,
        cursor: bytes,
    ) -> None:
        self._register = register
        self._engine = engine
        self._writer = writer
        self._sealer = sealer
        self._tally = tally
        self._table = table
        self._new = new
        self._cursor = cursor
        self._next: bytes | None = None
        """The first key not looked at yet; None before the first step."""
        self._whole = False
        """Whether this pass began with the first key of all."""

    def left(self) -> int:
        """How many values lie under older generations."""
        return self._tally.older(self._table, self._new)

    async def step(self) -> bool:
        """Seal some anew; whether there may be more to do."""
        if not self.left():
            return False
        if self._next is None:
            self._next = (await self._engine.get_many(Table.META, [self._cursor])).get(self._cursor, b"")
            self._whole = not self._next
        pairs = await self._engine.apart.scan(self._table, first=self._next, limit=BATCH)
        if not pairs:
            await self._again()
            return True
        self._next = pairs[-1][0] + b"\x00"
        if stale := {key: value for key, value in pairs if self._is_stale(value)}:
            await self._put(stale, await self._anew(stale), self._next)
        return True

    async def close(self) -> None:
        """Nothing is held."""

    async def _again(self) -> None:
        """Begin with the first key: something is left before a cursor that was out of date."""
        if self._whole:
            await self._writer.write(recount_at_start)
            raise IntegrityError("store.miscounted", field=self._table)
        self._next, self._whole = b"", True

    def _is_stale(self, value: bytes) -> bool:
        name = class_of(value)
        return kind(name) == kind(self._new) and name != self._new

    async def _anew(self, stale: dict[bytes, bytes]) -> dict[bytes, bytes]:
        fresh: dict[bytes, bytes] = {}
        for number, (key, value) in enumerate(stale.items(), start=1):
            place = Place(self._register, self._table, key)
            fresh[key] = self._sealer.seal(self._new, place, self._sealer.open(place, value))
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return fresh

    async def _put(self, stale: dict[bytes, bytes], fresh: dict[bytes, bytes], cursor: bytes) -> None:
        async def work(draft: Draft) -> None:
            held = await draft.get_many(self._table, list(stale), apart=True)
            for key, value in held.items():
                if value == stale[key]:
                    draft.put(self._table, key, fresh[key])
            draft.put(Table.META, self._cursor, cursor)

        await self._writer.write(work)
