"""Rotations that run, on record in META, and their two entries in the log."""

import msgspec

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.crypto.classes import generation, kind
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.rekey import CURSOR
from daemon.store.writer import Writer

PREFIX = b"rotation:"
"""In META: `rotation:<kind>` → Record; `rotation:<kind>:at` → how far it has come."""
AT = b":at"


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A rotation that was begun and is not done."""

    old: str
    """The generation in use when it began."""
    new: str
    total: int
    """What there was to do then: values, or versions of the index."""

    @property
    def key(self) -> bytes:
        """Its key in META."""
        return PREFIX + kind(self.new).encode()

    @property
    def cursor(self) -> bytes:
        """The key in META of how far it has come."""
        return self.key + AT


class Records:
    """Opens and closes records, each with its entry."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def all(self) -> dict[str, Record]:
        """Those that are open, by kind."""
        return await opened(self._engine)

    async def open(self, record: Record) -> Record:
        """Put `record` down; the entry names the new generation and how much lies under older ones."""

        async def work(draft: Draft) -> None:
            draft.put(Table.META, record.key, msgspec.msgpack.encode(record))
            counts = {kind(record.new): generation(record.new), "rows": record.total}
            draft.log(Act(Action.KEY_ROTATION_STARTED, "jukurad", counts=counts))

        await self._writer.write(work)
        return record

    async def close(self, record: Record, *, left: int) -> None:
        """Strike `record` off; the entry names the old generation and how many values are left under it."""

        async def work(draft: Draft) -> None:
            for key in (record.key, record.cursor, CURSOR):
                draft.delete(Table.META, key)
            counts = {kind(record.old): generation(record.old), "rows": left}
            draft.log(Act(Action.KEY_ROTATION_DONE, "jukurad", counts=counts))

        await self._writer.write(work)


async def opened(engine: Engine) -> dict[str, Record]:
    """The rotations on record, by kind."""
    pairs = await engine.scan(Table.META, first=PREFIX, last=PREFIX + b"\xff", limit=100)
    records = [msgspec.msgpack.decode(value, type=Record) for key, value in pairs if not key.endswith(AT)]
    return {kind(record.new): record for record in records}
