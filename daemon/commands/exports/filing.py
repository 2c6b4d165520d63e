"""Files of an export as they are made, put down piece by piece; each commit finds the record still being made, or nothing is put down."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from daemon.audit.exporter import Chunks
from daemon.audit.summary.tally import Kept, Tally
from daemon.commands.exports.keeping import PIECE, TALLY, Keeping
from daemon.commands.exports.record import Made, Record, require_making
from daemon.store.draft import Draft
from daemon.store.writer import Writer

Change = Callable[[Draft, Record], Awaitable[Record]]
"""Of the record as it is put down: as it is to be, with what else is to be put down."""


@dataclass(frozen=True)
class Filing:
    """Puts down what one register's exports are made of."""

    keeping: Keeping
    writer: Writer

    async def change(self, record: Record, change: Change) -> Record:
        """The record as it is put down after `change`; ConflictError `export.over` where it is not being made any more."""

        async def work(draft: Draft) -> Record:
            new = await change(draft, require_making(await self.keeping.load(draft, record.id)))
            self.keeping.put(draft, new)
            return new

        return await self.writer.write(work)

    async def kept(self, record: Record, name: str, chunks: Callable[[], Chunks]) -> Record:
        """With a file whose bytes are kept here; it is made unless it is there."""
        if any(each.name == name for each in record.made):
            return record
        digest, size, number, buffer = sha256(), 0, 0, bytearray()
        async for chunk in chunks():
            digest.update(chunk)
            size += len(chunk)
            buffer += chunk
            while len(buffer) > PIECE:
                record = await self._piece(record, name, number, bytes(buffer[:PIECE]))
                number += 1
                del buffer[:PIECE]
        made = Made(name, digest.digest(), size, number + 1)
        return await self._piece(record, name, number, bytes(buffer), made)

    async def counted(self, record: Record) -> Tally:
        """What the summary has counted in the files of entries that are made."""
        pieces = [await self.keeping.piece(record, TALLY, number) for number in range(record.tally)]
        return Tally(msgspec.msgpack.decode(b"".join(pieces), type=Kept) if pieces else None)

    async def counted_in(self, record: Record, made: Made, tally: Tally) -> Record:
        """With a file of entries, and in the same commit what the summary has counted in all of them."""
        kept = msgspec.msgpack.encode(tally.kept())
        pieces = [kept[at : at + PIECE] for at in range(0, len(kept), PIECE)]

        async def change(draft: Draft, now: Record) -> Record:
            for number, piece in enumerate(pieces):
                self.keeping.put_piece(draft, now, TALLY, number, piece)
            begun = _begun(now, TALLY, len(pieces))
            return replace(now, made=[*now.made, made], tally=len(pieces), begun=begun)

        return await self.change(record, change)

    async def _piece(
        self, record: Record, name: str, number: int, content: bytes, made: Made | None = None
    ) -> Record:
        """With one more piece of a file, which is `made` with its last."""

        async def change(draft: Draft, now: Record) -> Record:
            self.keeping.put_piece(draft, now, name, number, content)
            begun = _begun(now, name, number + 1)
            return replace(now, made=[*now.made, *([made] if made else [])], begun=begun)

        return await self.change(record, change)

    async def content(self, record: Record, name: str) -> bytes:
        """The bytes of a small file that is kept here."""
        made = record.file(name)
        return b"".join([await self.keeping.piece(record, name, at) for at in range(made.pieces or 0)])


def _begun(record: Record, name: str, pieces: int) -> dict[str, int]:
    return {**record.begun, name: max(pieces, record.begun.get(name, 0))}
