"""How a search begins on the way that was chosen: the indexes it goes through, and the ranges of each. Pure."""

from daemon.register.wanted import Named, Wanted
from daemon.store.index import conditions
from daemon.store.index.conditions import Clause, joined
from daemon.store.index.plan import Way
from daemon.store.index.version import Kind

KINDS = {Way.KANA: Kind.KANA, Way.NAME: Kind.NAME}
_ANY = Way.BIRTH
"""Whose index is read from end to end where nothing leads in."""


def sources(way: Way | None, *, past: bool) -> list[tuple[str, Clause]]:
    """The indexes that a way goes through, each with what says which versions it holds."""
    held = "v.open AND v.town >= 0" if way is Way.TOWN else "v.open"
    found = [(f"versions AS v INDEXED BY today_{way or _ANY}", Clause(held))]
    if past:
        found.append((f"versions AS v INDEXED BY past_{way or _ANY}", Clause("NOT v.open")))
    return found


def begins(wanted: Wanted, way: Way | None) -> list[list[Clause]]:
    """How a way begins: alternatives of which each is a range of its index."""
    if way is Way.KANA or way is Way.NAME:
        return _named(wanted, way, "v")
    if way is Way.BIRTH or way is Way.PLACE:
        place = conditions.municipality("v", wanted) if way is Way.PLACE else []
        return [[*place, conditions.sexes("v", wanted), *born] for born in _births(wanted, "v")]
    if way is Way.TOWN:
        return [[*conditions.municipality("v", wanted), *conditions.town(wanted)]]
    return [conditions.address(wanted) if way is Way.ADDRESS else []]


def further(wanted: Wanted, way: Way) -> list[list[Clause]]:
    """How a search by name begins among further names."""
    kept = [] if wanted.former else [Clause("NOT a.former")]
    return [[Clause("a.kind = ?", (KINDS[way],)), *lead, *kept] for lead in _named(wanted, way, "a")]


def further_there(wanted: Wanted, kind: Kind) -> list[list[Clause]]:
    """How a search by place begins among further names."""
    named = _asked(wanted, kind)
    if named is None:
        return []
    there = [
        Clause("a.kind = ?", (kind,)),
        Clause("NOT a.former"),
        *conditions.municipality("a", wanted),
        conditions.sexes("a", wanted),
    ]
    key = joined(conditions.keys("+a.key", kind, named), "OR")
    return [[*there, *born, key] for born in _births(wanted, "a")]


def _named(wanted: Wanted, way: Way, of: str) -> list[list[Clause]]:
    """The ranges of a name; where it is whole the birth follows it in the index, and leads too."""
    kind = KINDS[way]
    named = _asked(wanted, kind)
    if named is None:
        return []
    column = "a.key" if of == "a" else f"v.{conditions.COLUMNS[kind]}"
    births = _births(wanted, of) if named.whole else [[]]
    return [[key, *born] for key in conditions.keys(column, kind, named) for born in births]


def _asked(wanted: Wanted, kind: Kind) -> Named | None:
    return wanted.kana if kind is Kind.KANA else wanted.name


def _births(wanted: Wanted, of: str) -> list[list[Clause]]:
    """The ranges of a birth; one that is no condition, where it is not asked."""
    if wanted.birth is None:
        return [[]]
    rest = [conditions.reaches(wanted.birth)] if of == "v" else []
    return [[born, *rest] for born in conditions.births_apart(of, wanted.birth)]
