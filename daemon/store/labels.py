"""Labels of the log's entries: made as an entry is written, or from the entry as it lies, for a projection that lacks it.

An entry's labels are made under the key that its sealed fields lie under. One that is sealed anew (under a hold) has others from then on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from daemon.audit.entry import opened
from daemon.audit.mention import FIELDS, Mention, mentioned
from daemon.crypto.seal import Place, Sealer, class_of
from daemon.errors import IntegrityError
from daemon.register.rows import Register
from daemon.store.engine import Table
from daemon.store.index import Labelled

KINDS = ("log", "hold")
"""What entries lie under."""

_ENTRY: msgspec.msgpack.Decoder[tuple[bytes, bytes]] = msgspec.msgpack.Decoder(tuple[bytes, bytes])


class _Committed(msgspec.Struct):
    commitments: dict[str, msgspec.Raw]


class Labels:
    """Makes labels."""

    def __init__(self, register: Register, sealer: Sealer) -> None:
        self._register = register
        self._sealer = sealer

    def of(self, name: str, seq: int, fields: Mapping[str, Any]) -> list[Labelled]:
        """Of entry `seq`, whose sealed `fields` lie under the class `name`."""
        return [Labelled(self._sealer.label(name, each), seq) for each in mentioned(fields)]

    def of_stored(self, key: bytes, value: bytes) -> list[Labelled]:
        """Of an entry as it lies in the log; none where its key is gone, or where it was altered: whoever reads the log back tells of that."""
        try:
            return self._of_stored(key, value)
        except (IntegrityError, msgspec.MsgspecError):
            return []

    def _of_stored(self, key: bytes, value: bytes) -> list[Labelled]:
        leaf, sealed = _ENTRY.decode(value)
        if FIELDS.isdisjoint(msgspec.json.decode(leaf, type=_Committed).commitments):
            return []
        name = class_of(sealed)
        if not self._sealer.has(name):
            return []
        return self.of(name, int.from_bytes(key, "big"), self.fields(key, value))

    def fields(self, key: bytes, value: bytes) -> dict[str, Any]:
        """The sealed fields of an entry as it lies in the log, opened and checked against its leaf."""
        leaf, sealed = _ENTRY.decode(value)
        entry = opened(leaf, self._sealer.open(Place(self._register, Table.LOG, key), sealed))
        return {name: field.value for name, field in entry.fields.items()}

    def wanted(self, mention: Mention) -> Sequence[int]:
        """Every label that this mention may have: one for each key that entries lie under."""
        return [self._sealer.label(name, mention.content) for name in self._sealer.classes(*KINDS)]
