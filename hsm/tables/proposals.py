"""What is and was before the custodians."""

from datetime import datetime

import msgspec

from hsm.database import Database, Row
from hsm.proposals import Case, Signature
from hsm.protocol import Deed

_DEEDS: msgspec.msgpack.Decoder[Deed] = msgspec.msgpack.Decoder(Deed)
_GET = """
SELECT id, deed, text, cancel, asked, cancelled_by, closed, done, steps_done, steps, work FROM proposal WHERE id = ?
"""
_SINCE = """
SELECT id, deed, text, cancel, asked, cancelled_by, closed, done, steps_done, steps, work FROM proposal
WHERE closed IS NULL OR closed > ? ORDER BY rowid
"""


class ProposalTable:
    """Cases by id."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, case: Case) -> None:
        """Keep a new case."""
        self._db.run(
            "INSERT INTO proposal (id, deed, text, cancel, asked) VALUES (?, ?, ?, ?, ?)",
            case.id,
            msgspec.msgpack.encode(case.deed),
            case.text,
            case.cancel_text,
            case.asked.isoformat(),
        )

    def get(self, ident: str) -> Case | None:
        """The case, if there is one of that id."""
        with self._db.transaction():
            row = self._db.one(_GET, ident)
            return self._case(row) if row else None

    def since(self, moment: datetime) -> list[Case]:
        """Those not closed, and those closed after `moment`, oldest first."""
        with self._db.transaction():
            rows = self._db.all(_SINCE, moment.isoformat())
            return [self._case(row) for row in rows]

    def consent(self, ident: str, given: Signature, signature: bytes) -> None:
        """Keep a custodian's signature, once; a later one with another key takes its place."""
        self._db.run(
            "INSERT INTO consent VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET public = excluded.public, signature = excluded.signature, at = excluded.at"
            " WHERE public <> excluded.public",
            ident,
            given.custodian,
            given.public,
            signature,
            given.at.isoformat(),
        )

    def cancel(self, ident: str, by: str, at: datetime) -> None:
        """It is cancelled."""
        self._db.run(
            "UPDATE proposal SET cancelled_by = ?, closed = ? WHERE id = ?", by, at.isoformat(), ident
        )

    def step(self, ident: str, steps_done: int, steps: int, work: str) -> None:
        """Keep how far carrying out has come."""
        self._db.run(
            "UPDATE proposal SET steps_done = ?, steps = ?, work = ? WHERE id = ?",
            steps_done,
            steps,
            work,
            ident,
        )

    def done(self, ident: str, at: datetime) -> None:
        """It is carried out."""
        self._db.run(
            "UPDATE proposal SET done = 1, closed = ?, steps = max(steps, 1), steps_done = max(steps, 1)"
            " WHERE id = ?",
            at.isoformat(),
            ident,
        )

    def _case(self, row: Row) -> Case:
        ident, deed, text, cancel, asked, cancelled_by, closed, done, steps_done, steps, work = row
        signatures = self._db.all(
            "SELECT custodian, public, at FROM consent WHERE proposal = ? ORDER BY rowid", ident
        )
        return Case(
            ident,
            _DEEDS.decode(deed),
            bytes(text),
            bytes(cancel),
            datetime.fromisoformat(asked),
            tuple(
                Signature(who, bytes(public), datetime.fromisoformat(at)) for who, public, at in signatures
            ),
            cancelled_by,
            datetime.fromisoformat(closed) if closed else None,
            bool(done),
            steps_done,
            steps,
            work,
        )
