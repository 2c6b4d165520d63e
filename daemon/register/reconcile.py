"""整合性確認, the pure part (住基法30条の6; 30条の41): who belongs to a municipality, and in what two states of a person differ.

Compared is what a municipality states of a person (items of origin SENDER, each text with its codes of 住基ネット統一文字).
Not compared is what is about a notice and not about the person: 異動事由, 異動年月日, 旧住民票コード, 通知区分. Two registers that
heard of the same changes in different words agree. Nor is item 14, which says who may compare at all.

A person belongs to a municipality if the version in force today is present there; in `fuhyo`, if it keeps their 附票 (item 14).
Where item 14 names a municipality that was abolished, its keeper of today counts. The newest version tells it all: the only one that
can lie ahead is a 転出, which states the items of the version before it.
"""

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from operator import attrgetter
from typing import Any

import msgspec

from daemon.errors import InputError
from daemon.register.checks import check, check_sender
from daemon.register.items import ITEMS, UNIFIED, Origin
from daemon.register.municipalities import EVERY, keeper
from daemon.register.reasons import standing_of
from daemon.register.rows import FuhyoRecord, HonninRecord, Record, Register, Row
from daemon.register.transitions import Standing

PRESENT: dict[Register, tuple[Standing, ...]] = {
    Register.HONNIN: (Standing.PRESENT,),
    Register.FUHYO: (Standing.PRESENT, Standing.ABROAD),
}
"""現存: in `fuhyo` a 国外転出者 as well."""
RECORDS: dict[Register, type[HonninRecord] | type[FuhyoRecord]] = {
    Register.HONNIN: HonninRecord,
    Register.FUHYO: FuhyoRecord,
}
_NOT_COMPARED = frozenset({"reason", "event_date", "former_code", "notice_kind", "municipality"})


def _compared(register: Register) -> tuple[str, ...]:
    items = [item.name for item in ITEMS[register] if item.origin is Origin.SENDER]
    return (*(name for name in items if name not in _NOT_COMPARED), *UNIFIED[register])


COMPARED: dict[Register, tuple[str, ...]] = {register: _compared(register) for register in Register}
"""The fields that are compared, in the order of 別添2; then the codes of the texts."""
_VALUES: dict[Register, Callable[[Any], tuple[Any, ...]]] = {
    register: attrgetter(*names) for register, names in COMPARED.items()
}


class Kind(StrEnum):
    """What a comparison finds."""

    ONLY_HERE = "only_here"
    """Present with the municipality by this register, and not among its records."""
    ONLY_THERE = "only_there"
    """Among its records, and not present with it by this register."""
    DIFFERS = "differs"
    """Present with it in both, with other values."""
    CHANGED = "changed"
    """Not the same, but changed here after the comparison began: no difference until the next one says so."""
    TWICE = "twice"
    """Sent more than once."""
    BROKEN = "broken"
    """A record that cannot be read, or that is not well formed."""


def kept_by(municipality: str, on: date) -> tuple[str, ...]:
    """The codes whose records a municipality keeps on a day: its own, and those of whom it was put in the place of."""
    return tuple(code for code in EVERY if keeper(code, on) == municipality)


def is_kept_by(row: Row, municipality: str, on: date) -> bool:
    """Whether item 14 of a row names the municipality (5 digits), or one that it was put in the place of."""
    return keeper(row.municipality, on) == municipality


def belongs(row: Row, municipality: str, register: Register, on: date) -> bool:
    """Whether whoever has `row` as their newest version is present with the municipality on a day."""
    return is_kept_by(row, municipality, on) and standing_of(row, on=on) in PRESENT[register]


def differing(record: Record, row: Row, register: Register) -> tuple[str, ...]:
    """The fields in which two states of a person differ."""
    values = _VALUES[register]
    here, there = values(row), values(record)
    if here == there:
        return ()
    return tuple(
        name for name, one, other in zip(COMPARED[register], here, there, strict=True) if one != other
    )


def as_stored(record: Record, municipality: str) -> Record:
    """`record` as it would lie here; InputError or AuthorityError where it is not well formed, or another municipality's."""
    check_sender(record, municipality)
    return check(record)


def stated(state: Record | Row, register: Register) -> bytes:
    """What is compared of a state, as bytes: a compact JSON array of the values, in the order of `COMPARED`.

    Both ends must make the same bytes, so of a record only once it is as stored.
    """
    try:
        return msgspec.json.encode(_VALUES[register](state))
    except UnicodeEncodeError:
        raise InputError("json.half_character") from None
