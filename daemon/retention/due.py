"""Which entries of the log are past their 7 years, and can be shown to be: what the key service signed that long ago covers them."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from daemon.audit.journal import Nodes, leaf_of, sequence
from daemon.audit.tree import load
from daemon.clock import day_of
from daemon.contract import note
from daemon.contract.note import Checkpoint
from daemon.crypto.classes import kind
from daemon.errors import IntegrityError
from daemon.register.retention import log_over
from daemon.register.rows import Register
from daemon.store.engine import Engine, Table
from hsm.client import KeyService

AT_ONCE = 20_000
"""Entries of which one entry of the log says that they are deleted; more where no checkpoint lies between."""
BATCH = 500  # entries in one read


class Reach(NamedTuple):
    """What may be deleted: all entries before `end`, but those held."""

    end: int
    root: bytes
    note: str
    """The checkpoint of that size, as it was signed."""
    first: bytes
    """The leaf of the first entry that is not deleted yet,"""
    last: bytes
    """and of the last one before `end`."""


class _Timed(msgspec.Struct, frozen=True):
    """Of a leaf the time alone: each entry is looked at once a night before it goes."""

    time: datetime


def signed_at(text: str) -> datetime:
    """When a checkpoint says that it was signed."""
    return Checkpoint.parse(note.split(text)[0]).signed_at


def is_over(moment: datetime, now: datetime) -> bool:
    """Whether what is of `moment` is past its 7 years; it is days in Japan that count."""
    return log_over(day_of(moment)) <= day_of(now)


def reach(purged: int, sizes: Iterable[int], young: int) -> int:
    """Where a deletion ends: with the largest tree that was signed long enough ago and has no entry that must stay.

    `young` is the first entry that is not past its time. Where there is no such tree it ends where it began.
    """
    return max((size for size in sizes if size <= young), default=purged)


class Due:
    """Looks for what may be deleted."""

    def __init__(self, register: Register, engine: Engine, service: KeyService, epoch: int) -> None:
        self._engine = engine
        self._service = service
        self._origins = {note.origin_of(register, each) for each in range(1, epoch + 1)}
        """A checkpoint of an epoch before says as much of the entries that it covers."""

    async def find(self, purged: int, now: datetime) -> Reach | None:
        """What may be deleted now, some thousands at the most; None where nothing may.

        IntegrityError where the log or a checkpoint of it is not what was signed: then nothing is deleted.
        """
        notes = await self._signed_long_ago(purged, now)
        end = reach(purged, notes, await self._first_young(purged, max(notes, default=purged), now))
        if end == purged:
            return None
        root = await self._proven(end, notes[end])
        keys = [sequence(purged), sequence(end - 1)]
        found = await self._engine.get_many(Table.LOG, keys)
        first, last = (leaf_of(found[key])[0] for key in keys)
        return Reach(end, root, notes[end], first, last)

    async def _signed_long_ago(self, purged: int, now: datetime) -> dict[int, str]:
        """Checkpoints past their 7 years, by size."""
        notes: dict[int, str] = {}
        first = sequence(purged + 1)
        while pairs := await self._engine.apart.scan(Table.CHECKPOINTS, first=first, limit=BATCH):
            for key, value in pairs:
                size, text = int.from_bytes(key, "big"), value.decode()
                full = bool(notes) and size > purged + AT_ONCE
                if full or not is_over(signed_at(text), now):
                    return notes
                notes[size] = text
            first = pairs[-1][0] + b"\x00"
        return notes

    async def _first_young(self, start: int, end: int, now: datetime) -> int:
        """The first of the entries `start` … `end` - 1 that is not past its time; `end` where all are."""
        while start < end:
            stop = min(end, start + BATCH)
            pairs = await self._engine.apart.scan(
                Table.LOG, first=sequence(start), last=sequence(stop), limit=BATCH
            )
            _require_whole(pairs, start, stop)
            for seq, (_, value) in enumerate(pairs, start=start):
                if not is_over(_time_of(leaf_of(value)[0]), now):
                    return seq
            start = stop
            await asyncio.sleep(0)
        return end

    async def _proven(self, size: int, text: str) -> bytes:
        """The root over the first `size` entries, as it stands here and as `text` says under one of our seals."""
        pairs = (await self._service.keys()).pairs
        origin = Checkpoint.parse(note.split(text)[0]).origin
        if origin not in self._origins:
            raise IntegrityError("log.replaced")
        seals = {note.key_id(origin, pair.public): pair.public for pair in pairs if kind(pair.name) == "seal"}
        signed = (seals[ident] for _, ident, _ in note.split(text)[1] if ident in seals)
        public = next(signed, None)
        if public is None:
            raise IntegrityError("log.bad_signature")
        checkpoint = note.verify(text, origin, public)
        root = (await load(size, Nodes(self._engine))).root()
        if (checkpoint.size, checkpoint.root) != (size, root):
            raise IntegrityError("log.replaced")
        return root


def _time_of(leaf: bytes) -> datetime:
    try:
        return msgspec.json.decode(leaf, type=_Timed).time
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise IntegrityError("log.bad_entry") from None


def _require_whole(pairs: Sequence[tuple[bytes, bytes]], start: int, stop: int) -> None:
    if [key for key, _ in pairs] != [sequence(seq) for seq in range(start, stop)]:
        raise IntegrityError("log.cut")
