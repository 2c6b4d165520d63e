"""While the truth is copied into another file: which keys each group touched, noted in the same commit.

The copy reads ranges of keys while groups go on. Whatever they touch is copied once more afterwards, so it does not
matter in which order the two meet, and a kill loses no note. META is not noted: it is small and copied as a whole at
the end.
"""

import msgspec

from daemon.store.draft import Draft, Group
from daemon.store.engine import Reads, Table

PREFIX = b"touched:"
"""In META: `touched:<commit>` → keys by table."""
LAST = PREFIX + b"\xff" * 9
_KEYS: msgspec.msgpack.Decoder[dict[Table, list[bytes]]] = msgspec.msgpack.Decoder(dict[Table, list[bytes]])


class Touched:
    """A participant of the writer's groups. `on` changes only between two groups."""

    def __init__(self) -> None:
        self.on = False

    async def start(self) -> None:
        """Note from now on; runs between two groups."""
        self.on = True

    def begin(self) -> None:
        """Nothing is kept between groups."""

    def merge(self, draft: Draft, group: Group) -> None:
        """Only the whole group counts."""

    async def prepare(self, group: Group) -> None:
        if self.on and (
            keys := {t: list(pairs) for t, pairs in group.changes.items() if t is not Table.META}
        ):
            group.put(Table.META, PREFIX + group.commit.to_bytes(8, "big"), msgspec.msgpack.encode(keys))

    def commit(self) -> None:
        """The note is in the truth itself."""

    def rollback(self) -> None:
        """So it goes as the group goes."""


async def notes(reads: Reads, *, after: bytes, limit: int) -> list[tuple[bytes, dict[Table, list[bytes]]]]:
    """The oldest notes after the key `after`, each with its own key; empty `after` begins with the very first."""
    first = after + b"\x00" if after else PREFIX
    pairs = await reads.scan(Table.META, first=first, last=LAST, limit=limit)
    return [(key, _KEYS.decode(value)) for key, value in pairs]


def is_note(key: bytes) -> bool:
    """Whether a key of META is such a note."""
    return key.startswith(PREFIX)
