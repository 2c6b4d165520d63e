"""What was signed last: the log's first witness."""

from hsm.checkpoints import Last
from hsm.database import Database


class WitnessTable:
    """One row."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def last(self) -> Last | None:
        """What was signed last; None before the first signature."""
        found = self._db.one("SELECT epoch, size, root, note, pair FROM witness")
        return Last(*found) if found else None

    def keep(self, last: Last) -> None:
        """Keep what is being signed. Its signature may leave only after this returned."""
        self._db.run(
            "INSERT OR REPLACE INTO witness VALUES (1, ?, ?, ?, ?, ?)",
            last.epoch,
            last.size,
            last.root,
            last.note,
            last.pair,
        )
