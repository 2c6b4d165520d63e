"""The key service's own file: wrapped data keys, public keys, destroyed names, what was signed last, proposals.

Each method of a table is one transaction, on the disk when it returns; `transaction` makes several one. Nothing in
the file opens anything without a token.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import StateError
from hsm.database import Database
from hsm.schema import level
from hsm.tables.clock import ClockTable
from hsm.tables.custodians import CustodianTable
from hsm.tables.graves import GraveTable
from hsm.tables.keys import KeyTable
from hsm.tables.pairs import PairTable
from hsm.tables.proposals import ProposalTable
from hsm.tables.statements import StatementTable
from hsm.tables.tokens import TokenRow, TokenState, TokenTable
from hsm.tables.witness import WitnessTable


@dataclass(frozen=True)
class Inventory:
    """Which keys exist, and which token has a copy of which."""

    tokens: tuple[TokenRow, ...]
    """Enrolled and joining, oldest first."""
    names: tuple[str, ...]
    """Every key that exists, oldest first."""
    holdings: dict[str, frozenset[str]]
    """Serial to the names that it holds: data keys wrapped for it, pairs that may sign."""

    def held(self, serial: str) -> frozenset[str]:
        """What one token holds."""
        return self.holdings.get(serial, frozenset())


class Keystore:
    """The file at `path`, made if it is not there; None keeps everything in memory, for the fake."""

    def __init__(self, path: Path | None) -> None:
        self._db = Database(path)
        try:
            level(self._db)
        except StateError:
            self._db.close()
            raise
        self.tokens = TokenTable(self._db)
        self.keys = KeyTable(self._db)
        self.pairs = PairTable(self._db)
        self.graves = GraveTable(self._db)
        self.witness = WitnessTable(self._db)
        self.statements = StatementTable(self._db)
        self.proposals = ProposalTable(self._db)
        self.custodians = CustodianTable(self._db)
        self.clock = ClockTable(self._db)

    def transaction(self) -> AbstractContextManager[None]:
        """Make several changes one: all of them or none."""
        return self._db.transaction()

    def inventory(self) -> Inventory:
        """What there is, at one moment."""
        with self.transaction():
            holdings = self.keys.holdings()
            for name, serial in self.pairs.usable_names():
                holdings.setdefault(serial, set()).add(name)
            rows = tuple(row for row in self.tokens.all() if row.state is not TokenState.RETIRED)
            held = {serial: frozenset(names) for serial, names in holdings.items()}
            return Inventory(rows, tuple(self.keys.names()), held)

    def kept(self, name: str) -> bytes | None:
        """A small opaque value that another part keeps here."""
        found = self._db.one("SELECT value FROM kept WHERE name = ?", name)
        return bytes(found[0]) if found else None

    def keep(self, name: str, value: bytes | None) -> None:
        """Keep `value` under `name`, on the disk when this returns; None deletes it."""
        if value is None:
            self._db.run("DELETE FROM kept WHERE name = ?", name)
        else:
            self._db.run("INSERT OR REPLACE INTO kept VALUES (?, ?)", name, value)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
