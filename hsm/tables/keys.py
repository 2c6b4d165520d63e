"""The keys that exist, their copies wrapped for each token, and who used them how often."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from hsm.database import Database


class KeyTable:
    """Data keys by name; a pair has its name here too, and its public keys in `pairs`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, name: str, made: datetime) -> None:
        """Keep that this key exists; one that is there already is an error."""
        self._db.run("INSERT INTO key VALUES (?, ?)", name, made.isoformat())

    def names(self) -> list[str]:
        """Every key that exists, oldest first."""
        return [name for (name,) in self._db.all("SELECT name FROM key ORDER BY made, name")]

    def made(self) -> dict[str, datetime]:
        """When each was made, oldest first."""
        rows = self._db.all("SELECT name, made FROM key ORDER BY made, name")
        return {name: datetime.fromisoformat(made) for name, made in rows}

    def wrap(self, serial: str, copies: Mapping[str, bytes]) -> None:
        """Keep the copies of data keys wrapped for one token, in place of those that were."""
        self._db.many(
            "INSERT OR REPLACE INTO wrapped VALUES (?, ?, ?)",
            [(name, serial, copy) for name, copy in copies.items()],
        )

    def wrapped(self, name: str, serial: str) -> bytes | None:
        """The copy of one key for one token."""
        found = self._db.one("SELECT wrapped FROM wrapped WHERE name = ? AND serial = ?", name, serial)
        return bytes(found[0]) if found else None

    def holdings(self) -> dict[str, set[str]]:
        """Serial to the names of the data keys wrapped for it."""
        found: dict[str, set[str]] = {}
        for name, serial in self._db.all("SELECT name, serial FROM wrapped"):
            found.setdefault(serial, set()).add(name)
        return found

    def used(self, names: Iterable[str], uid: str) -> None:
        """Count one use of each by `uid`."""
        self._db.many(
            "INSERT INTO use VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
            [(name, uid) for name in names],
        )

    def used_if_there(self, name: str, uid: str) -> None:
        """Count one use of a key that may be destroyed already."""
        self._db.run(
            "INSERT INTO use SELECT name, ?, 1 FROM key WHERE name = ?"
            " ON CONFLICT DO UPDATE SET count = count + 1",
            uid,
            name,
        )

    def uses(self) -> dict[str, dict[str, int]]:
        """How often each key was used, by uid."""
        found: dict[str, dict[str, int]] = {}
        for name, uid, count in self._db.all("SELECT name, uid, count FROM use ORDER BY name, uid"):
            found.setdefault(name, {})[uid] = count
        return found

    def remove(self, name: str) -> None:
        """Forget a key and every copy of it."""
        self._db.run("DELETE FROM key WHERE name = ?", name)
