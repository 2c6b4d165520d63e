"""Updates for the national server, made from the rows they tell of: the first time, and whenever they are asked for again."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from daemon.contract.national import Update
from daemon.register.rows import Register
from daemon.store.engine import Engine, Table
from daemon.store.rows import RowCodec, Stored

BREATH = 50  # rows opened before others on the loop get their turn


class Sending(msgspec.Struct, frozen=True):
    """What an update is made of, beside its row."""

    number: int
    key: bytes
    sender: str
    row: bytes
    """Id of the row version."""


class Updates:
    """Makes updates of one register."""

    def __init__(self, register: Register, engine: Engine, codec: RowCodec) -> None:
        self._register = register
        self._engine = engine
        self._codec = codec

    async def rows(self, ids: Sequence[bytes]) -> dict[bytes, Stored]:
        """The versions with these ids; those that were erased are left out."""
        opened: dict[bytes, Stored] = {}
        for number, (row, sealed) in enumerate(
            (await self._engine.get_many(Table.ROWS, ids)).items(), start=1
        ):
            opened[row] = self._codec.open(row, sealed)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return opened

    async def make(self, sendings: Sequence[Sending], *, repeat: bool = False) -> list[Update]:
        """One update for each, in order."""
        rows = await self.rows([sending.row for sending in sendings])
        return [self._update(sending, rows, repeat=repeat) for sending in sendings]

    def _update(self, sending: Sending, rows: Mapping[bytes, Stored], *, repeat: bool) -> Update:
        stored = rows.get(sending.row)
        return Update(
            key=sending.key.hex(),
            register=self._register,
            sender=sending.sender,
            number=sending.number,
            repeat=repeat,
            erased=stored is None,
            row={} if stored is None else msgspec.to_builtins(stored.row),
        )
