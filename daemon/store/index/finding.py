"""Asking one file, or the memory: the clauses of a search put together for the way that was chosen, and read in one snapshot.

An answer comes back as one value, not as rows: the connection's thread asks for the interpreter's lock once for each step of a
statement, and may wait for it each time. `LIMIT +?` instead of `LIMIT ?`: SQLite makes its plan for the very number where it
can see it, and makes it anew for each search.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from daemon.register.wanted import Wanted
from daemon.store.index import conditions
from daemon.store.index.conditions import Clause, joined
from daemon.store.index.plan import Way, choose
from daemon.store.index.schema import STANDINGS
from daemon.store.index.version import Kind, Latest

_HITS = msgspec.json.Decoder(list[tuple[str, str, int]])
_KINDS = {Way.KANA: Kind.KANA, Way.NAME: Kind.NAME}
_ANY = Way.BIRTH
"""Whose index is read from end to end where nothing leads in."""
_LED = {
    Way.KANA: {"kana"},
    Way.NAME: {"name"},
    Way.BIRTH: {"birth", "sex"},
    Way.PLACE: {"birth", "sex", "municipality"},
    Way.TOWN: {"municipality", "town"},
    Way.ADDRESS: {"address"},
}
"""What a way asks itself."""
_BY_ALIAS = {"birth", "sex", "municipality"}
"""What an alias knows of its version, so that a search by a further name asks it there."""


def find(connection: sqlite3.Connection, *, wanted: Wanted, limit: int) -> list[Latest]:
    """Up to `limit` versions of a file that fit, some of them twice. Runs on the connection's thread."""
    connection.execute("BEGIN")
    try:
        # In the snapshot of the search itself: a merge may move it.
        ((horizon,),) = connection.execute("SELECT day FROM horizon").fetchall()
        past = wanted.on < horizon
        if past and not _begun(connection, wanted):
            return []
        return look(connection, wanted, limit, past=past)
    finally:
        connection.execute("ROLLBACK")


def _begun(connection: sqlite3.Connection, wanted: Wanted) -> bool:
    """Whether anybody had come to stand so by that day. Before all records a broad search would read a whole index for nothing."""
    standing = conditions.one_of("standing", [STANDINGS[each] for each in wanted.standings])
    sql = f"SELECT EXISTS (SELECT 1 FROM counts WHERE {standing.sql} AND day <= ?)"  # noqa: S608 - marks only
    return bool(connection.execute(sql, (*standing.values, wanted.on)).fetchone()[0])


def look(connection: sqlite3.Connection, wanted: Wanted, limit: int, *, past: bool = False) -> list[Latest]:
    """The same of open versions alone, or with `past` of all; the memory holds none but open ones."""
    way = choose(wanted, limit, partial(_count, connection, wanted, past=past), past=past)
    return answers(connection, branches(wanted, way, past=past), limit)


def branches(wanted: Wanted, way: Way | None, *, past: bool) -> list[Clause]:
    """The questions whose answers together are the search's."""
    rest = [*_rest(wanted, _LED[way] if way else set()), conditions.lasts(wanted)]
    found = [
        _select(source, [family, *conditions.held("v", wanted), *lead, *rest])
        for source, family in _sources(way, past=past)
        for lead in _leads(wanted, way)
    ]
    if way in _KINDS:
        rest = [*_rest(wanted, _LED[way] | _BY_ALIAS), conditions.lasts(wanted)]
        family = [] if past else [Clause("v.open")]
        source = "aliases AS a INDEXED BY alias_key CROSS JOIN versions AS v"
        found += [
            _select(source, [*lead, *_known(wanted), Clause("v.id = a.version"), *family, *rest])
            for lead in _further(wanted, way)
        ]
    return found


def answers(connection: sqlite3.Connection, questions: Sequence[Clause], limit: int) -> list[Latest]:
    """What they find, up to `limit` in all."""
    every = joined(questions, "UNION ALL")
    select = "SELECT json_group_array(json_array(hex(row), hex(person), serial)) FROM"
    sql = f"{select} {every.sql[:-1]} LIMIT +?)"
    ((answer,),) = connection.execute(sql, (*every.values, limit)).fetchall()
    return [
        Latest(bytes.fromhex(row), bytes.fromhex(person), serial)
        for row, person, serial in _HITS.decode(answer)
    ]


