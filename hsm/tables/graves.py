"""The names of destroyed keys, kept for ever, and which tokens have confirmed that they are rid of them."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from hsm.database import Database
from hsm.protocol import DestroyedInfo

_MISSING = """
SELECT destroyed.name, serial FROM destroyed JOIN token ON state <> 'retired' AND joined <= at
WHERE partial = 1 AND serial = coalesce(?, serial)
    AND NOT EXISTS (SELECT 1 FROM confirmed WHERE confirmed.name = destroyed.name AND confirmed.serial = token.serial)
ORDER BY serial
"""
_LISTED = """
SELECT name, at FROM destroyed
WHERE partial = 1 OR name IN (SELECT name FROM destroyed ORDER BY at DESC, name DESC LIMIT ?) ORDER BY at, name
"""
_UNCERTIFIED = """
SELECT name FROM destroyed WHERE statement IS NULL UNION SELECT name FROM confirmed WHERE stated = 0 ORDER BY name
"""


class GraveTable:
    """Destroyed names. A token that joined after a name was destroyed never held it, and need not confirm.

    A name is partial until a certificate says that no token may hold it any more.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def bury(self, name: str, at: datetime) -> None:
        """Keep that this name is destroyed."""
        self._db.run(
            "INSERT INTO destroyed (name, at) VALUES (?, ?) ON CONFLICT DO NOTHING", name, at.isoformat()
        )

    def names(self) -> frozenset[str]:
        """Every name that was ever destroyed."""
        return frozenset(name for (name,) in self._db.all("SELECT name FROM destroyed"))

    def among(self, names: Iterable[str]) -> frozenset[str]:
        """Those of `names` that were destroyed."""
        asked = msgspec.json.encode(list(names)).decode()
        query = "SELECT name FROM destroyed WHERE name IN (SELECT value FROM json_each(?))"
        return frozenset(name for (name,) in self._db.all(query, asked))

    def confirm(self, serial: str, names: Iterable[str], at: datetime) -> None:
        """One token is rid of these; each still has to be stated."""
        self._db.many(
            "INSERT OR REPLACE INTO confirmed VALUES (?, ?, ?, 0)",
            [(name, serial, at.isoformat()) for name in names],
        )

    def missing(self) -> dict[str, list[str]]:
        """Name to the serials of tokens that may hold it still; only where there are any."""
        found: dict[str, list[str]] = {}
        for name, serial in self._db.all(_MISSING, None):
            found.setdefault(name, []).append(serial)
        return found

    def missing_from(self, serial: str) -> frozenset[str]:
        """The names that one token has not confirmed."""
        rows = self._db.all(_MISSING, serial)
        return frozenset(name for name, _ in rows)

    def partial(self) -> bool:
        """Whether a token may hold a destroyed key yet."""
        return self._db.one(_MISSING, None) is not None

    def confirmed(self, name: str) -> list[str]:
        """Serials of the tokens that are rid of it."""
        query = "SELECT serial FROM confirmed WHERE name = ? ORDER BY serial"
        return [serial for (serial,) in self._db.all(query, name)]

    def uncertified(self) -> list[str]:
        """The names for which something is not stated yet."""
        return [name for (name,) in self._db.all(_UNCERTIFIED)]

    def certify(self, name: str, statement: int, *, partial: bool) -> None:
        """What is known of this name is stated in `statement`; `partial` where a token may hold it yet."""
        with self._db.transaction():
            self._db.run(
                "UPDATE destroyed SET statement = ?, partial = ? WHERE name = ?",
                statement,
                int(partial),
                name,
            )
            self._db.run("UPDATE confirmed SET stated = 1 WHERE name = ?", name)

    def certificates(self, names: Iterable[str]) -> list[int]:
        """The numbers of the last statements about these."""
        asked = msgspec.json.encode(list(names)).decode()
        query = (
            "SELECT statement FROM destroyed WHERE statement IS NOT NULL"
            " AND name IN (SELECT value FROM json_each(?)) ORDER BY statement"
        )
        return [number for (number,) in self._db.all(query, asked)]

    def listed(self, newest: int) -> list[DestroyedInfo]:
        """The `newest` ones and every one that is partial, oldest first."""
        missing = self.missing()
        return [
            DestroyedInfo(
                name=name,
                at=datetime.fromisoformat(at),
                confirmed=self.confirmed(name),
                missing=missing.get(name, []),
            )
            for name, at in self._db.all(_LISTED, newest)
        ]
