"""Asking one file, or the memory: the clauses of a search put together for the way that was chosen, and read in one snapshot.

An answer comes back as one value, not as rows: the connection's thread asks for the interpreter's lock once for each step of a
statement, and may wait for it each time. `LIMIT +?` instead of `LIMIT ?`: SQLite makes its plan for the very number where it
can see it, and makes it anew for each search.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from daemon.register.wanted import Named, Wanted
from daemon.store.index import conditions, leads
from daemon.store.index.conditions import Clause, joined
from daemon.store.index.plan import Way, choose
from daemon.store.index.schema import STANDINGS
from daemon.store.index.version import Kind

_HITS = msgspec.json.Decoder(list[int])
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


def find(connection: sqlite3.Connection, *, wanted: Wanted, limit: int) -> list[int]:
    """The places of up to `limit` versions of a file that fit, some of them twice. Runs on the connection's thread."""
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


def look(connection: sqlite3.Connection, wanted: Wanted, limit: int, *, past: bool = False) -> list[int]:
    """The same of open versions alone, or with `past` of all; the memory holds none but open ones."""
    way = choose(wanted, limit, partial(_count, connection, wanted, past=past), past=past)
    return answers(connection, branches(wanted, way, past=past), limit)


def branches(wanted: Wanted, way: Way | None, *, past: bool) -> list[Clause]:
    """The questions whose answers together are the search's."""
    apart = _apart(wanted, way)
    rest = [*_rest(wanted, _LED[way] if way else set(), own=apart), conditions.lasts(wanted)]
    found = [
        _select(source, [family, *conditions.held("v", wanted), *lead, *rest])
        for source, family in leads.sources(way, past=past)
        for lead in leads.begins(wanted, way)
    ]
    if way in leads.KINDS:
        found += _by_further("alias_key", leads.further(wanted, way), wanted, _LED[way], past=past)
    elif apart is not None:
        found += _by_further(
            "alias_place", leads.further_there(wanted, apart), wanted, {conditions.COLUMNS[apart]}, past=past
        )
    return found


def _by_further(
    index: str, begun: Sequence[Sequence[Clause]], wanted: Wanted, led: set[str], *, past: bool
) -> list[Clause]:
    """The questions that begin with a further name."""
    rest = [*_rest(wanted, led | _BY_ALIAS), conditions.lasts(wanted)]
    family = [] if past else [Clause("v.open")]
    source = f"aliases AS a INDEXED BY {index} CROSS JOIN versions AS v"
    return [
        _select(source, [*lead, *_known(wanted), Clause("v.id = a.version"), *family, *rest])
        for lead in begun
    ]


def _apart(wanted: Wanted, way: Way | None) -> Kind | None:
    """The name, if any, whose further keys are asked for in an index of their own: a place holds many people, and few have any."""
    if way is not Way.PLACE or wanted.former:
        return None
    return Kind.KANA if wanted.kana else Kind.NAME if wanted.name else None


def answers(connection: sqlite3.Connection, questions: Sequence[Clause], limit: int) -> list[int]:
    """What they find, up to `limit` in all."""
    every = joined(questions, "UNION ALL")
    select = "SELECT json_group_array(place) FROM"
    sql = f"{select} {every.sql[:-1]} LIMIT +?)"
    ((answer,),) = connection.execute(sql, (*every.values, limit)).fetchall()
    return _HITS.decode(answer)


def _count(connection: sqlite3.Connection, wanted: Wanted, way: Way, most: int, *, past: bool) -> int:
    """How many entries lie on a way, up to `most`."""
    standing, _ = conditions.held("v", wanted)
    entries = [
        _where(f"SELECT 1 FROM {source}", [family, standing, *lead])  # noqa: S608 - fixed
        for source, family in leads.sources(way, past=past)
        for lead in leads.begins(wanted, way)
    ]
    if way in leads.KINDS:
        source = "SELECT 1 FROM aliases AS a INDEXED BY alias_key"
        entries += [_where(source, lead) for lead in leads.further(wanted, way)]
    every = joined(entries, "UNION ALL")
    sql = f"SELECT count(*) FROM {every.sql[:-1]} LIMIT +?)"  # noqa: S608 - fixed clauses, values bound
    return int(connection.execute(sql, (*every.values, most)).fetchone()[0])


def _known(wanted: Wanted) -> list[Clause]:
    """What is asked of an alias for its version."""
    born = [conditions.births("a", wanted.birth), conditions.reaches(wanted.birth)] if wanted.birth else []
    return [
        *conditions.held("a", wanted),
        *born,
        *conditions.sex("a", wanted),
        *conditions.municipality("a", wanted),
    ]


def _rest(wanted: Wanted, led: Iterable[str], *, own: Kind | None = None) -> list[Clause]:
    """What is asked beyond what leads in; of the name `own` the version's own alone counts."""
    former, birth = wanted.former, wanted.birth
    asked = {
        "birth": [conditions.births("v", birth), conditions.reaches(birth)] if birth else [],
        "sex": conditions.sex("v", wanted),
        "municipality": conditions.municipality("v", wanted),
        "kana": _name(Kind.KANA, wanted.kana, own=own, former=former),
        "name": _name(Kind.NAME, wanted.name, own=own, former=former),
        "town": conditions.town(wanted),
        "address": conditions.address(wanted),
    }
    return [clause for criterion, clauses in asked.items() if criterion not in led for clause in clauses]


def _name(kind: Kind, named: Named | None, *, own: Kind | None, former: bool) -> list[Clause]:
    if named is None:
        return []
    return [conditions.own(kind, named)] if kind is own else conditions.names(kind, named, former=former)


def _select(source: str, clauses: Sequence[Clause]) -> Clause:
    return _where(f"SELECT v.place FROM {source}", clauses)  # noqa: S608 - fixed


def _where(select: str, clauses: Sequence[Clause]) -> Clause:
    every = joined(clauses, "AND")
    return Clause(f"{select} WHERE {every.sql[1:-1]}", every.values)
