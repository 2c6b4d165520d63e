"""What the memory is made of: versions in the order in which they came, in an SQLite database of its own for each layer."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import sqlcipher3.dbapi2 as sqlcipher

from daemon.register.effect import FOREVER
from daemon.store.engine import PLACE, place_of
from daemon.store.index.schema import IN_MEMORY, aliases_of, put, row_of
from daemon.store.index.version import Version, former_codes
from daemon.store.rows import OF_PERSON


def near(row: bytes) -> int:
    """Where a row lies, near enough that all rows of its person are there; few others are."""
    return near_place(place_of(row))


def near_place(place: int) -> int:
    """The same of a place."""
    return place >> (8 * (PLACE - OF_PERSON))


class Held(NamedTuple):
    """A version here, and its place in the order in which they came."""

    number: int
    version: Version


def _database() -> sqlite3.Connection:
    connection: Any = sqlcipher.connect(":memory:", isolation_level=None)
    # Nothing here is ever rolled back: where taking in fails the writer ends, and the next start reads from the truth again. Keeping
    # the old pages of each statement until its end took two fifths of the time.
    connection.execute("PRAGMA journal_mode = OFF").fetchall()
    for statement in IN_MEMORY:
        connection.execute(statement)
    return cast("sqlite3.Connection", connection)


@dataclass(eq=False)
class Layer:
    """What came between two merges."""

    connection: sqlite3.Connection = field(default_factory=_database)
    rows: dict[int, Held] = field(default_factory=dict)
    """By the place of the row,"""
    people: dict[bytes, tuple[Held, ...]] = field(default_factory=dict)
    """by person,"""
    keys: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    """and whoever had a 住民票コード or a 個人番号 in one of them,"""
    former: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    """or by one of them had a 住民票コード before."""
    removed: dict[bytes, bytes | None] = field(default_factory=dict)
    """Rows that left the truth; the file may hold them. With whose they are, where that is known from here."""
    near: set[int] = field(default_factory=set)
    """Where the rows of everyone lie of whom anything is here (`near`)."""

    def __len__(self) -> int:
        return len(self.rows) + len(self.removed)

    def take(self, given: Sequence[Held]) -> None:
        """Take in versions."""
        for held in given:
            version, place = held.version, place_of(held.version.row)
            self._drop(place)
            self.rows[place] = held
            self.near.add(near_place(place))
            self.people[version.person] = (*self.people.get(version.person, ()), held)
            for key in filter(None, (version.code, version.number)):
                _note(self.keys, key, version.person)
            for code in former_codes(version):
                _note(self.former, code, version.person)
        put(self.connection, "versions", [row_of(n, v, FOREVER, open_=True) for n, v in given])
        put(self.connection, "aliases", [row for n, v in given for row in aliases_of(n, v)])

    def remove(self, row: bytes, person: bytes | None) -> None:
        """Note that a row left the truth."""
        self.removed[row] = person or self.removed.get(row)
        self.near.add(near(row))

    def drop(self, row: bytes) -> Held | None:
        """Forget a version, if it is here; which it was."""
        return self._drop(place_of(row))

    def _drop(self, place: int) -> Held | None:
        held = self.rows.pop(place, None)
        if held is not None:
            person = held.version.person
            self.people[person] = tuple(each for each in self.people[person] if each is not held)
            self.connection.execute("DELETE FROM versions WHERE id = ?", (held.number,))
            self.connection.execute("DELETE FROM aliases WHERE version = ?", (held.number,))
        return held


def _note(people: dict[str, tuple[bytes, ...]], key: str, person: bytes) -> None:
    there = people.get(key, ())
    if person not in there:
        people[key] = (*there, person)


class Mark(NamedTuple):
    """What was here at a moment."""

    layers: tuple[Layer, ...]
    last: int
    """Number of the last version."""


@dataclass(frozen=True)
class Batch:
    """What a merge brings into the file."""

    layers: tuple[Layer, ...]
    commit: int

    @property
    def versions(self) -> list[Version]:
        """In the order in which they came."""
        return [held.version for layer in self.layers for held in layer.rows.values()]

    @property
    def removed(self) -> list[bytes]:
        """Rows that left the truth."""
        return [row for layer in self.layers for row in layer.removed]

    @property
    def bereft(self) -> set[bytes]:
        """Whose they are, as far as the file may not know."""
        return {person for layer in self.layers for person in layer.removed.values() if person is not None}
