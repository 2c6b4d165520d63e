"""Receipts of notices, which lie under the key of their fiscal year as the log's entries do: none is left when that key is due.

What a receipt is for, that the same notice again is answered as before, ended years ago; left behind it would keep the key alive,
and with it whatever copies of the year's entries there are.
"""

import asyncio
from collections.abc import Collection

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.tally import Tally, stated
from daemon.store.writer import Writer

STEP = 500  # receipts looked at in one step
BREATH = 0.1  # seconds between two steps


class ReceiptEnds:
    """Deletes receipts, a few at a time."""

    def __init__(self, engine: Engine, writer: Writer, tally: Tally) -> None:
        self._engine = engine
        self._writer = writer
        self._tally = tally

    async def delete(self, names: Collection[str]) -> None:
        """Delete every receipt under one of the classes `names`; each step is one commit with its entry."""
        if not any(self._tally.of(Table.NOTICES, name) for name in names):
            return
        first = b""
        while pairs := await self._engine.apart.scan(Table.NOTICES, first=first, limit=STEP):
            first = pairs[-1][0] + b"\x00"
            if over := [key for key, value in pairs if stated(value) in names]:
                await self._step(over, names)
            await asyncio.sleep(BREATH)

    async def _step(self, keys: Collection[bytes], names: Collection[str]) -> None:
        async def work(draft: Draft) -> None:
            # One that was held may have been written anew since.
            there = await draft.get_many(Table.NOTICES, list(keys), apart=True)
            gone = [key for key, value in there.items() if stated(value) in names]
            for key in gone:
                draft.delete(Table.NOTICES, key)
            if gone:
                draft.log(Act(Action.NOTICE_FORGOTTEN, "jukurad", counts={"notices": len(gone)}))

        await self._writer.write(work, weight=len(keys))
