"""The people of a municipality for long work in the background: the projection says where, the truth says what.

Little is read at a time, apart from searches, and others on the loop have their turn every few milliseconds.
"""

import asyncio
from collections.abc import Sequence
from datetime import date

from daemon.register.dates import number_of
from daemon.register.reconcile import PRESENT, kept_by
from daemon.register.rows import Register
from daemon.store.engine import Engine, Table
from daemon.store.index import Index, Latest
from daemon.store.index.residing import Found, Place
from daemon.store.reader import Reader
from daemon.store.rows import RowCodec, Stored

BREATH = 25  # rows opened before others on the loop get their turn


class Residents:
    """Reads newest versions."""

    def __init__(
        self, register: Register, engine: Engine, index: Index, codec: RowCodec, reader: Reader
    ) -> None:
        self._standings = PRESENT[register]
        self._engine = engine
        self._index = index
        self._codec = codec
        self._reader = reader

    async def page(
        self, municipality: str, place: Place, *, on: date, size: int
    ) -> tuple[list[Found], Place | None]:
        """About `size` people present with a municipality on a day, and where to go on, if there may be more."""
        codes = kept_by(municipality, on)
        return await self._index.residing.page(codes, self._standings, place, on=number_of(on), size=size)

    async def holders(self, codes: Sequence[str]) -> dict[str, Stored]:
        """The newest version of each person who has one of these 住民票コード (11 digits) in it."""
        newest = await self.newest(list((await self._index.residing.holders(codes)).values()))
        wanted = set(codes)
        return {each.row.juminhyo_code: each for each in newest if each.row.juminhyo_code in wanted}

    async def newest(self, proposed: Sequence[Latest]) -> list[Stored]:
        """The newest versions of the people whose versions the projection proposes."""
        sealed = await self._engine.apart.get_many(Table.ROWS, [where.row for where in proposed])
        found = []
        for number, where in enumerate(proposed, start=1):
            newest = await self._newest(where.row, sealed.get(where.row), where.person)
            if newest is not None:
                found.append(newest)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return found

    async def history(self, person: bytes) -> list[Stored]:
        """All versions of one person, the newest first."""
        return await self._reader.history(person)

    async def _newest(self, row: bytes, sealed: bytes | None, person: bytes) -> Stored | None:
        if sealed is not None and (stored := self._codec.open(row, sealed)).successor_on is None:
            return stored
        # Succeeded between the two readings, or a departure lies ahead of what is in force.
        return next(iter(await self._reader.history(person)), None)
