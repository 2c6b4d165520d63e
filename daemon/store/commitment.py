"""What the register holds itself to about its rows: the sum of a multiset hash over all of them (`daemon.crypto.multiset`).

The sum moves in the same commit as the rows, and lies in META sealed: with its key, so that the two go under the newest `secret`
with the next entry of the log, and the first of a rotation is that it begins; with the size of the log, so that an older one put in its place shows at the next start; and as it
was at the commit that wrote the log's last entry, since that is what a checkpoint of this size commits to. Sealing rows
anew writes no entry, and a kill between it and the next checkpoint must not look like tampering.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import msgspec
from msgspec.structs import replace

from daemon.crypto import classes
from daemon.crypto.multiset import SIZE, MultisetHash, packed
from daemon.crypto.seal import Place, Sealer
from daemon.errors import IntegrityError
from daemon.register.rows import Register
from daemon.store.draft import Draft, Group
from daemon.store.engine import Engine, Table
from daemon.store.recount import Moved, Recount

KEY = b"commitment"
"""In META."""
NOTHING = bytes(SIZE)
"""The sum over no rows."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What lies sealed in META."""

    key: bytes
    total: bytes = NOTHING
    """The sum over all rows,"""
    size: int = 0
    """the number of the log's entries,"""
    logged: bytes = NOTHING
    """and the sum at the commit that wrote the last of them."""
    differs: bool = False
    """Whether a recount found other rows, and nobody has explained it;"""
    off: bytes = NOTHING
    """and by how much the last one was off. No commit changes that: what it takes out is what is there."""


class Commitment:
    """The sum as it is committed, and as the open group would make it. A participant of the writer's groups, after the journal."""

    def __init__(
        self, engine: Engine, sealer: Sealer, place: Place, kept: Kept, *, size: Callable[[], int]
    ) -> None:
        self._engine = engine
        self._sealer = sealer
        self._place = place
        self._size = size
        self._hash = MultisetHash(kept.key)
        self._kept = self._next = kept
        self._edits: list[Callable[[Kept], Kept]] = []
        """What pieces of work of the open group said of the sum itself."""
        self._recounts: list[Recount] = []
        self.element = self._hash.element
        self.moved: Moved = {}

    @classmethod
    async def load(
        cls, register: Register, sealer: Sealer, engine: Engine, size: Callable[[], int]
    ) -> "Commitment":
        """The sum in `engine`, or a new one. `size` is that of the log with the open group.

        IntegrityError where it is not that of this log, or missing though the log has entries.
        """
        place = Place(register, Table.META, KEY)
        sealed = (await engine.get_many(Table.META, [KEY])).get(KEY)
        kept = Kept(secrets.token_bytes(SIZE))
        if sealed is not None:
            kept = msgspec.msgpack.decode(sealer.open(place, sealed), type=Kept)
        if kept.size != size():
            raise IntegrityError("store.rows_replaced")
        return cls(engine, sealer, place, kept, size=size)

    @property
    def total(self) -> int:
        """The sum over all rows, as committed."""
        return _number(self._kept.total)

    def line(self) -> str:
        """What a checkpoint of the log as committed says of the rows; another one each time."""
        return self._hash.line(_number(self._kept.logged), secrets.token_bytes(SIZE))

    def require(self, extensions: Sequence[str]) -> None:
        """IntegrityError unless a checkpoint of the log as committed, with these lines, commits to the rows as they are here."""
        self._hash.require(_number(self._kept.logged), extensions)

    @contextmanager
    def recount(self) -> Iterator[Recount]:
        """A recount, told of every commit as long as it lasts."""
        made = Recount(self._engine.apart, self)
        self._recounts.append(made)
        try:
            yield made
        finally:
            self._recounts.remove(made)

    @property
    def differs(self) -> bool:
        """Whether a recount found other rows than were committed, and nobody has explained it."""
        return self._kept.differs

    def agrees(self, recount: Recount) -> bool:
        """Whether a recount that is through found the rows that were committed."""
        return packed(recount.total) == self._kept.total

    def tell(self, recount: Recount, *, failed: bool) -> None:
        """At the end of a piece of work: how a recount came out, or that it could not be done."""
        self._edits.append(partial(_failed if failed else _told, recount))

    def accept(self) -> None:
        """At the end of a piece of work: the rows hold as the last recount found them."""
        self._edits.append(_accepted)

    # A participant of the writer's groups.

    def begin(self) -> None:
        self.moved, self._next = {}, self._kept
        self._edits.clear()

    def merge(self, draft: Draft, group: Group) -> None:
        """What a single piece of work means is known only from the whole group."""

    async def prepare(self, group: Group) -> None:
        kept = self._kept
        for edit in self._edits:
            kept = edit(kept)
        size, total = self._size(), kept.total
        if rows := group.changes.get(Table.ROWS):
            before = await group.seen.committed(Table.ROWS, list(rows), self._engine.own)
            self.moved = {
                row: (self._optional(row, before[row]), self._optional(row, blob))
                for row, blob in rows.items()
            }
            total = packed(_number(total) + sum(after - was for was, after in self.moved.values()))
        logged = total if size != kept.size else kept.logged
        self._next = replace(kept, total=total, size=size, logged=logged)
        if self._next != self._kept:
            newest = self._sealer.newest(classes.SECRET)
            sealed = self._sealer.seal(newest, self._place, msgspec.msgpack.encode(self._next))
            group.put(Table.META, KEY, sealed)

    def commit(self) -> None:
        for recount in self._recounts:
            recount.follow(self.moved)
        self._kept, self.moved = self._next, {}

    def rollback(self) -> None:
        self.begin()

    def _optional(self, row: bytes, blob: bytes | None) -> int:
        return 0 if blob is None else self.element(row, blob)


def _told(recount: Recount, kept: Kept) -> Kept:
    off = packed(recount.total - _number(kept.total))
    return replace(kept, off=off, differs=kept.differs or off != NOTHING)


def _failed(_: Recount, kept: Kept) -> Kept:
    return replace(kept, off=NOTHING, differs=True)


def _accepted(kept: Kept) -> Kept:
    return replace(kept, total=packed(_number(kept.total) + _number(kept.off)), off=NOTHING, differs=False)


def _number(total: bytes) -> int:
    return int.from_bytes(total, "big")
