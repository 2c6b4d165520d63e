"""The shape of both files, as numbered steps; `PRAGMA user_version` says how many were taken (`FORM`).

A step is never edited once released: a change is a new step at the end. Each runs in a transaction with its mark.
"""

from collections.abc import Iterable, Sequence

from aiosqlite.core import Connection

from daemon.errors import IntegrityError
from daemon.store.engine import PLACED, Table

Step = tuple[str, ...]

_PLACED = "(id INTEGER NOT NULL PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL) STRICT"
_IN_ORDER = "(key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT"

_SECOND = (Table.HOLDS, Table.REPORTS, Table.SENT, Table.RUNS)
"""Tables of the second step,"""
_THIRD = (Table.TIMESTAMPS, Table.NAMED, Table.LOG_HOLDS)
"""and of the third."""


def _tables(tables: Iterable[Table]) -> Step:
    return tuple(f"CREATE TABLE {table} {_PLACED if table in PLACED else _IN_ORDER}" for table in tables)


TRUTH: tuple[Step, ...] = (
    _tables(table for table in Table if table not in {*_SECOND, *_THIRD}),
    _tables(_SECOND),
    _tables(_THIRD),
)

VERSIONS = (
    """CREATE TABLE versions (
    id INTEGER PRIMARY KEY, place INTEGER NOT NULL, row BLOB NOT NULL, person BLOB NOT NULL, serial INTEGER NOT NULL,
    code INTEGER NOT NULL, number INTEGER NOT NULL, standing INTEGER NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL, open INTEGER NOT NULL, aka INTEGER NOT NULL,
    kana TEXT NOT NULL, name TEXT NOT NULL, birth_min INTEGER NOT NULL, birth_max INTEGER NOT NULL,
    sex INTEGER NOT NULL, municipality INTEGER NOT NULL, town INTEGER NOT NULL, address TEXT NOT NULL) STRICT""",
    """CREATE TABLE aliases (
    version INTEGER NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL, former INTEGER NOT NULL,
    standing INTEGER NOT NULL, since INTEGER NOT NULL, birth_min INTEGER NOT NULL,
    sex INTEGER NOT NULL, municipality INTEGER NOT NULL,
    PRIMARY KEY (version, kind, key)) STRICT, WITHOUT ROWID""",
)
"""What the index keeps of versions, in the file and in the memory beside it."""

INDEX_TABLES = (
    *VERSIONS,
    # People who begin to stand so on a day, less those who end to.
    """CREATE TABLE counts (standing INTEGER NOT NULL, day INTEGER NOT NULL, n INTEGER NOT NULL,
        PRIMARY KEY (standing, day)) STRICT, WITHOUT ROWID""",
    # No version that is not open is in force on this day or later; and how often versions were changed.
    "CREATE TABLE horizon (day INTEGER NOT NULL, changes INTEGER NOT NULL) STRICT",
    "INSERT INTO horizon VALUES (0, 0)",
    "CREATE TABLE position (truth BLOB NOT NULL, head INTEGER NOT NULL) STRICT",
)

_TODAY = {
    "kana": "kana, birth_min, sex, municipality, since, aka",
    "name": "name, birth_min, sex, municipality, since, aka, kana",
    "birth": "sex, birth_min, municipality, since, aka, kana, name",
    "place": "municipality, sex, birth_min, since, aka, kana, name",
    "town": "municipality, town, birth_min, sex, since, aka, kana, name",
    "address": "address, municipality, birth_min, sex, since, aka, kana, name",
}
"""What leads to versions that may be in force today or later, and what narrows them down. With `until` and the place at the end of each
(below) a search of today reads these entries and no versions."""
_PAST = {
    "kana": "kana, birth_min, since, until, sex, municipality, aka",
    "name": "name, birth_min, since, until, sex, municipality, aka, kana",
    "birth": "sex, birth_min, since, until, municipality, aka, kana",
    "address": "address, since, until, birth_min, aka, kana",
}
"""The same for those that were succeeded for good."""

INDEX_TODAY = (
    *(
        f"CREATE INDEX today_{way} ON versions (standing, {columns}, until, place) WHERE open"
        + (" AND town >= 0" if way == "town" else "")
        for way, columns in _TODAY.items()
    ),
    "CREATE INDEX alias_key ON aliases (kind, key, birth_min, former, standing, since, sex, municipality)",
    # One in thirty has a 旧氏 or a 通称: a search by place would look for each of these on a page of its own.
    "CREATE INDEX alias_place ON aliases (kind, municipality, sex, birth_min, key, standing, since) WHERE NOT former",
)
INDEX_INDEXES = (
    "CREATE UNIQUE INDEX by_place ON versions (place)",
    # Holds everything that depends on the other versions of a person: to bring in one more, none of their rows is read.
    "CREATE INDEX by_person ON versions (person, serial, since, until, standing, open)",
    "CREATE INDEX by_code ON versions (code) WHERE open",
    "CREATE INDEX by_number ON versions (number) WHERE open AND number > 0",
    *INDEX_TODAY,
    *(
        f"CREATE INDEX past_{way} ON versions (standing, {columns}) WHERE NOT open"
        for way, columns in _PAST.items()
    ),
)

MENTIONS = (
    # `block` is the place of a run of entries in the log: `daemon.store.index.mentions`.
    """CREATE TABLE mentions (block INTEGER NOT NULL, label INTEGER NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (block, label, seq)) STRICT, WITHOUT ROWID""",
    # Up to which entry of the log they are in, and below which one entries were deleted.
    "CREATE TABLE entries (size INTEGER NOT NULL, floor INTEGER NOT NULL) STRICT",
    "INSERT INTO entries VALUES (0, 0)",
)
"""What the index keeps of the log's entries."""

INDEX: tuple[Step, ...] = ((*INDEX_TABLES, *INDEX_INDEXES), MENTIONS)


FORM = 1000
"""Where the counting of steps begins. Another thousand where steps before a release were changed: a file of before is left alone."""


def mark(taken: int) -> str:
    """The statement that notes how many steps were taken."""
    return f"PRAGMA user_version = {FORM + taken}"


async def run(connection: Connection, steps: Sequence[Step]) -> None:
    """Take the steps not yet taken; IntegrityError if the file is from a newer program, or of a form that is no more."""
    rows = await connection.execute_fetchall("PRAGMA user_version")
    version = int(next(iter(rows))[0])
    taken = version - FORM if version else 0
    if taken < 0:
        raise IntegrityError("store.form_gone")
    if taken > len(steps):
        raise IntegrityError("store.from_newer_version")
    for number, step in enumerate(steps[taken:], start=taken + 1):
        await connection.execute("BEGIN IMMEDIATE")
        for statement in step:
            await connection.execute(statement)
        await connection.execute(mark(number))
        await connection.execute("COMMIT")
