"""Exports as they lie in the truth: a record and pieces of files for each, sealed under `work` of the month in which it was ordered.

The record lies under its own id, each piece under a key drawn from a secret of the record (BLAKE2b with a key): so whoever looks at the
table cannot tell which belong together. META names the ids that there are.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from daemon.clock import day_of
from daemon.commands.exports.record import Record
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import ConflictError
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table

ID = 16  # bytes
SECRET = 32  # bytes
KEY = b"exports"
"""In META: the ids, the oldest first."""
PIECE = 256 * 1024  # bytes of a file
TALLY = "tally"
"""Beside files: what the summary has counted."""


class _Gets(Protocol):
    async def get_many(self, table: Table, keys: Sequence[bytes]) -> Mapping[bytes, bytes]: ...


class Keeping:
    """Reads and writes them."""

    def __init__(self, register: Register, engine: Engine, sealer: Sealer) -> None:
        self._register = register
        self._engine = engine
        self._sealer = sealer

    async def all(self) -> list[Record]:
        """Those that there are, the oldest first."""
        return await self.among(self._engine)

    async def among(self, gets: _Gets) -> list[Record]:
        """The same, as a piece of work sees them."""
        ids = _ids(await gets.get_many(Table.META, [KEY]))
        held = await gets.get_many(Table.RUNS, ids)
        return [self._record(ident, held[ident]) for ident in ids if ident in held]

    async def load(self, gets: _Gets, ident: bytes) -> Record | None:
        """One of them; None where there is no such export."""
        return next((record for record in await self.among(gets) if record.id == ident), None)

    async def named(self, gets: _Gets, export: str) -> Record:
        """The export of that number; ConflictError where there is none."""
        found = next((record for record in await self.among(gets) if record.id.hex() == export), None)
        if found is None:
            raise ConflictError("export.unknown", field="export")
        return found

    async def add(self, draft: Draft, record: Record) -> None:
        """Put down a new one."""
        ids = _ids(await draft.get_many(Table.META, [KEY]))
        draft.put(Table.META, KEY, msgspec.msgpack.encode([*ids, record.id]))
        self.put(draft, record)

    def put(self, draft: Draft, record: Record) -> None:
        """Put down how one stands now."""
        draft.put(Table.RUNS, record.id, self._seal(record.id, record, msgspec.msgpack.encode(record)))

    async def forget(self, draft: Draft, record: Record) -> None:
        """Delete one, and everything of it."""
        ids = _ids(await draft.get_many(Table.META, [KEY]))
        draft.put(Table.META, KEY, msgspec.msgpack.encode([each for each in ids if each != record.id]))
        draft.delete(Table.RUNS, record.id)
        self.empty(draft, record)

    def empty(self, draft: Draft, record: Record) -> None:
        """Delete every piece of it."""
        for name, pieces in record.begun.items():
            for number in range(pieces):
                draft.delete(Table.RUNS, _key(record, name, number))

    def put_piece(self, draft: Draft, record: Record, name: str, number: int, content: bytes) -> None:
        key = _key(record, name, number)
        draft.put(Table.RUNS, key, self._seal(key, record, content))

    async def piece(self, record: Record, name: str, number: int) -> bytes:
        """One that was put down; empty where it is gone."""
        key = _key(record, name, number)
        held = await self._engine.apart.get_many(Table.RUNS, [key])
        return self._sealer.open(Place(self._register, Table.RUNS, key), held[key]) if key in held else b""

    def _record(self, ident: bytes, sealed: bytes) -> Record:
        content = self._sealer.open(Place(self._register, Table.RUNS, ident), sealed)
        return msgspec.msgpack.decode(content, type=Record)

    def _seal(self, key: bytes, record: Record, content: bytes) -> bytes:
        name = classes.work(day_of(record.ordered))
        return self._sealer.seal(name, Place(self._register, Table.RUNS, key), content)


def new_id() -> bytes:
    """Of an export that is ordered."""
    return secrets.token_bytes(ID)


def new_secret() -> bytes:
    """Random bytes of its own."""
    return secrets.token_bytes(SECRET)


def _ids(held: Mapping[bytes, bytes]) -> list[bytes]:
    return msgspec.msgpack.decode(held[KEY], type=list[bytes]) if KEY in held else []


def _key(record: Record, name: str, number: int) -> bytes:
    what = name.encode() + b"\x00" + number.to_bytes(8, "big")
    return hashlib.blake2b(what, digest_size=ID, key=record.secret, person=b"export").digest()
