"""A search as it was typed, read into what is wanted: one parser for each field, and what a search may and must name.

Pure. Whatever cannot be read is an InputError that names the field, so nonsense never looks like "nobody".
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from daemon.contract.console import Match, Scope, Search
from daemon.errors import InputError
from daemon.register import queries
from daemon.register.dates import number_of
from daemon.register.rows import Register
from daemon.register.transitions import Standing
from daemon.register.wanted import Wanted

STANDINGS: dict[tuple[Register, Scope], tuple[Standing, ...]] = {
    (Register.HONNIN, Scope.CURRENT): (Standing.PRESENT,),
    (Register.HONNIN, Scope.STRUCK): (Standing.OUT, Standing.DEAD, Standing.GONE),
    (Register.FUHYO, Scope.CURRENT): (Standing.ABROAD,),
    (Register.FUHYO, Scope.STRUCK): (),
}
"""Whom a search may find, by how they stand on its day. In `fuhyo` only 国外転出者 (住基法30条の44の6)."""

SHOWN: dict[Register, frozenset[Standing]] = {
    register: frozenset(s for scope in Scope for s in STANDINGS[register, scope]) for register in Register
}
"""Whom a register shows at all to someone who acts for an affair, by search, key or reference."""

READERS: dict[str, Callable[[Search, Register, date], Any]] = {
    "kana": lambda asked, _register, _today: queries.kana(asked.kana, asked.kana_match is Match.WHOLE),
    "name": lambda asked, _register, _today: queries.name(asked.name, asked.name_match is Match.WHOLE),
    "birth": lambda asked, _register, today: queries.birth(asked.birth, today),
    "sex": lambda asked, _register, _today: queries.sex(asked.sex),
    "municipality": lambda asked, _register, _today: queries.municipality(asked.municipality),
    "town": lambda asked, _register, _today: queries.town(asked.town),
    "address": lambda asked, register, _today: queries.address(asked.address, register),
    "as_of": lambda asked, _register, today: queries.day(asked.as_of, today),
}
"""How each typed field is read; an empty one asks nothing."""

NARROWER: tuple[tuple[str, frozenset[str]], ...] = (
    ("kana", frozenset({"kana", "name"})),
    ("birth", frozenset({"birth"})),
    ("address", frozenset({"address"})),
    ("municipality", frozenset({"municipality"})),
    ("sex", frozenset({"sex"})),
)
"""Where too many fit: the field to add next, unless one of these is given."""


def wanted(asked: Search, *, register: Register, today: date) -> Wanted:
    """What `asked` means on `today`. Raises InputError with the field at fault."""
    standings = STANDINGS[register, asked.scope]
    if not standings:
        raise InputError("search.scope_not_here", field="scope")
    read: dict[str, Any] = {field: READERS[field](asked, register, today) for field in given(asked)}
    municipality, address = _place(read)
    # Sex, municipality and 大字 alone are no search for a person.
    if not (read.keys() & {"kana", "name", "birth"} or address):
        raise InputError("search.nothing_asked", field="kana")
    if "town" in read and register is Register.FUHYO:
        raise InputError("search.town_not_here", field="town")
    if "town" in read and not municipality:
        raise InputError("search.town_alone", field="municipality")
    return Wanted(
        on=number_of(read.get("as_of", today)),
        standings=standings,
        kana=read.get("kana"),
        name=read.get("name"),
        former=asked.former,
        birth=read.get("birth"),
        sex=read.get("sex", ""),
        municipality=municipality,
        town=read.get("town", ""),
        address=address,
    )


def given(asked: Search) -> list[str]:
    """The typed fields that ask something."""
    return [field for field in READERS if getattr(asked, field)]


def to_add(asked: Search) -> str:
    """The field that someone should add, or make narrower, for whom too many people fit."""
    there = frozenset(given(asked))
    missing = (field for field, same in NARROWER if not there & same)
    return next(missing, _to_narrow(asked))


def _to_narrow(asked: Search) -> str:
    """Everything is given: the whole name rather than its beginning, and then more of the address."""
    if asked.kana and asked.kana_match is Match.PREFIX:
        return "kana"
    return "name" if asked.name and asked.name_match is Match.PREFIX else "address"


def _place(read: dict[str, Any]) -> tuple[str, str]:
    """Municipality and address key: the municipality from its own field, or from the beginning of the address."""
    within, address = read.get("address", ("", ""))
    chosen = read.get("municipality", "")
    if within and chosen and within != chosen:
        raise InputError("search.municipality_differs", field="address")
    return chosen or within, address
