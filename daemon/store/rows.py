"""Row versions as they lie in the truth: one sealed value per version, under an id that says nothing.

In clear are the random id, the key class and the size class. Sealed are the 28 or 18 items, whose they are, when the
next version came, and how far each municipality had counted (`daemon.register.order`). A current row is sealed under
`live`; one that was superseded, or that strikes a person off, under the class of the year in which its 150 years end
(施行令34条2項 as for municipalities; design: Keys).
"""

from collections.abc import Collection
from datetime import date
from typing import Any

import msgspec
from msgspec.structs import asdict, astuple

from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import IntegrityError
from daemon.register.items import UNIFIED
from daemon.register.order import UNKNOWN, Counts
from daemon.register.reasons import standing_of
from daemon.register.rows import FuhyoRow, HonninRow, Register, Row
from daemon.register.transitions import Standing
from daemon.store.engine import Table

ROW_ID = 16  # bytes
OF_PERSON = 3  # bytes of an id with which its person's begins, too
OWN = ROW_ID - OF_PERSON  # bytes of it that are the version's own
STRUCK = frozenset({Standing.OUT, Standing.DEAD, Standing.GONE, Standing.STRUCK})
ROW_TYPES: dict[Register, type[HonninRow] | type[FuhyoRow]] = {
    Register.HONNIN: HonninRow,
    Register.FUHYO: FuhyoRow,
}


def row_id(person: bytes, own: bytes) -> bytes:
    """The id of a version, given `OWN` bytes that are random.

    It begins as the person's does: their versions lie side by side, where chance put the first of them (docs/adr/0011). It does so for
    few bytes: no two ids may have the same first 8 (`daemon.store.engine.PLACE`).
    """
    return person[:OF_PERSON] + own


class Stored(msgspec.Struct, frozen=True):
    """One version with what the register knows beside its items."""

    id: bytes
    person: bytes
    """Random, the same for all versions of one person."""
    row: Row
    successor_on: date | None = None
    """The day the next notice came; from then the 150 years count."""
    counts: Counts = msgspec.field(default_factory=dict)
    """What each municipality had counted of its notices about the person by this version."""

    @property
    def term(self) -> str | None:
        """The class of the year that ends its term; None for a current row, which lies under the newest `live`.

        A 消除 counts from its own notice, every other row from the next one.
        """
        if standing_of(self.row) in STRUCK:
            return classes.expire(self.row.received_on)
        return None if self.successor_on is None else classes.expire(self.successor_on)


def _content(row: type[Row], unified: Collection[str]) -> type[msgspec.Struct]:
    """What a sealed value holds: whose it is, when the next version came, and the items by position.

    By position, since names would be half of every value. Fields that a later version of this program adds come last
    and have defaults, so a shorter array opens; a longer one is none of ours. Codes (`unified`) are bytes, two for each
    character.
    """
    fields = [
        (field.name, bytes, b"")
        if field.name in unified
        else (field.name, field.type)
        if field.default is msgspec.NODEFAULT
        else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(row)
    ]
    items = msgspec.defstruct(f"{row.__name__}Items", fields, array_like=True, forbid_unknown_fields=True)
    whole: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("person", bytes),
        ("successor_on", date | None),
        ("items", items),
        ("counts", dict[int, int], msgspec.field(default_factory=lambda: dict(UNKNOWN))),
    ]
    return msgspec.defstruct(f"{row.__name__}Content", whole, array_like=True, forbid_unknown_fields=True)


class RowCodec:
    """Between `Stored` and its sealed form."""

    def __init__(self, register: Register, sealer: Sealer) -> None:
        self._register = register
        self._sealer = sealer
        self._type = ROW_TYPES[register]
        self._unified = [(self._type.__struct_fields__.index(name), name) for name in UNIFIED[register]]
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
            _content(self._type, UNIFIED[register])
        )

    def seal(self, stored: Stored) -> bytes:
        """The sealed value to put under `stored.id`."""
        items = list(astuple(stored.row))
        for place, _ in self._unified:
            items[place] = bytes.fromhex(items[place]) if items[place] else b""
        content = self._encoder.encode((stored.person, stored.successor_on, items, dict(stored.counts)))
        name = stored.term or self._sealer.newest(classes.LIVE)
        return self._sealer.seal(name, self._place(stored.id), content)

    def open(self, row_id: bytes, sealed: bytes) -> Stored:
        """The version under `row_id`; IntegrityError if it does not verify."""
        try:
            content = self._decoder.decode(self._sealer.open(self._place(row_id), sealed))
        except (msgspec.MsgspecError, ValueError) as error:
            raise IntegrityError("store.altered") from error
        items = asdict(content.items)
        for _, name in self._unified:
            items[name] = items[name].hex().upper() if items[name] else ""
        return Stored(row_id, content.person, self._type(**items), content.successor_on, content.counts)

    def _place(self, row_id: bytes) -> Place:
        return Place(self._register, Table.ROWS, row_id)
