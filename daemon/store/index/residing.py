"""Who is with certain municipalities, by the projection, a page at a time; and who has which 住民票コード, many at a time.

Both are for long work in the background: they are asked on the connection for long reads, and they answer where rows lie, no more.

People come in an order that stays the same whatever the file is exchanged for: by municipality, standing, sex and first day of
birth, as the index of today's places has them. A page ends with a whole day of birth, so that whoever did not change is met exactly once.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from daemon.errors import IntegrityError
from daemon.register.effect import FOREVER
from daemon.register.transitions import Standing
from daemon.store.index.conditions import SEXES
from daemon.store.index.recent import Recent
from daemon.store.index.schema import STANDINGS
from daemon.store.index.version import Latest
from daemon.store.pages import Pages

_WITH = "open AND standing = ?1 AND municipality = ?2 AND sex = ?3 AND birth_min"
_LAST = f"""SELECT birth_min FROM versions INDEXED BY today_place
    WHERE {_WITH} >= ?4 ORDER BY birth_min LIMIT 1 OFFSET ?5"""  # noqa: S608 - fixed
_PAGE = f"""SELECT json_group_array(json_array(code, hex(row), hex(person), serial))
    FROM versions INDEXED BY today_place
    WHERE {_WITH} BETWEEN ?4 AND ?5 AND since <= ?6 AND until > ?6"""  # noqa: S608 - fixed
_HOLDERS = """SELECT json_group_array(json_array(code, hex(row), hex(person), serial)) FROM versions AS v INDEXED BY by_code
    WHERE v.open AND v.code IN (SELECT value FROM json_each(?1))"""
_HITS = msgspec.json.Decoder(list[tuple[int, str, str, int]])


class Place(NamedTuple):
    """How far an enumeration has come: municipality, standing and sex by their place in the order, and the first day of birth."""

    municipality: int = 0
    standing: int = 0
    sex: int = 0
    birth: int = 0


class Found(NamedTuple):
    """A version, and the 住民票コード in it."""

    code: int
    latest: Latest


class Residing:
    """Asks the file and the memory beside it."""

    def __init__(self, pages: Pages, recent: Recent) -> None:
        self._pages = pages
        self._recent = recent

    async def page(
        self,
        municipalities: Sequence[str],
        standings: Sequence[Standing],
        place: Place,
        *,
        on: int,
        size: int,
    ) -> tuple[list[Found], Place | None]:
        """About `size` versions in force on a day (YYYYMMDD), and where to go on; None after the last of them."""
        municipality, standing = municipalities[place.municipality], standings[place.standing]
        given = (STANDINGS[standing], int(municipality), SEXES[place.sex])
        last = await self._pages.read(partial(_end, given=given, first=place.birth, size=size), apart=True)
        # The memory in the same breath as the mark, then the file; whatever was met in both counts once.
        mark = self._recent.mark()
        among = partial(_within, given=given, births=(place.birth, last), on=on)
        here = [each for layer in mark.layers for each in among(layer.connection)]
        found = await self._pages.read(among, apart=True)
        met = {each.latest.row: each for each in (*found, *here)}
        in_force = [each for each in met.values() if not self._recent.stale(mark, each.latest, on)]
        return in_force, _next(place, last, (len(municipalities), len(standings)))

    async def holders(self, codes: Sequence[str]) -> dict[str, Latest]:
        """The newest version with this 住民票コード of whoever may be in force with it today or later, by code.

        Where that has a successor already, which takes effect later, the truth says so: looking for it here costs a page for everybody.
        IntegrityError where two people have the same. Codes are 11 digits.
        """
        mark = self._recent.mark()
        found: dict[str, Latest] = {}
        for code in codes:
            for version in self._recent.keyed(mark, code):
                _once(found, code, Latest(version.row, version.person, version.serial))
        asked = [int(code) for code in codes]
        for hit in await self._pages.read(partial(_holders, codes=asked), apart=True):
            if not self._recent.stale(mark, hit.latest):
                _once(found, f"{hit.code:011}", hit.latest)
        return found


def _once(found: dict[str, Latest], code: str, where: Latest) -> None:
    known = found.setdefault(code, where)
    if known.person != where.person:
        raise IntegrityError("index.code_twice")
    if known.serial < where.serial:
        found[code] = where


def _next(place: Place, last: int, many: tuple[int, int]) -> Place | None:
    """Where to go on after a day of birth; `many` municipalities and standings there are."""
    municipality, standing, sex, _ = place
    if last < FOREVER:
        return place._replace(birth=last + 1)
    if sex + 1 < len(SEXES):
        return Place(municipality, standing, sex + 1)
    if standing + 1 < many[1]:
        return Place(municipality, standing + 1)
    return Place(municipality + 1) if municipality + 1 < many[0] else None


def _end(connection: sqlite3.Connection, *, given: tuple[int, int, int], first: int, size: int) -> int:
    """The day of birth with which a page ends that begins with `first`; FOREVER where it is the last."""
    row = connection.execute(_LAST, (*given, first, size)).fetchone()
    return FOREVER if row is None else int(row[0])


def _within(
    connection: sqlite3.Connection, *, given: tuple[int, int, int], births: tuple[int, int], on: int
) -> list[Found]:
    return _found(connection.execute(_PAGE, (*given, *births, on)).fetchone()[0])


def _holders(connection: sqlite3.Connection, *, codes: Sequence[int]) -> list[Found]:
    return _found(connection.execute(_HOLDERS, (msgspec.json.encode(codes).decode(),)).fetchone()[0])


def _found(answer: str) -> list[Found]:
    return [
        Found(code, Latest(bytes.fromhex(row), bytes.fromhex(person), serial))
        for code, row, person, serial in _HITS.decode(answer)
    ]
