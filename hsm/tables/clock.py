"""The record of the time, as it was last put on the disk."""

from datetime import datetime, timedelta

from hsm.database import Database
from hsm.timekeeper import Record


class ClockTable:
    """One row."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self) -> Record | None:
        """The record; None before the first."""
        found = self._db.one("SELECT time, slack, jumped FROM clock")
        if found is None:
            return None
        time, slack, jumped = found
        return Record(datetime.fromisoformat(time), timedelta(seconds=slack), bool(jumped))

    def put(self, record: Record) -> None:
        """Keep it."""
        self._db.run(
            "INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?)",
            record.time.isoformat(),
            record.slack.total_seconds(),
            int(record.jumped),
        )
