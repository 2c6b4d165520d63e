"""The shape of both files, as numbered steps; `PRAGMA user_version` says how many were taken.

A step is never edited once released: a change is a new step at the end. Each runs in a transaction with its mark.
"""

from collections.abc import Sequence

from aiosqlite.core import Connection

from daemon.errors import IntegrityError
from daemon.store.engine import Table

Step = tuple[str, ...]

TRUTH: tuple[Step, ...] = (
    tuple(
        f"CREATE TABLE {table} (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT" for table in Table
    ),
)

INDEX: tuple[Step, ...] = (
    (
        """CREATE TABLE versions (
            row BLOB NOT NULL PRIMARY KEY, person BLOB NOT NULL, serial INTEGER NOT NULL, latest INTEGER NOT NULL,
            code TEXT NOT NULL, kana TEXT NOT NULL, birth_min INTEGER NOT NULL, birth_max INTEGER NOT NULL,
            standing TEXT NOT NULL, departs INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
        "CREATE UNIQUE INDEX versions_person ON versions (person, serial)",
        "CREATE INDEX versions_code ON versions (code) WHERE latest",
        "CREATE INDEX versions_kana ON versions (kana, birth_min) WHERE latest",
        "CREATE INDEX versions_birth ON versions (birth_min, birth_max) WHERE latest",
        "CREATE TABLE position (truth BLOB NOT NULL, head INTEGER NOT NULL) STRICT",
    ),
    # How far the copy of another index has come, while this file is its successor.
    ("CREATE TABLE copied (row BLOB NOT NULL, count INTEGER NOT NULL) STRICT",),
)


async def run(connection: Connection, steps: Sequence[Step]) -> None:
    """Take the steps not yet taken; IntegrityError if the file is from a newer program."""
    rows = await connection.execute_fetchall("PRAGMA user_version")
    taken = int(next(iter(rows))[0])
    if taken > len(steps):
        raise IntegrityError("store.from_newer_version")
    for number, step in enumerate(steps[taken:], start=taken + 1):
        await connection.execute("BEGIN IMMEDIATE")
        for statement in step:
            await connection.execute(statement)
        await connection.execute(f"PRAGMA user_version = {number}")
        await connection.execute("COMMIT")
