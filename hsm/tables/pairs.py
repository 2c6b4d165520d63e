"""Every public key there ever was, each token's own, with the statement by which an earlier pair vouches for it."""

from dataclasses import dataclass
from datetime import datetime

from hsm.database import Database
from hsm.protocol import PairInfo, SignatureKind


@dataclass(frozen=True)
class Pair:
    """A pair that may sign: in its token still, and the first of all or endorsed by a signed statement."""

    number: int
    name: str
    serial: str
    public: bytes


_USABLE = """
SELECT pair.number, name, serial, public FROM pair LEFT JOIN statement ON pair.statement = statement.number
WHERE alive = 1 AND (pair.statement IS NULL OR statement.note IS NOT NULL) AND serial = ?
ORDER BY pair.number
"""
_USABLE_NAMES = """
SELECT name, serial FROM pair LEFT JOIN statement ON pair.statement = statement.number
WHERE alive = 1 AND (pair.statement IS NULL OR statement.note IS NOT NULL)
"""
_WAITING = """
SELECT name FROM pair JOIN statement ON pair.statement = statement.number
WHERE alive = 1 AND statement.note IS NULL AND serial = ?
"""
_LISTED = """
SELECT name, serial, made, pair.kind, public, coalesce(statement.note, '')
FROM pair LEFT JOIN statement ON pair.statement = statement.number
WHERE pair.statement IS NULL OR statement.note IS NOT NULL ORDER BY pair.number
"""


class PairTable:
    """Pairs by number, oldest first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self,
        name: str,
        serial: str,
        *,
        made: datetime,
        kind: SignatureKind,
        public: bytes,
        statement: int | None,
    ) -> None:
        """Keep a new pair; until its statement is signed it does not count."""
        self._db.run(
            "INSERT INTO pair VALUES (NULL, ?, ?, ?, ?, ?, ?, 1)",
            name,
            serial,
            made.isoformat(),
            kind,
            public,
            statement,
        )

    def any_seal(self) -> bool:
        """Whether there ever was a seal: then each further pair needs its word."""
        return self._db.one("SELECT 1 FROM pair WHERE name GLOB 'seal.*'") is not None

    def kept(self, name: str, serial: str, public: bytes) -> bool:
        """Whether this very pair is kept already and in use, endorsed or not."""
        query = "SELECT 1 FROM pair WHERE alive = 1 AND name = ? AND serial = ? AND public = ?"
        return self._db.one(query, name, serial, public) is not None

    def waiting(self, serial: str) -> frozenset[str]:
        """The pairs of one token that wait for their endorsement."""
        rows = self._db.all(_WAITING, serial)
        return frozenset(name for (name,) in rows)

    def usable(self, serial: str) -> list[Pair]:
        """The pairs that may sign in one token, oldest first."""
        return [Pair(*row) for row in self._db.all(_USABLE, serial)]

    def usable_names(self) -> list[tuple[str, str]]:
        """Name and serial of every pair that may sign."""
        return [(name, serial) for name, serial in self._db.all(_USABLE_NAMES)]

    def alive(self, number: int) -> bool:
        """Whether a pair is still in its token, as far as we know."""
        return self._db.one("SELECT 1 FROM pair WHERE number = ? AND alive = 1", number) is not None

    def end(self, name: str, serial: str) -> None:
        """A pair is no longer in its token."""
        self._db.run("UPDATE pair SET alive = 0 WHERE name = ? AND serial = ?", name, serial)

    def listed(self) -> list[PairInfo]:
        """Every pair that ever counted."""
        return [
            PairInfo(
                name=name,
                serial=serial,
                made=datetime.fromisoformat(made),
                kind=SignatureKind(kind),
                public=bytes(public),
                endorsement=endorsement,
            )
            for name, serial, made, kind, public, endorsement in self._db.all(_LISTED)
        ]
