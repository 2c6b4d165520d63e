"""What a projection's file holds, and what it would hold if it were made from the opened truth at once."""

from sqlite3 import Connection

from daemon.register.effect import FOREVER
from daemon.store.index import Index, Version, known_of, projected, schema, spans
from tests.conftest import Bench
from tests.store.turning import rows

Contents = set[tuple[object, ...]]

_VERSIONS = "SELECT * FROM versions"
_ALIASES = "SELECT v.row, a.* FROM aliases AS a JOIN versions AS v ON v.id = a.version"
_COUNTS = "SELECT standing, day, n FROM counts WHERE n != 0"
_TOO_SOON = "SELECT count(*) FROM versions WHERE NOT open AND until > (SELECT day FROM horizon)"
_OPEN = 10
"""Place of that column in a row of `versions`."""


async def contents(index: Index) -> Contents:
    """Versions, further names and counts in the file; without ids, and without `open`, which may be cautious."""

    def read(connection: Connection) -> Contents:
        assert connection.execute(_TOO_SOON).fetchall() == [(0,)]
        versions = connection.execute(_VERSIONS).fetchall()
        aliases = connection.execute(_ALIASES).fetchall()
        found = [row[1:_OPEN] + row[_OPEN + 1 :] for row in versions]
        found += [(row, *rest) for row, _, *rest in aliases] + connection.execute(_COUNTS).fetchall()
        assert len(found) == len(set(found))
        return set(found)

    return await index.pages.read(read)


async def expected(bench: Bench) -> Contents:
    """The same from the truth alone."""
    people: dict[bytes, list[Version]] = {}
    for stored in sorted((await rows(bench)).values(), key=lambda stored: stored.row.serial):
        before = people.setdefault(stored.person, [])
        before.append(projected(stored, known_of(before[-1]) if before else None))
    found: Contents = set()
    counts: dict[tuple[int, int], int] = {}
    for versions in people.values():
        for version, (until, _) in zip(versions, spans(versions), strict=True):
            row = schema.row_of(0, version, until, open_=True)
            found.add(row[1:_OPEN] + row[_OPEN + 1 :])
            found |= {(version.row, *alias[1:]) for alias in schema.aliases_of(0, version)}
            if version.since < until:
                for day, change in ((version.since, 1), (until, -1)):
                    where = (schema.STANDINGS[version.standing], day)
                    counts[where] = counts.get(where, 0) + change
    return found | {(*where, n) for where, n in counts.items() if n and where[1] != FOREVER}
