"""What was delivered to the national server, by its number: so that messages n to m can be sent again.

Numbers are given in the order of sending, from 1. The highest is committed with what became of its message, so after a
lost answer or a kill the same messages go out under the same numbers: what waits before them has not changed.
"""

from collections.abc import Sequence
from datetime import date
from itertools import takewhile

import msgspec

from daemon.clock import day_of
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import ConflictError
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.updates import Sending

GIVEN, ASKED = b"outbox:given", b"outbox:asked"
"""In META: the highest number given (8 bytes); ranges that were asked for again and have not gone out (`Asked`)."""
KEPT = b"outbox:kept"
"""In META: the lowest number that is still remembered."""
MOST_ASKED = 16
"""Ranges that may wait at once."""
END = 2**62


class Delivered(msgspec.Struct, frozen=True, array_like=True):
    """One message that the national server has."""

    row: bytes
    key: bytes
    sender: str
    on: date
    """The day of delivery: from it counts how long this is kept."""


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A range that was asked for again; `first` moves on while it goes out."""

    first: int
    last: int


_ASKED = msgspec.msgpack.Decoder(list[Asked])


class Sent:
    """Numbers, and what they were given to."""

    def __init__(self, register: Register, engine: Engine, sealer: Sealer) -> None:
        self._register = register
        self._engine = engine
        self._sealer = sealer

    async def given(self) -> int:
        """The highest number given; 0 before the first."""
        return _number(await self._meta(GIVEN))

    async def kept(self) -> int:
        """The lowest number that is remembered, if it was given to a message that was delivered."""
        return max(1, _number(await self._meta(KEPT)))

    def give(self, draft: Draft, highest: int) -> None:
        """`highest` is the highest number given now."""
        draft.put(Table.META, GIVEN, key_of(highest))

    def note(self, draft: Draft, sending: Sending) -> None:
        """Remember what was delivered."""
        day = day_of(draft.now)
        key = key_of(sending.number)
        content = msgspec.msgpack.encode(Delivered(sending.row, sending.key, sending.sender, day))
        draft.add(Table.SENT, key, self._sealer.seal(classes.work(day), self._place(key), content))

    async def between(self, first: int, last: int, *, limit: int) -> list[Sending]:
        """Up to `limit` of what was delivered under the numbers from `first` to `last`, in order."""
        return [
            Sending(_number(key), one.key, one.sender, one.row)
            for key, one in await self._scan(first, last, limit)
        ]

    # What is to go out again.

    async def asked(self) -> list[Asked]:
        """Ranges that wait to go out again, in the order in which they were asked for."""
        return _ranges(await self._meta(ASKED))

    async def ask(self, draft: Draft, wanted: Asked) -> None:
        """Let a range go out again; ConflictError where too many wait already. What waits already is not asked twice."""
        waiting = _ranges((await draft.get_many(Table.META, [ASKED])).get(ASKED, b""))
        if any(each.first <= wanted.first and wanted.last <= each.last for each in waiting):
            return
        if len(waiting) >= MOST_ASKED:
            raise ConflictError("messages.too_many_ranges")
        draft.put(Table.META, ASKED, msgspec.msgpack.encode([*waiting, wanted]))

    async def passed(self, draft: Draft, asked: Asked, through: int) -> None:
        """Of the range `asked` everything up to the number `through` has gone out."""
        waiting = _ranges((await draft.get_many(Table.META, [ASKED])).get(ASKED, b""))
        rest = [Asked(through + 1, each.last) if each == asked else each for each in waiting]
        left = [each for each in rest if each.first <= each.last]
        draft.put(Table.META, ASKED, msgspec.msgpack.encode(left))

    # Forgetting.

    async def older(self, before: date, *, limit: int) -> list[int]:
        """Up to `limit` of the lowest numbers, as far as they were delivered before that day."""
        held = await self._scan(1, END, limit)
        return [_number(key) for key, one in takewhile(lambda each: each[1].on < before, held)]

    def forget(self, draft: Draft, numbers: Sequence[int]) -> None:
        """Let go of the lowest numbers, in order."""
        for number in numbers:
            draft.delete(Table.SENT, key_of(number))
        draft.put(Table.META, KEPT, key_of(numbers[-1] + 1))

    async def _scan(self, first: int, last: int, limit: int) -> Sequence[tuple[bytes, Delivered]]:
        pairs = await self._engine.apart.scan(
            Table.SENT, first=key_of(first), last=key_of(last + 1), limit=limit
        )
        return [(key, self._open(key, sealed)) for key, sealed in pairs]

    def _open(self, key: bytes, sealed: bytes) -> Delivered:
        return msgspec.msgpack.decode(self._sealer.open(self._place(key), sealed), type=Delivered)

    async def _meta(self, name: bytes) -> bytes:
        return (await self._engine.get_many(Table.META, [name])).get(name, b"")

    def _place(self, key: bytes) -> Place:
        return Place(self._register, Table.SENT, key)


def key_of(number: int) -> bytes:
    """The key under which a number lies; keys sort as numbers do."""
    return number.to_bytes(8, "big")


def _number(key: bytes) -> int:
    return int.from_bytes(key, "big")


def _ranges(held: bytes) -> list[Asked]:
    return _ASKED.decode(held) if held else []
