"""Which runs there are of each municipality, and the deletion of what nobody needs any more; a kill loses none of it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice

from msgspec.structs import replace

from daemon.commands.reconciliation.runs import Past, Runs
from daemon.commands.reconciliation.turns import Turns
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.writer import Writer

KEPT = timedelta(days=100)
"""Findings are kept until the next comparison ends, and no longer than this: a little more than a quarter."""
AT_ONCE = 500  # keys deleted in one commit


class Clearing:
    """Owns what is known of the past."""

    def __init__(self, runs: Runs, writer: Writer, turns: Turns) -> None:
        self._runs = runs
        self._writer = writer
        self._turns = turns
        self._past: dict[str, Past] = {}
        self.turn = asyncio.Lock()
        """Held by whoever changes what is known of the past."""

    @property
    def past(self) -> Mapping[str, Past]:
        """The runs that there are, by municipality."""
        return self._past

    async def load(self, municipalities: Sequence[str], today: date) -> None:
        """Read them. A municipality's first comparison is waited for from the day on which it is first heard of."""
        past = await self._runs.past()
        new = {each: Past(known=today) for each in municipalities if each not in past}

        async def work(draft: Draft) -> None:
            for municipality, first in new.items():
                self._runs.put_past(draft, municipality, first)

        if new:
            await self._writer.write(work)
        self._past = past | new

    def told(self, municipality: str, past: Past) -> None:
        """What was committed of a municipality."""
        self._past[municipality] = past

    async def clear(self, municipality: str, name: bytes) -> None:
        """Delete what a run that ended does not need any more, and runs that were replaced."""
        run = await self._runs.load(name)
        if run is not None and not run.cleared:
            await self._delete(self._runs.keys_of(run, findings=False))

            async def work(draft: Draft) -> None:
                past = self._past[municipality]
                if name in {past.newest, past.done}:
                    self._runs.put(draft, name, replace(run, cleared=True))

            await self._writer.write(work)
        await self._forget(municipality)

    async def prune(self, municipality: str, today: date) -> None:
        """Delete the findings of a municipality that are too old; the day of its last comparison stays known."""
        async with self.turn:
            past = self._past[municipality]
            if not past.done or past.done_on is None or today - past.done_on <= KEPT:
                return
            gone = dict.fromkeys([*past.gone, past.done, past.newest])
            await self._put(municipality, replace(past, done=b"", newest=b"", gone=list(gone)))
        await self._forget(municipality)

    async def _forget(self, municipality: str) -> None:
        """Delete runs that are gone, with everything that was found."""
        while gone := self._past[municipality].gone:
            name = gone[0]
            run = await self._runs.load(name)
            if run is not None:
                await self._delete(self._runs.keys_of(run, findings=True))
                await self._delete(iter([name]))
            async with self.turn:
                past = self._past[municipality]
                await self._put(municipality, replace(past, gone=[one for one in past.gone if one != name]))

    async def _delete(self, keys: Iterator[bytes]) -> None:
        while some := list(islice(keys, AT_ONCE)):
            async with self._turns.turn():
                await self._delete_some(some)

    async def _delete_some(self, keys: Sequence[bytes]) -> None:
        async def work(draft: Draft) -> None:
            for key in keys:
                draft.delete(Table.RUNS, key)

        await self._writer.write(work)

    async def _put(self, municipality: str, past: Past) -> None:
        async def work(draft: Draft) -> None:
            self._runs.put_past(draft, municipality, past)

        await self._writer.write(work)
        self._past[municipality] = past
