"""Statements, numbered without a gap: kept with what they state, in one transaction, and signed right after.

A token that dies between the two leaves a statement to be signed later; those behind it wait, so that what is
handed out has no gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from daemon.contract.statement import Kind, Lines, statement_text
from hsm.database import Database, Row
from hsm.protocol import Statement

_LINES = msgspec.msgpack.Decoder(list[tuple[str, str]])
_AFTER = """
SELECT number, kind, at, note FROM statement WHERE number > ? AND number < coalesce(
    (SELECT min(number) FROM statement WHERE note IS NULL), 1 << 62) ORDER BY number LIMIT 500
"""
_THOSE = """
SELECT number, kind, at, note FROM statement
WHERE note IS NOT NULL AND number IN (SELECT value FROM json_each(?)) ORDER BY number
"""


@dataclass(frozen=True)
class Pending:
    """A statement that waits for its signature."""

    number: int
    kind: Kind
    at: datetime
    lines: Lines


class StatementTable:
    """Statements by number, from 1."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, kind: Kind, at: datetime, lines: Sequence[tuple[str, str]]) -> int:
        """Keep a statement; its number. InputError where a value cannot stand on a line."""
        with self._db.transaction():
            found = self._db.one("SELECT coalesce(max(number), 0) + 1 FROM statement")
            number = int(found[0]) if found else 1
            statement_text("", kind, number, at, lines)
            self._db.run(
                "INSERT INTO statement VALUES (?, ?, ?, ?, NULL)",
                number,
                kind,
                at.isoformat(),
                msgspec.msgpack.encode(lines),
            )
            return number

    def pending(self) -> list[Pending]:
        """Those that are not signed yet, in order."""
        rows = self._db.all(
            "SELECT number, kind, at, lines FROM statement WHERE note IS NULL ORDER BY number"
        )
        return [
            Pending(number, Kind(kind), datetime.fromisoformat(at), _LINES.decode(lines))
            for number, kind, at, lines in rows
        ]

    def signed(self, number: int, note: str) -> None:
        """Keep the signed note of one."""
        self._db.run("UPDATE statement SET note = ? WHERE number = ? AND note IS NULL", note, number)

    def after(self, number: int, room: int) -> list[Statement]:
        """Those after `number` whose notes fit in `room` characters, oldest first; one at least, if there is one."""
        found: list[Statement] = []
        for row in self._db.all(_AFTER, number):
            statement = _statement(row)
            room -= len(statement.note)
            if room < 0 and found:
                break
            found.append(statement)
        return found

    def those(self, numbers: Sequence[int]) -> list[Statement]:
        """The ones with these numbers, as far as they are signed."""
        asked = msgspec.json.encode(list(numbers)).decode()
        return [_statement(row) for row in self._db.all(_THOSE, asked)]


def _statement(row: Row) -> Statement:
    number, kind, at, note = row
    return Statement(number=number, kind=kind, at=datetime.fromisoformat(at), note=note)
