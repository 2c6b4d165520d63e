"""The tables of `index.db`, and how a version lies in them.

What is digits in a row is a number here, and kana take one byte a sound instead of three: an entry of an index is read with its
page, and each page is decrypted first.

Versions are in two families. `open` ones may be in force today or later; what has been succeeded for good is not. Each search
of today reads the indexes of the first family alone, which stay as small as the population, and which hold the columns
that a search may narrow down by, so that the row itself is read for hits only. The second family serves days of the past.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from daemon.register.effect import FOREVER
from daemon.register.transitions import Standing
from daemon.store import migrations
from daemon.store.engine import place_of
from daemon.store.index.version import Kind, Version

LAST = "\U0010ffff"
"""Sorts after every character."""
STANDINGS = {
    Standing.NONE: 9,
    Standing.PRESENT: 1,
    Standing.OUT: 2,
    Standing.DEAD: 3,
    Standing.GONE: 4,
    Standing.ABROAD: 5,
    Standing.STRUCK: 6,
}
FORMER, CURRENT = 1, 2
"""What `aka` says of further names (no codes): 0 there are none, 1 former ones alone, 2 some that the version holds itself."""

IN_MEMORY = (*migrations.VERSIONS, *migrations.INDEX_TODAY)
"""What the newest versions lie in, and how they are found: each of them is open."""
TABLES = (*migrations.INDEX_TABLES, *migrations.MENTIONS)
"""Everything that the file holds,"""
INDEXES = migrations.INDEX_INDEXES
"""and how it is found."""

FILL = (
    f"""INSERT INTO counts SELECT standing, day, sum(n) FROM (
        SELECT standing, since AS day, 1 AS n FROM versions WHERE since < until UNION ALL
        SELECT standing, until, -1 FROM versions WHERE since < until AND until < {FOREVER})
        GROUP BY standing, day""",  # noqa: S608 - a fixed number
    "UPDATE horizon SET day = coalesce((SELECT max(until) FROM versions WHERE NOT open), 0)",
)
"""After whole people were put into new tables: counts and horizon, from nothing."""

_SWAP = {kana: kana - ord("ぁ") + ord("!") for kana in range(ord("ぁ"), ord("ゖ") + 1)}
_SWAP |= {packed: kana for kana, packed in _SWAP.items()}


def packed(kana: str) -> str:
    """`kana` as it lies in the file: one byte a sound. Its own inverse, and the key of a beginning is a beginning."""
    return kana.translate(_SWAP)


def key_of(kind: Kind, key: str) -> str:
    """A name's key as it lies in the file, and back."""
    return packed(key) if kind is Kind.KANA else key


def town_span(town: str) -> tuple[int, int]:
    """The towns that begin with the digits `town`, as numbers."""
    return int(town.ljust(6, "0")), int(town.ljust(6, "9"))


def row_of(number: int, version: Version, until: int, *, open_: bool) -> tuple[Any, ...]:
    """`version` as a row of `versions` with the id `number`."""
    names = [former for kind, _, former in version.aliases if kind != Kind.CODE]
    aka = 0 if not names else FORMER if all(names) else CURRENT
    return (
        number,
        place_of(version.row),
        version.row,
        version.person,
        version.serial,
        int(version.code),
        int(version.number or 0),
        STANDINGS[version.standing],
        version.since,
        until,
        int(open_),
        aka,
        packed(version.kana),
        version.name,
        version.birth_min,
        version.birth_max,
        int(version.sex),
        int(version.municipality or 0),
        int(version.town or -1),
        version.address,
    )


def aliases_of(number: int, version: Version) -> list[tuple[Any, ...]]:
    """The further keys of `version` as rows of `aliases`."""
    if not version.aliases:
        return []
    same = (STANDINGS[version.standing], version.since, version.birth_min, int(version.sex))
    municipality = int(version.municipality or 0)
    return [
        (number, int(kind), key_of(Kind(kind), key), int(former), *same, municipality)
        for kind, key, former in version.aliases
    ]


AT_ONCE = 256  # rows in one statement


def put(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Put `rows` into `table`, many with one statement: each would ask for the interpreter's lock by itself."""
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        marks = f"({','.join('?' * len(part[0]))})"
        sql = f"INSERT INTO {table} VALUES {','.join([marks] * len(part))}"  # noqa: S608 - our own tables, marks only
        connection.execute(sql, [value for row in part for value in row])