def _count(connection: sqlite3.Connection, wanted: Wanted, way: Way, most: int, *, past: bool) -> int:
    """How many entries lie on a way, up to `most`."""
    standing, _ = conditions.held("v", wanted)
    entries = [
        _where(f"SELECT 1 FROM {source}", [family, standing, *lead])  # noqa: S608 - fixed
        for source, family in _sources(way, past=past)
        for lead in _leads(wanted, way)
    ]
    if way in _KINDS:
        source = "SELECT 1 FROM aliases AS a INDEXED BY alias_key"
        entries += [_where(source, lead) for lead in _further(wanted, way)]
    every = joined(entries, "UNION ALL")
    sql = f"SELECT count(*) FROM {every.sql[:-1]} LIMIT +?)"  # noqa: S608 - fixed clauses, values bound
    return int(connection.execute(sql, (*every.values, most)).fetchone()[0])


def _sources(way: Way | None, *, past: bool) -> list[tuple[str, Clause]]:
    """The indexes that a way goes through, each with what says which versions it holds."""
    held = "v.open AND v.town >= 0" if way is Way.TOWN else "v.open"
    found = [(f"versions AS v INDEXED BY today_{way or _ANY}", Clause(held))]
    if past:
        found.append((f"versions AS v INDEXED BY past_{way or _ANY}", Clause("NOT v.open")))
    return found


def _leads(wanted: Wanted, way: Way | None) -> list[list[Clause]]:
    """How a way begins: alternatives of which each is a range of its index."""
    if way is Way.KANA or way is Way.NAME:
        return _named(wanted, way, "v")
    if way is Way.BIRTH or way is Way.PLACE:
        place = conditions.municipality("v", wanted) if way is Way.PLACE else []
        return [[*place, conditions.sexes(wanted), *born] for born in _births(wanted, "v")]
    if way is Way.TOWN:
        return [[*conditions.municipality("v", wanted), *conditions.town(wanted)]]
    return [conditions.address(wanted) if way is Way.ADDRESS else []]


def _further(wanted: Wanted, way: Way) -> list[list[Clause]]:
    """How a search by name begins among further names."""
    kept = [] if wanted.former else [Clause("NOT a.former")]
    return [[Clause("a.kind = ?", (_KINDS[way],)), *lead, *kept] for lead in _named(wanted, way, "a")]


def _named(wanted: Wanted, way: Way, of: str) -> list[list[Clause]]:
    """The ranges of a name; where it is whole the birth follows it in the index, and leads too."""
    kind = _KINDS[way]
    named = wanted.kana if kind is Kind.KANA else wanted.name
    if named is None:
        return []
    column = "a.key" if of == "a" else f"v.{conditions.COLUMNS[kind]}"
    births = _births(wanted, of) if named.whole else [[]]
    return [[key, *born] for key in conditions.keys(column, kind, named) for born in births]


def _births(wanted: Wanted, of: str) -> list[list[Clause]]:
    """The ranges of a birth; one that is no condition, where it is not asked."""
    if wanted.birth is None:
        return [[]]
    rest = [conditions.reaches(wanted.birth)] if of == "v" else []
    return [[born, *rest] for born in conditions.births_apart(of, wanted.birth)]


def _known(wanted: Wanted) -> list[Clause]:
    """What is asked of an alias for its version."""
    born = [conditions.births("a", wanted.birth), conditions.reaches(wanted.birth)] if wanted.birth else []
    return [
        *conditions.held("a", wanted),
        *born,
        *conditions.sex("a", wanted),
        *conditions.municipality("a", wanted),
    ]


def _rest(wanted: Wanted, led: Iterable[str]) -> list[Clause]:
    """What is asked beyond what leads in."""
    former, birth = wanted.former, wanted.birth
    asked = {
        "birth": [conditions.births("v", birth), conditions.reaches(birth)] if birth else [],
        "sex": conditions.sex("v", wanted),
        "municipality": conditions.municipality("v", wanted),
        "kana": conditions.names(Kind.KANA, wanted.kana, former=former) if wanted.kana else [],
        "name": conditions.names(Kind.NAME, wanted.name, former=former) if wanted.name else [],
        "town": conditions.town(wanted),
        "address": conditions.address(wanted),
    }
    return [clause for criterion, clauses in asked.items() if criterion not in led for clause in clauses]


def _select(source: str, clauses: Sequence[Clause]) -> Clause:
    return _where(f"SELECT v.row, v.person, v.serial FROM {source}", clauses)  # noqa: S608 - fixed


def _where(select: str, clauses: Sequence[Clause]) -> Clause:
    every = joined(clauses, "AND")
    return Clause(f"{select} WHERE {every.sql[1:-1]}", every.values)
