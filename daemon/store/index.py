"""The projection for search (`index.db`): plain columns and ordinary indexes, inside encrypted pages.

It is not the truth. It knows up to which commit it has come, it may be thrown away at any time, and whoever reads
it checks each hit against the truth. Why it is no set of keyed labels in the truth: docs/adr/0001.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from aiosqlite.core import Connection

from daemon.errors import IntegrityError
from daemon.register.dates import span
from daemon.register.kana import search_key
from daemon.register.reasons import standing_of
from daemon.register.transitions import Standing
from daemon.store import migrations
from daemon.store.pages import PageKey, Pages, Shape
from daemon.store.rows import Stored

LAST = "\U0010ffff"  # sorts after every kana
CHUNK = 500  # codes in one SELECT
# NORMAL: what a power cut takes from the projection, the truth gives back at the next start.
SHAPE = Shape(migrations.INDEX, synchronous="NORMAL", cache=32_000)


class Version(NamedTuple):
    """What the projection keeps of one version: a row of its table, in the order of its columns."""

    row: bytes
    person: bytes
    serial: int
    code: str
    kana: str
    birth_min: int
    birth_max: int
    standing: str
    departs: int
    """Day (YYYYMMDD) from which a 転出 counts, which may lie ahead; 0 for everyone else."""


@dataclass(frozen=True)
class Latest:
    """Where the latest version of a person lies."""

    row: bytes
    person: bytes


@dataclass(frozen=True)
class Wanted:
    """A search, folded: kana keys (whole or prefix), a span of birth dates, standings."""

    standings: tuple[str, ...]
    on: int
    """The day (YYYYMMDD) as of which people stand so."""
    kana: tuple[str, ...] = ()
    """Keys, any of which may fit."""
    whole: bool = False
    birth: tuple[int, int] | None = None


def projected(stored: Stored) -> Version:
    """The projection of one version. Pure."""
    row = stored.row
    birth_min, birth_max = span(row.birth)
    standing = standing_of(row)
    return Version(
        row=stored.id,
        person=stored.person,
        serial=row.serial,
        code=row.juminhyo_code,
        kana=search_key(row.kana),
        birth_min=birth_min,
        birth_max=birth_max,
        standing=standing,
        departs=span(row.event_date)[0] if standing is Standing.OUT else 0,
    )


class Index:
    """`index.db`: it writes inside the writer's groups, and reads beside them."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        """The file itself."""

    @classmethod
    async def open(cls, file: Path, key: bytes) -> "Index":
        """Open or make `file`; IntegrityError if it is not ours to read, and then it may be deleted."""
        return cls(await Pages.open(file, PageKey(key), SHAPE))

    async def close(self) -> None:
        await self.pages.close()

    @property
    def _writer(self) -> Connection:
        return self.pages.writer

    @property
    def _reader(self) -> Connection:
        return self.pages.reader

    # Writing: only inside a group of the writer, or while catching up.

    async def begin(self) -> None:
        await self._writer.execute("BEGIN IMMEDIATE")

    async def commit(self) -> None:
        await self._writer.execute("COMMIT")

    async def rollback(self) -> None:
        await self._writer.execute("ROLLBACK")

    async def add(self, versions: Iterable[Version]) -> None:
        """Take in versions in any order; the highest serial of a person is the latest."""
        given = list(versions)
        await self._writer.executemany(
            """INSERT OR REPLACE INTO versions VALUES (?1, ?2, ?3,
                NOT EXISTS (SELECT 1 FROM versions WHERE person = ?2 AND serial > ?3), ?4, ?5, ?6, ?7, ?8, ?9)""",
            given,
        )
        await self._writer.executemany(
            "UPDATE versions SET latest = 0 WHERE person = ? AND serial < ? AND latest",
            [(v.person, v.serial) for v in given if v.serial > 1],
        )

    async def clear(self) -> None:
        """Forget everything, before a rebuild."""
        await self._writer.execute("DELETE FROM versions")
        await self._writer.execute("DELETE FROM position")

    async def position(self) -> tuple[bytes, int] | None:
        """Which truth this follows and up to which commit; None if it is new."""
        rows = list(await self._writer.execute_fetchall("SELECT truth, head FROM position"))
        return (rows[0][0], rows[0][1]) if rows else None

    async def move_to(self, truth: bytes, head: int) -> None:
        """Note that everything up to commit `head` is in."""
        await self._writer.execute("DELETE FROM position")
        await self._writer.execute("INSERT INTO position VALUES (?, ?)", (truth, head))

    async def latest(self, codes: Sequence[str]) -> dict[str, Latest]:
        """The latest versions under `codes`, with what the open group added."""
        found: dict[str, Latest] = {}
        for start in range(0, len(codes), CHUNK):
            chunk = codes[start : start + CHUNK]
            marks = ",".join("?" * len(chunk))
            sql = f"SELECT code, row, person FROM versions WHERE latest AND code IN ({marks})"  # noqa: S608 - marks only
            for code, row, person in await self._writer.execute_fetchall(sql, chunk):
                if code in found:
                    raise IntegrityError("index.code_twice")
                found[code] = Latest(row, person)
        return found

    # Reading: beside the writer, without waiting for it.

    async def find(self, wanted: Wanted, *, limit: int) -> list[Latest]:
        """Up to `limit` people whose latest version fits."""
        clauses, given = _conditions(wanted)
        sql = f"SELECT row, person FROM versions WHERE {clauses} LIMIT ?"  # noqa: S608 - fixed clauses, values bound
        return [Latest(row, person) for row, person in await self._all(sql, (*given, limit))]

    async def history(self, person: bytes) -> list[bytes]:
        """The row ids of all versions of one person, the newest first."""
        sql = "SELECT row FROM versions WHERE person = ? ORDER BY serial DESC"
        return [row for (row,) in await self._all(sql, (person,))]

    async def count(self, standings: tuple[str, ...]) -> int:
        """How many people stand so now."""
        marks = ",".join("?" * len(standings))
        sql = f"SELECT count(*) FROM versions WHERE latest AND standing IN ({marks})"  # noqa: S608 - marks only
        return int(next(iter(await self._all(sql, standings)))[0])

    async def _all(self, sql: str, given: Sequence[object]) -> Iterable[Any]:
        async with self.pages.reading() as connection:
            return await connection.execute_fetchall(sql, given)


def _conditions(wanted: Wanted) -> tuple[str, list[Any]]:
    """SQL clauses and their values."""
    stands = f"standing IN ({','.join('?' * len(wanted.standings))})"
    # Someone whose 転出 lies ahead is still present.
    ahead = "OR departs > ?" if Standing.PRESENT in wanted.standings else "AND departs <= ?"
    clauses = ["latest", f"({stands} {ahead})"]
    given: list[Any] = [*wanted.standings, wanted.on]
    if wanted.kana:
        one = "kana = ?" if wanted.whole else "kana >= ? AND kana < ?"
        clauses.append("(" + " OR ".join(f"({one})" for _ in wanted.kana) + ")")
        given += [part for key in wanted.kana for part in ((key,) if wanted.whole else (key, key + LAST))]
    if wanted.birth is not None:
        # Two spans meet: an unknown day of birth meets every day that it could be.
        clauses.append("birth_min <= ? AND birth_max >= ?")
        given += [wanted.birth[1], wanted.birth[0]]
    return " AND ".join(clauses), given
