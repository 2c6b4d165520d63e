"""What a simulated national server remembers: which updates came, how often, under which numbers, and whether in order.

No personal data: a row is kept as its digest, a person as a keyed digest that serves to follow their order alone.
"""

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import aiosqlite

from daemon.contract.national import NUMBER_REUSED, ReceiptOutcome

_TABLES = """
CREATE TABLE IF NOT EXISTS salt (value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS updates (
    key TEXT PRIMARY KEY, row BLOB NOT NULL, person BLOB NOT NULL, serial INTEGER NOT NULL,
    accepted INTEGER NOT NULL, received INTEGER NOT NULL, late INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_person ON updates (person, serial) WHERE accepted;
CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY, key TEXT NOT NULL, repeats INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refused (key TEXT PRIMARY KEY, person BLOB NOT NULL, serial INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refused_of ON refused (person, serial);
CREATE TABLE IF NOT EXISTS overtakers (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_RECEIVED = """
INSERT INTO updates VALUES (:key, :row, :person, :serial, 0, 1, 0)
ON CONFLICT (key) DO UPDATE SET received = received + 1
"""
_ACCEPT = """
UPDATE updates SET accepted = 1, late = EXISTS (
    SELECT 1 FROM updates AS other WHERE other.person = :person AND other.serial >= :serial AND other.accepted
) WHERE key = :key AND NOT accepted
"""
_NUMBERED = """
INSERT INTO numbers VALUES (:number, :key, :repeat)
ON CONFLICT (number) DO UPDATE SET repeats = repeats + :repeat WHERE key = :key
"""
_OVERTAKES = """
INSERT OR IGNORE INTO overtakers SELECT :key WHERE EXISTS (
    SELECT 1 FROM refused WHERE person = :person AND serial < :serial
)
"""
_GAPS = """
SELECT number - 1 FROM numbers AS n WHERE number > 1 AND NOT EXISTS (SELECT 1 FROM numbers WHERE number = n.number - 1)
"""
_BEFORE = "SELECT coalesce(max(number), 0) FROM numbers WHERE number < ?"
_ENTRIES = "SELECT key, accepted, received, late FROM updates"


@dataclass(frozen=True)
class Arrival:
    """One update as it came: its key, its row's bytes, whom it is about, the row's serial, and a refusal's code or empty."""

    key: str
    row: bytes
    person: str
    serial: int
    refusal: str = ""
    number: int = 0
    repeat: bool = False
    erased: bool = False


@dataclass(frozen=True)
class Taken:
    """What became of one update, and why it was refused."""

    outcome: ReceiptOutcome
    code: str = ""
    given: int = 0
    """With a number that was used before: the highest of all."""


@dataclass(frozen=True)
class Entry:
    """How often one key was accepted (0 or 1) and received."""

    accepted: int
    received: int
    late: bool
    """Whether a later version of the same person had been accepted before it."""


class Ledger:
    """The memory, in one SQLite file."""

    def __init__(self, table: aiosqlite.Connection, salt: bytes) -> None:
        self._table = table
        self._salt = salt

    @classmethod
    async def open(cls, file: Path) -> Self:
        """The ledger in `file`, made if it is not there."""
        table = await aiosqlite.connect(file, isolation_level=None)
        await table.execute("PRAGMA journal_mode = WAL")
        await table.executescript(_TABLES)
        await table.execute(
            "INSERT INTO salt SELECT ? WHERE NOT EXISTS (SELECT 1 FROM salt)", (secrets.token_bytes(32),)
        )
        async with table.execute("SELECT value FROM salt") as found:
            row = await found.fetchone()
        if row is None:
            raise ValueError("the ledger has no salt")
        return cls(table, row[0])

    async def take(self, arrivals: Sequence[Arrival]) -> list[Taken]:
        """Write these down, all or none, and say what becomes of each."""
        await self._table.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [await self._one(arrival) for arrival in arrivals]
        except BaseException:
            await self._table.execute("ROLLBACK")
            raise
        await self._table.execute("COMMIT")
        return outcomes

    async def entries(self) -> dict[str, Entry]:
        """Every key that ever came."""
        return {row[0]: _entry(row) for row in await self._table.execute_fetchall(_ENTRIES)}

    async def close(self) -> None:
        """Close the file."""
        await self._table.close()

    async def repeats(self) -> dict[int, int]:
        """How often each number came again because it was asked for."""
        found = await self._table.execute_fetchall("SELECT number, repeats FROM numbers WHERE repeats")
        return {row[0]: row[1] for row in found}

    async def missing(self) -> list[tuple[int, int]]:
        """Ranges of numbers that never came, below the highest that did; what was refused has come."""
        ends = [row[0] for row in await self._table.execute_fetchall(_GAPS)]
        found = []
        for last in ends:
            ((before,),) = await self._table.execute_fetchall(_BEFORE, (last,))
            found.append((before + 1, last))
        return found

    async def overtakers(self) -> int:
        """How many updates were accepted while an earlier one of the same person stood refused."""
        ((number,),) = await self._table.execute_fetchall("SELECT count(*) FROM overtakers")
        return int(number)

    async def _one(self, arrival: Arrival) -> Taken:
        values: dict[str, object] = {
            "key": arrival.key,
            "row": hashlib.sha256(arrival.row).digest(),
            "person": hmac.digest(self._salt, arrival.person.encode(), "sha256"),
            "serial": arrival.serial,
            "number": arrival.number,
            "repeat": int(arrival.repeat),
        }
        await self._table.execute(_RECEIVED, values)
        async with self._table.execute(_NUMBERED, values) as numbered:
            if not numbered.rowcount:
                ((highest,),) = await self._table.execute_fetchall("SELECT max(number) FROM numbers")
                return Taken(ReceiptOutcome.REFUSED, NUMBER_REUSED, int(highest))
        if await self._accepted(values):
            return Taken(ReceiptOutcome.DUPLICATE)
        if arrival.refusal:
            return await self._refused(arrival, values)
        if arrival.erased:
            return Taken(ReceiptOutcome.DUPLICATE)
        await self._table.execute(_ACCEPT, values)
        await self._table.execute("DELETE FROM refused WHERE key = :key", values)
        await self._table.execute(_OVERTAKES, values)
        return Taken(ReceiptOutcome.ACCEPTED)

    async def _accepted(self, values: Mapping[str, object]) -> bool:
        """Whether this key was taken before: then its answer stays, whatever is refused today."""
        ((number,),) = await self._table.execute_fetchall(
            "SELECT count(*) FROM updates WHERE key = :key AND accepted", values
        )
        return bool(number)

    async def _refused(self, arrival: Arrival, values: Mapping[str, object]) -> Taken:
        if arrival.person and not arrival.repeat:
            await self._table.execute("INSERT OR IGNORE INTO refused VALUES (:key, :person, :serial)", values)
        return Taken(ReceiptOutcome.REFUSED, arrival.refusal)


def read_ledger(file: Path) -> dict[str, Entry]:
    """Every key that ever came, read from outside while the server may be running."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as table:
        return {row[0]: _entry(row) for row in table.execute(_ENTRIES)}


def _entry(row: "sqlite3.Row | tuple[str, int, int, int]") -> Entry:
    return Entry(accepted=row[1], received=row[2], late=bool(row[3]))
