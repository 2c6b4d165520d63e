"""Reports to municipalities as they lie: each sealed, under a place that says nothing.

Which are open, and to whom, is held in memory and moves with each commit: a municipality that asks costs no look at the
others' reports.
"""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from msgspec import Struct

from daemon.clock import day_of
from daemon.contract.reports import Report
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.register.rows import Register
from daemon.store.draft import Draft, Group
from daemon.store.engine import Engine, Table

BATCH = 500  # reports in one read


class Kept(Struct, frozen=True, array_like=True):
    """A report as it lies."""

    to: str
    """5 digits; empty where there is nobody to tell but the prefecture."""
    report: Report
    person: bytes
    """Whose record it is about; empty where nobody's."""
    at: datetime
    acknowledged: datetime | None = None


class Letters:
    """The table REPORTS, and which of them are open; a participant of the writer's groups."""

    def __init__(self, register: Register, engine: Engine, sealer: Sealer) -> None:
        self._register = register
        self._engine = engine
        self._sealer = sealer
        self._open: dict[str, dict[bytes, datetime]] = {}
        """By municipality, in order of their places: since when each is open."""
        self._noted: dict[bytes, Kept] = {}
        """What the open group has put."""
        self._change: dict[bytes, Kept] = {}

    @classmethod
    async def load(cls, register: Register, engine: Engine, sealer: Sealer) -> "Letters":
        """Those in `engine`; before the writer runs."""
        letters = cls(register, engine, sealer)
        after = b""
        while page := await letters.page(after, limit=BATCH):
            for place, kept in page:
                letters._take(place, kept)
            after = page[-1][0]
        return letters

    def put(self, draft: Draft, place: bytes, kept: Kept) -> None:
        """Keep a report with the draft."""
        name = classes.work(day_of(draft.now))
        draft.put(
            Table.REPORTS, place, self._sealer.seal(name, self._place(place), msgspec.msgpack.encode(kept))
        )
        self._noted[place] = kept

    async def get(self, draft: Draft, places: Sequence[bytes]) -> dict[bytes, Kept]:
        """Those at these places, as the draft sees them."""
        held = await draft.get_many(Table.REPORTS, places)
        return {place: self._read(place, sealed) for place, sealed in held.items()}

    async def find(self, place: bytes) -> Kept | None:
        """The report at this place."""
        held = await self._engine.get_many(Table.REPORTS, [place])
        return self._read(place, held[place]) if place in held else None

    async def page(self, after: bytes, *, limit: int) -> list[tuple[bytes, Kept]]:
        """Up to `limit` reports whose places come after this one, acknowledged or not."""
        pairs = await self._engine.apart.scan(Table.REPORTS, first=after + b"\x00", limit=limit)
        return [(place, self._read(place, sealed)) for place, sealed in pairs]

    async def open_to(self, to: str, after: bytes, *, limit: int) -> list[tuple[bytes, Kept]]:
        """The oldest open reports to a municipality after a place."""
        places = [place for place in self._open.get(to, {}) if place > after][:limit]
        held = await self._engine.get_many(Table.REPORTS, places)
        kept = [(place, self._read(place, held[place])) for place in places if place in held]
        return [(place, each) for place, each in kept if each.to == to and each.acknowledged is None]

    def open_since(self, moment: datetime) -> int:
        """How many are open since before `moment`."""
        return sum(at < moment for places in self._open.values() for at in places.values())

    # A participant of the writer's groups.

    def begin(self) -> None:
        self._noted, self._change = {}, {}

    def merge(self, draft: Draft, group: Group) -> None:
        del group
        for place, value in draft.changes.get(Table.REPORTS, {}).items():
            if value is not None:
                self._change[place] = self._noted[place]

    async def prepare(self, group: Group) -> None:
        """Nothing follows from it."""

    def commit(self) -> None:
        for place, kept in self._change.items():
            self._take(place, kept)

    def rollback(self) -> None:
        self.begin()

    def _take(self, place: bytes, kept: Kept) -> None:
        if kept.acknowledged is None and kept.to:
            self._open.setdefault(kept.to, {})[place] = kept.at
        else:
            self._open.get(kept.to, {}).pop(place, None)

    def _read(self, place: bytes, sealed: bytes) -> Kept:
        return msgspec.msgpack.decode(self._sealer.open(self._place(place), sealed), type=Kept)

    def _place(self, place: bytes) -> Place:
        return Place(self._register, Table.REPORTS, place)


def is_old(kept: Kept, before: date) -> bool:
    """Whether a report was acknowledged before that day."""
    return kept.acknowledged is not None and day_of(kept.acknowledged) < before
