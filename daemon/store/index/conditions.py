"""A search as SQL clauses over `versions` (`v`) and `aliases` (`a`). Pure.

Clauses come in two kinds that may stand side by side: one that the columns of an index answer, and where that is not all of
the truth a second one that needs the row. SQLite asks the first kind first, and reads rows only for what is left.
A `+` before a column keeps SQLite from choosing another index for its sake.
"""

from collections.abc import Sequence
from typing import NamedTuple

from daemon.register.dates import Span
from daemon.register.wanted import Named, Wanted
from daemon.store.index.schema import LAST, STANDINGS, key_of, town_span
from daemon.store.index.version import Kind, starts

Value = int | str | bytes
COLUMNS = {Kind.KANA: "kana", Kind.NAME: "name"}
SEXES = (0, 1, 2, 9)
"""All that a row may say."""


class Clause(NamedTuple):
    """A condition and the values for its marks."""

    sql: str
    values: tuple[Value, ...] = ()


def joined(clauses: Sequence[Clause], word: str) -> Clause:
    """`clauses` as one, in brackets."""
    sql = f" {word} ".join(clause.sql for clause in clauses)
    return Clause(f"({sql})", tuple(value for clause in clauses for value in clause.values))


def one_of(column: str, values: Sequence[Value]) -> Clause:
    """That a column holds one of `values`."""
    if len(values) == 1:
        return Clause(f"{column} = ?", tuple(values))
    return Clause(f"{column} IN ({','.join('?' * len(values))})", tuple(values))


def between(column: str, span: tuple[int, int]) -> Clause:
    """That a column lies in a span, both ends included."""
    return Clause(f"{column} BETWEEN ? AND ?", span)


def begins(column: str, key: str) -> Clause:
    """That a column begins with `key`."""
    return Clause(f"({column} >= ? AND {column} < ?)", (key, key + LAST))


def held(of: str, wanted: Wanted) -> list[Clause]:
    """How people stand, and since when; `of` is `v`, or `a` for what an alias knows of its version."""
    standings = sorted(STANDINGS[standing] for standing in wanted.standings)
    return [one_of(f"{of}.standing", standings), Clause(f"{of}.since <= ?", (wanted.on,))]


def lasts(wanted: Wanted) -> Clause:
    """Until when they do, as far as the versions beside it in the same file tell."""
    return Clause("v.until > ?", (wanted.on,))


def keys(column: str, kind: Kind, named: Named) -> list[Clause]:
    """One clause for each key that a name may have."""
    found = [key_of(kind, key) for key in named.keys]
    return [Clause(f"{column} = ?", (key,)) if named.whole else begins(column, key) for key in found]


def own(kind: Kind, named: Named) -> Clause:
    """That the version has it for its own name."""
    return joined(keys(f"+v.{COLUMNS[kind]}", kind, named), "OR")


def names(kind: Kind, named: Named, *, former: bool) -> list[Clause]:
    """That the version has the name, or the person had it."""
    further = [
        Clause("a.version = v.id"),
        Clause("a.kind = ?", (kind,)),
        joined(keys("a.key", kind, named), "OR"),
    ]
    if not former:
        further.append(Clause("NOT a.former"))
    other = joined(further, "AND")
    exists = Clause(f"EXISTS (SELECT 1 FROM aliases AS a WHERE {other.sql})", other.values)  # noqa: S608 - fixed
    return [
        joined([own(kind, named), Clause("v.aka > ?", (0 if former else 1,))], "OR"),
        joined([own(kind, named), exists], "OR"),
    ]


def births(of: str, span: Span) -> Clause:
    """That two spans meet, as far as the first day tells."""
    begun = [between(f"+{of}.birth_min", span), one_of(f"+{of}.birth_min", starts(span[0]) or (-1,))]
    return joined(begun, "OR")


def reaches(span: Span) -> Clause:
    """That a birth which began before the span reaches into it."""
    return Clause("(v.birth_min >= ? OR v.birth_max >= ?)", (span[0], span[0]))


def births_apart(of: str, span: Span) -> list[Clause]:
    """The same as alternatives, of which each is one range of an index, or a few days of it."""
    before = starts(span[0])
    within = between(f"{of}.birth_min", span)
    return [within, one_of(f"{of}.birth_min", before)] if before else [within]


def sex(of: str, wanted: Wanted) -> list[Clause]:
    """The sex, where it is asked."""
    return [Clause(f"{of}.sex = ?", (int(wanted.sex),))] if wanted.sex else []


def sexes(of: str, wanted: Wanted) -> Clause:
    """The sex for an index in which something asked for comes after it: each one, where it is not asked."""
    return one_of(f"{of}.sex", [int(wanted.sex)] if wanted.sex else SEXES)


def municipality(of: str, wanted: Wanted) -> list[Clause]:
    """The municipality, where it is asked."""
    return [Clause(f"{of}.municipality = ?", (int(wanted.municipality),))] if wanted.municipality else []


def town(wanted: Wanted) -> list[Clause]:
    """大字 and 小字, where they are asked."""
    return [between("v.town", town_span(wanted.town))] if wanted.town else []


def address(wanted: Wanted) -> list[Clause]:
    """How the address begins, where it is asked."""
    return [begins("v.address", wanted.address)] if wanted.address else []
