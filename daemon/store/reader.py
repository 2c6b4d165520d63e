"""Reading people: the projection proposes, the truth decides. Every version that leaves here was opened and verified.

A proposed version that nothing superseded is judged by itself. For any other the person's whole history is opened: that is
what days of the past and former names need, and it is how a notice that came between proposal and answer is noticed.
"""

import asyncio
from collections.abc import Sequence

from daemon.errors import StateError, TooMuchError
from daemon.register.effect import since
from daemon.register.keys import keys_of
from daemon.register.reasons import standing_of
from daemon.register.transitions import Standing
from daemon.register.wanted import Wanted, fits
from daemon.store.engine import Engine, Table
from daemon.store.index import Index, Latest
from daemon.store.rows import ROW_ID, RowCodec, Stored

TOO_MANY = "search.too_many"
TRIES = 11
"""Looks at one person until their newest version is there: the truth is moments ahead of the projection."""
PAUSE = 0.001  # seconds after the first of them; twice as long after each
PATIENCE = 0.5
"""Seconds in which people are counted anew: a console asks for its status every few, and takes three for no answer."""
SPARE = 4
"""Proposals beyond those that are too many: some may not hold, where something changes meanwhile."""


class Reader:
    """Finds versions through the projection and opens them from the truth, beside the writer."""

    def __init__(self, engine: Engine, index: Index, codec: RowCodec) -> None:
        self._engine = engine
        self._index = index
        self._codec = codec

    async def find(self, wanted: Wanted, *, limit: int) -> list[Stored]:
        """The people who are `wanted`, each by the version in force on that day, in no order.

        TooMuchError `search.too_many` where they are more than `limit`. Where they are many more, that is the word of
        the projection: nobody is shown, so nothing is opened for it.
        """
        asked = limit + 1 + SPARE
        places = await self._index.find(wanted, limit=asked)
        if len(places) == asked:
            raise TooMuchError(TOO_MANY)
        # A row that has left the truth meanwhile had nobody after it: rows go from the oldest on.
        sealed = await self._engine.get_placed(Table.ROWS, places)
        proposed = [self._codec.open(row, value) for row, value in sealed.items()]
        held = [
            versions
            for stored in proposed
            if (versions := await self._held(stored, wanted.on, whole=wanted.former))
        ]
        found = {versions[0].id: versions[0] for versions in held if _is_wanted(versions, wanted)}
        if len(found) > limit:
            raise TooMuchError(TOO_MANY)
        return list(found.values())

    async def _held(self, stored: Stored, on: int, *, whole: bool) -> list[Stored]:
        """Of whoever has this version the one in force on a day, and after it, if `whole`, those before it; empty if there is none."""
        if not whole and stored.successor_on is None and since(stored.row) <= on:
            return [stored]
        return _up_to(await self.history(stored.person), on)

    async def by_code(self, code: str, *, on: int) -> list[Stored]:
        """The version in force on the day `on` (YYYYMMDD) of whoever has this 住民票コード, or had it in any version.

        Its own 住民票コード may be that one, one before it, or one after it.
        """
        found = await self._in_force(await self._index.by_code(code), on)
        return [stored for stored in found if await self._ever_had(stored, code)]

    async def by_number(self, number: str, *, on: int) -> list[Stored]:
        """The versions in force on the day `on` of those whose newest version has this 個人番号."""
        held = await self._in_force(await self._index.by_number(number), on)
        return [each for each in held if getattr(each.row, "kojin_bango", "") == number]

    async def history(self, person: bytes) -> list[Stored]:
        """All versions of one person, the newest first; empty where there is no such person."""
        pause = PAUSE
        for _ in range(TRIES if len(person) == ROW_ID else 0):
            ids = await self._index.history(person)
            versions = [stored for stored in await self._open(ids) if stored.person == person]
            if len(versions) == len(ids) and (not versions or versions[0].successor_on is None):
                return versions
            await asyncio.sleep(pause)
            pause *= 2
        if len(person) == ROW_ID:
            raise StateError("index.behind")
        return []

    async def people(self, standings: tuple[Standing, ...], *, on: int) -> int:
        """How many people stand so on the day `on`; on a day with many notices as they stood a little while ago."""
        return await self._index.count(standings, on, patience=PATIENCE)

    async def _ever_had(self, stored: Stored, code: str) -> bool:
        """Whether any version of their person has this 住民票コード."""
        if stored.row.juminhyo_code == code:
            return True
        return any(each.row.juminhyo_code == code for each in await self.history(stored.person))

    async def _in_force(self, proposed: Sequence[Latest], on: int) -> list[Stored]:
        """Of each person proposed the version in force on that day. Whoever has none is left out."""
        opened = {stored.id: stored for stored in await self._open([each.row for each in proposed])}
        held = [
            await self._held(opened[each.row], on, whole=False)
            if each.row in opened
            else _up_to(await self.history(each.person), on)
            for each in proposed
        ]
        return [versions[0] for versions in held if versions]

    async def _open(self, ids: Sequence[bytes]) -> list[Stored]:
        sealed = await self._engine.get_many(Table.ROWS, ids)
        return [self._codec.open(row, sealed[row]) for row in ids if row in sealed]


def _up_to(versions: list[Stored], on: int) -> list[Stored]:
    """Of a history, the newest first: the version in force on a day and all before it."""
    first = next((place for place, stored in enumerate(versions) if since(stored.row) <= on), None)
    return [] if first is None else versions[first:]


def _is_wanted(versions: list[Stored], wanted: Wanted) -> bool:
    """Whether the first of `versions` is what is wanted; the others are those before it, which have to be there if
    former names count."""
    row, *earlier = [stored.row for stored in versions]
    before = (keys_of(each) for each in earlier) if wanted.former else ()
    return standing_of(row) in wanted.standings and fits(keys_of(row), wanted, before)
