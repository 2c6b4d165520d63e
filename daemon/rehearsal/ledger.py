"""What a simulated national server remembers: which updates came, how often, under which numbers, and whether in order.

No personal data: a row is kept as its digest, a person as a keyed digest that serves to follow their order alone.
"""

import asyncio
import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from daemon.contract.national import NUMBER_REUSED, ReceiptOutcome

T = TypeVar("T")

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
_BEFORE = "SELECT coalesce(max(number), 0) FROM numbers WHERE number < :last"
_REPEATS = "SELECT number, repeats FROM numbers WHERE repeats"
_ACCEPTED = "SELECT count(*) FROM updates WHERE key = :key AND accepted"
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
    """The memory, in one SQLite file; one question at a time, each in a thread."""

    def __init__(self, table: sqlite3.Connection, salt: bytes) -> None:
        self._table = table
        self._salt = salt
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, file: Path) -> Self:
        """The ledger in `file`, made if it is not there."""
        return cls(*await asyncio.to_thread(_opened, file))

    async def take(self, arrivals: Sequence[Arrival]) -> list[Taken]:
        """Write these down, all or none, and say what becomes of each."""
        return await self._ask(lambda table: _taken(table, self._salt, arrivals))

    async def entries(self) -> dict[str, Entry]:
        """Every key that ever came."""
        return await self._ask(_all)

    async def close(self) -> None:
        """Close the file."""
        await self._ask(sqlite3.Connection.close)

    async def repeats(self) -> dict[int, int]:
        """How often each number came again because it was asked for."""
        return await self._ask(lambda table: dict(table.execute(_REPEATS)))

    async def missing(self) -> list[tuple[int, int]]:
        """Ranges of numbers that never came, below the highest that did; what was refused has come."""
        return await self._ask(_missing)

    async def overtakers(self) -> int:
        """How many updates were accepted while an earlier one of the same person stood refused."""
        return await self._ask(lambda table: _number(table, "SELECT count(*) FROM overtakers"))

    async def _ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(work, self._table)


def _opened(file: Path) -> tuple[sqlite3.Connection, bytes]:
    table = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    table.execute("PRAGMA journal_mode = WAL")
    table.executescript(_TABLES)
    table.execute(
        "INSERT INTO salt SELECT ? WHERE NOT EXISTS (SELECT 1 FROM salt)", (secrets.token_bytes(32),)
    )
    ((salt,),) = table.execute("SELECT value FROM salt")
    return table, salt


def _taken(table: sqlite3.Connection, salt: bytes, arrivals: Sequence[Arrival]) -> list[Taken]:
    table.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_one(table, salt, arrival) for arrival in arrivals]
    except BaseException:
        table.execute("ROLLBACK")
        raise
    table.execute("COMMIT")
    return outcomes


def _one(table: sqlite3.Connection, salt: bytes, arrival: Arrival) -> Taken:
    values: dict[str, object] = {
        "key": arrival.key,
        "row": hashlib.sha256(arrival.row).digest(),
        "person": hmac.digest(salt, arrival.person.encode(), "sha256"),
        "serial": arrival.serial,
        "number": arrival.number,
        "repeat": int(arrival.repeat),
    }
    table.execute(_RECEIVED, values)
    if not table.execute(_NUMBERED, values).rowcount:
        return Taken(ReceiptOutcome.REFUSED, NUMBER_REUSED, _number(table, "SELECT max(number) FROM numbers"))
    # What was taken keeps its answer, whatever is refused today.
    if _number(table, _ACCEPTED, values):
        return Taken(ReceiptOutcome.DUPLICATE)
    if arrival.refusal:
        if arrival.person and not arrival.repeat:
            table.execute("INSERT OR IGNORE INTO refused VALUES (:key, :person, :serial)", values)
        return Taken(ReceiptOutcome.REFUSED, arrival.refusal)
    if arrival.erased:
        return Taken(ReceiptOutcome.DUPLICATE)
    table.execute(_ACCEPT, values)
    table.execute("DELETE FROM refused WHERE key = :key", values)
    table.execute(_OVERTAKES, values)
    return Taken(ReceiptOutcome.ACCEPTED)


def _all(table: sqlite3.Connection) -> dict[str, Entry]:
    return {row[0]: Entry(row[1], row[2], late=bool(row[3])) for row in table.execute(_ENTRIES)}


def _missing(table: sqlite3.Connection) -> list[tuple[int, int]]:
    ends = [row[0] for row in table.execute(_GAPS)]
    return [(_number(table, _BEFORE, {"last": last}) + 1, last) for last in ends]


def _number(table: sqlite3.Connection, sql: str, values: Mapping[str, object] = {}) -> int:
    ((number,),) = table.execute(sql, values)
    return int(number)


def read_ledger(file: Path) -> dict[str, Entry]:
    """Every key that ever came, read from outside while the server may be running."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as table:
        return _all(table)
