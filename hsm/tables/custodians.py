"""Who the custodians are now."""

from collections.abc import Sequence

from hsm.database import Database
from hsm.protocol import Custodian


class CustodianTable:
    """The present set."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[Custodian]:
        """By id."""
        rows = self._db.all("SELECT id, name, public FROM custodian ORDER BY id")
        return [Custodian(id=ident, name=name, public=bytes(public)) for ident, name, public in rows]

    def replace(self, custodians: Sequence[Custodian]) -> None:
        """These are the custodians from now on, and nobody else."""
        with self._db.transaction():
            self._db.run("DELETE FROM custodian")
            self._db.many(
                "INSERT INTO custodian VALUES (?, ?, ?)",
                [(each.id, each.name, each.public) for each in custodians],
            )
