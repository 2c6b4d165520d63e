"""The tokens that are ours: joining while keys are wrapped for them, enrolled, and retired for ever."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hsm.database import Database, Row
from hsm.protocol import SignatureKind


class TokenState(StrEnum):
    """What a token is to us."""

    JOINING = "joining"
    """Keys are being wrapped for it; it is not used yet."""
    ENROLLED = "enrolled"
    RETIRED = "retired"
    """Never used or taken in again."""


@dataclass(frozen=True)
class TokenRow:
    """A token as it is kept."""

    serial: str
    uri: str
    label: str
    model: str
    kind: SignatureKind
    state: TokenState
    joined: datetime
    """From when it may hold a key of ours."""
    enrolled: datetime | None = None


_ALL = """
SELECT serial, uri, label, model, kind, state, joined, enrolled FROM token ORDER BY joined, rowid
"""
_ADD = """
INSERT INTO token (serial, uri, label, model, kind, state, joined, enrolled) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


class TokenTable:
    """Every token there ever was."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[TokenRow]:
        """Oldest first."""
        rows = self._db.all(_ALL)
        return [_token(row) for row in rows]

    def add(self, row: TokenRow) -> None:
        """Keep that this token is ours."""
        values = (row.serial, row.uri, row.label, row.model, row.kind, row.state, row.joined.isoformat())
        enrolled = row.enrolled.isoformat() if row.enrolled else None
        self._db.run(_ADD, *values, enrolled)

    def found_at(self, serial: str, uri: str, label: str) -> None:
        """Keep where this token was found."""
        self._db.run("UPDATE token SET uri = ?, label = ? WHERE serial = ?", uri, label, serial)

    def enrol(self, serial: str, at: datetime) -> None:
        """A joining token is enrolled now."""
        self._db.run(
            "UPDATE token SET state = ?, enrolled = ? WHERE serial = ?",
            TokenState.ENROLLED,
            at.isoformat(),
            serial,
        )

    def retire(self, serial: str, at: datetime) -> None:
        """A token is out of use for ever: its copies are forgotten, its pairs sign no more.

        What was partial may have waited for it alone, and is to be certified anew.
        """
        with self._db.transaction():
            self._db.run("DELETE FROM wrapped WHERE serial = ?", serial)
            self._db.run("UPDATE destroyed SET statement = NULL WHERE partial = 1")
            self._db.run("UPDATE pair SET alive = 0 WHERE serial = ?", serial)
            self._db.run(
                "UPDATE token SET state = ?, retired = ? WHERE serial = ?",
                TokenState.RETIRED,
                at.isoformat(),
                serial,
            )

    def forget(self, serial: str) -> None:
        """A token that was joining is not ours after all."""
        with self._db.transaction():
            self._db.run("UPDATE pair SET alive = 0 WHERE serial = ?", serial)
            self._db.run("UPDATE destroyed SET statement = NULL WHERE partial = 1")
            self._db.run("DELETE FROM token WHERE serial = ?", serial)


def _token(row: Row) -> TokenRow:
    serial, uri, label, model, kind, state, joined, enrolled = row
    return TokenRow(
        serial,
        uri,
        label,
        model,
        SignatureKind(kind),
        TokenState(state),
        datetime.fromisoformat(joined),
        datetime.fromisoformat(enrolled) if enrolled else None,
    )
