"""The outbox: what is to go to the national server, in the order in which it was applied.

A message is a reference: which row, under which key, from whom. The update is made from the row when it goes out, and
in the same way when it goes out again (`daemon.store.updates`). Rows never change, so both are the same.
"""

from typing import Any

import msgspec

from daemon.clock import day_of
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import IntegrityError
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.index import Index


class Message(msgspec.Struct, frozen=True, array_like=True):
    """One message."""

    key: bytes
    """Idempotency key, 32 bytes."""
    sender: str
    """5 digits."""
    row: bytes
    """Id of the row version."""
    person: bytes
    """Whose it is: messages of one person keep their order."""


Waiting = tuple[bytes, Message]
"""A message with its place. The place is kept for as long as there is the message: it is its turn."""


class _Whole(msgspec.Struct, frozen=True):
    """A message as earlier versions of this program wrote it: with all items of the row."""

    key: str
    sender: str
    row: dict[str, Any]


def enqueue(draft: Draft, sealer: Sealer, register: Register, message: Message) -> None:
    """Put `message` at the end, in the commit of what it tells of."""
    place = draft.place()
    draft.add(Table.OUTBOX, place, _sealed(draft, sealer, register, place, message))


def _sealed(draft: Draft, sealer: Sealer, register: Register, place: bytes, message: Message) -> bytes:
    name = classes.work(day_of(draft.now))
    return sealer.seal(name, Place(register, Table.OUTBOX, place), msgspec.msgpack.encode(message))


class Outbox:
    """Reads what waits; what is added or taken out goes through a draft of the writer."""

    def __init__(self, register: Register, engine: Engine, sealer: Sealer, index: Index) -> None:
        self._register = register
        self._engine = engine
        self._sealer = sealer
        self._index = index

    async def messages(self, limit: int) -> list[Waiting]:
        """The oldest messages."""
        pairs = await self._engine.scan(Table.OUTBOX, limit=limit)
        return [(place, await self.read(place, sealed)) for place, sealed in pairs]

    async def read(self, place: bytes, sealed: bytes) -> Message:
        """What was sealed for this place of the outbox."""
        content = self._sealer.open(Place(self._register, Table.OUTBOX, place), sealed)
        if content.startswith(b"{"):
            return await self._reference(msgspec.json.decode(content, type=_Whole))
        return msgspec.msgpack.decode(content, type=Message)

    def put_back(self, draft: Draft, place: bytes, message: Message) -> None:
        """Let `message` wait again at the place that it had."""
        draft.put(Table.OUTBOX, place, _sealed(draft, self._sealer, self._register, place, message))

    async def _reference(self, whole: _Whole) -> Message:
        """Which row a message of before is about; the versions of a person have the serials 1, 2, 3 …"""
        code, serial = whole.row["juminhyo_code"], whole.row["serial"]
        found = await self._index.latest([code]) | await self._index.formerly([code])
        if code not in found:
            raise IntegrityError("outbox.row_missing")
        rows = await self._index.history(found[code].person)
        return Message(bytes.fromhex(whole.key), whole.sender, rows[-serial], found[code].person)
