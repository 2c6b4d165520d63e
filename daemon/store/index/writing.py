"""Bringing versions into the file, and taking them out: many at a time, in a handful of statements.

What depends on the other versions of a person (`until`, `open`, the counts) is made anew for each person who is touched, from
what the file then holds of them; so the order in which versions come does not matter, nor does one that comes twice.
"""

import sqlite3
from collections.abc import Collection, Sequence

import msgspec

from daemon.register.effect import FOREVER
from daemon.store.engine import place_of
from daemon.store.index.schema import aliases_of, put, row_of
from daemon.store.index.version import Kind, Version

_MANY = "(SELECT unhex(value) FROM json_each(?1))"
"""The blobs of a JSON list of hexadecimal texts: one value, whatever their number."""

_PLACES = "(SELECT value FROM json_each(?))"
_PEOPLE = f"SELECT json_group_array(DISTINCT hex(person)) FROM versions WHERE place IN {_PLACES}"  # noqa: S608
_DROP_NAMES = f"DELETE FROM aliases WHERE version IN (SELECT id FROM versions WHERE place IN {_PLACES})"  # noqa: S608
_DROP = f"DELETE FROM versions WHERE place IN {_PLACES}"  # noqa: S608
# Versions that end before the first of the new ones begins (?3) stay as they are, and count as before.
COUNT = f"""INSERT INTO counts SELECT standing, day, ?2 * sum(n) FROM (
        SELECT standing, since AS day, 1 AS n FROM versions
            WHERE person IN {_MANY} AND since < until AND until >= ?3 UNION ALL
        SELECT standing, until, -1 FROM versions
            WHERE person IN {_MANY} AND since < until AND until >= ?3 AND until < {FOREVER})
    WHERE true GROUP BY standing, day
    ON CONFLICT (standing, day) DO UPDATE SET n = n + excluded.n"""  # noqa: S608
# What changes is found in the index by person: the rows of a long history stay unread.
SUCCEED = f"""UPDATE versions SET until = spans.until, open = spans.until > ?2 FROM (
        SELECT id, until AS had, open AS stood, coalesce(min(since) OVER (PARTITION BY person ORDER BY serial DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), {FOREVER}) AS until
        FROM versions WHERE person IN {_MANY}) AS spans
    WHERE spans.id = versions.id AND (spans.had != spans.until OR spans.stood != (spans.until > ?2))"""  # noqa: S608
_FORGET = f"""DELETE FROM aliases WHERE former AND version IN (SELECT id FROM versions WHERE person IN {_MANY})
    AND NOT EXISTS (SELECT 1 FROM versions AS v JOIN versions AS w ON w.person = v.person AND w.serial < v.serial
        WHERE v.id = aliases.version
        AND (aliases.key = CASE aliases.kind WHEN {Kind.KANA} THEN w.kana WHEN {Kind.NAME} THEN w.name
            ELSE printf('%011d', w.code) END
        OR EXISTS (SELECT 1 FROM aliases AS b WHERE b.version = w.id AND b.kind = aliases.kind AND b.key = aliases.key
            AND NOT b.former)))"""  # noqa: S608
_AKA = f"""UPDATE versions SET aka = (SELECT iif(count(*), 2 - min(former), 0) FROM aliases
        WHERE version = versions.id AND kind < {Kind.CODE})
    WHERE person IN {_MANY}"""  # noqa: S608
HORIZON = f"""UPDATE horizon SET changes = changes + 1, day = max(day, coalesce(
    (SELECT max(until) FROM versions WHERE person IN {_MANY} AND NOT open), 0))"""  # noqa: S608


def take_in(
    connection: sqlite3.Connection,
    *,
    versions: Sequence[Version],
    removed: Sequence[bytes] = (),
    bereft: Collection[bytes] = (),
    commit: int | None = None,
) -> None:
    """Put `versions` in, in place of those with the same row; take `removed` rows out. In a transaction.

    `bereft` are people who lost rows that were never in.

    With `commit` everything up to that is in then, and the position says so.
    """
    latest = {version.row: version for version in versions}
    if latest or removed:
        touched = _replace(
            connection,
            list(latest.values()),
            _places([*latest, *removed]),
            bereft,
            removes=bool(removed or bereft),
        )
        if removed:
            # A name or code that only a row had that is gone is not kept for those after it.
            connection.execute(_FORGET, (touched,))
            connection.execute(_AKA, (touched,))
    if commit is not None:
        connection.execute("UPDATE position SET head = ?", (commit,))


def _replace(
    connection: sqlite3.Connection,
    versions: Sequence[Version],
    gone: str,
    bereft: Collection[bytes],
    *,
    removes: bool,
) -> str:
    """The people whose versions changed."""
    people = msgspec.json.decode(connection.execute(_PEOPLE, (gone,)).fetchone()[0], type=set[str])
    people |= {person.hex().upper() for person in (*bereft, *(version.person for version in versions))}
    touched = msgspec.json.encode(sorted(people)).decode()
    # Where rows go, whatever ended with them may last longer.
    first = 0 if removes else min((version.since for version in versions), default=0)
    connection.execute(COUNT, (touched, -1, first))
    connection.execute(_DROP_NAMES, (gone,))
    connection.execute(_DROP, (gone,))
    ((last, horizon),) = connection.execute(
        "SELECT coalesce(max(id), 0), (SELECT day FROM horizon) FROM versions"
    )
    put(
        connection,
        "versions",
        [row_of(number, each, FOREVER, open_=True) for number, each in enumerate(versions, start=last + 1)],
    )
    put(
        connection,
        "aliases",
        [row for number, each in enumerate(versions, start=last + 1) for row in aliases_of(number, each)],
    )
    # Whoever was told of a successor by then is not asked today for what that successor took the place of.
    told = max([horizon, *(version.told for version in versions)])
    connection.execute(SUCCEED, (touched, told))
    connection.execute(HORIZON, (touched,))
    connection.execute(COUNT, (touched, 1, first))
    connection.execute("DELETE FROM counts WHERE n = 0")
    return touched


def start(connection: sqlite3.Connection, *, truth: bytes, head: int) -> None:
    """Follow `truth`, of which commits up to `head` are in. In a transaction."""
    connection.execute("DELETE FROM position")
    connection.execute("INSERT INTO position VALUES (?, ?)", (truth, head))


def _places(rows: Sequence[bytes]) -> str:
    return msgspec.json.encode([place_of(row) for row in rows]).decode()
