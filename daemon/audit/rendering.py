"""Stored entries as lines of an export: the leaf, the fields that are open, and a look at the header for the summary.

It computes and does not wait, so it can be run beside the event loop, some entries at a time.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from daemon.audit.entry import Sealed, opened
from daemon.audit.export import entry_line
from daemon.audit.head import Head, head_of
from daemon.audit.opening import Openings
from daemon.crypto.seal import Place, Sealer
from daemon.register.rows import Register
from daemon.store.engine import Table

_STORED: msgspec.msgpack.Decoder[tuple[bytes, bytes]] = msgspec.msgpack.Decoder(tuple[bytes, bytes])


Pairs = Sequence[tuple[bytes, bytes]]
"""Stored entries with their keys."""
Look = Callable[[Head], None]


def nobody(_: Head) -> None:
    """Looks at nothing."""


class Rendering:
    """Makes lines for one export."""

    def __init__(self, register: Register, sealer: Sealer, openings: Openings) -> None:
        self._register = register
        self._sealer = sealer
        self._openings = openings

    def lines(self, pairs: Pairs, look: Look = nobody) -> bytes:
        """Their lines; `look` is shown each header. IntegrityError where an entry is not what was stored."""
        return b"".join([self._line(key, value, look) for key, value in pairs])

    def shown(self, key: bytes, leaf: bytes, sealed: bytes) -> Mapping[str, Sealed]:
        """The fields of an entry that are open."""
        return self._shown(key, leaf, sealed, head_of(leaf))

    def _line(self, key: bytes, value: bytes, look: Look) -> bytes:
        leaf, sealed = _STORED.decode(value)
        head = head_of(leaf)
        look(head)
        return entry_line(leaf, self._shown(key, leaf, sealed, head))

    def _shown(self, key: bytes, leaf: bytes, sealed: bytes, head: Head) -> Mapping[str, Sealed]:
        names = self._openings.of(head.action, head.seq)
        if not names:
            return {}
        secret = self._sealer.open(Place(self._register, Table.LOG, key), sealed)
        return {name: field for name, field in opened(leaf, secret).fields.items() if name in names}
