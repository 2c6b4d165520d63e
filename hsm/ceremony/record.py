"""What is kept of ceremonies: public facts alone. Nothing here opens anything.

Shares and secret are kept as HMAC-SHA256 under a random salt, so that one that is given can be told from a wrong one.
The whole book is one value of the key service's store, so that no interruption leaves half a change behind.
"""

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from daemon.errors import StateError
from hsm.ceremony.protocol import Phase

NAME = "ceremony:book"
"""Under which the store keeps the book."""

Kept = Callable[[str], Awaitable[bytes | None]]
Keep = Callable[[str, bytes], Awaitable[None]]


class Step(Struct, frozen=True):
    """One thing that happened."""

    at: datetime
    what: str
    who: str = ""
    """A holder's name, or empty."""


class Record(Struct, frozen=True, kw_only=True):
    """One ceremony."""

    id: str
    """32 hexadecimal digits, random."""
    uri: str
    label: str
    threshold: int
    holders: list[str]
    dry_run: bool
    phase: Phase
    salt: bytes
    digests: list[bytes]
    """Of each holder's share."""
    secret: bytes
    """The digest of the secret."""
    length: int
    """Of the PINs, in characters."""
    turn: int = 0
    refused: bool = False
    """The token refused the SO PIN: it is not tried again."""
    serial: str = ""
    model: str = ""
    steps: list[Step] = []


class Book(Struct, frozen=True, kw_only=True):
    """Every ceremony that still matters."""

    open: Record | None = None
    """The one that is under way."""
    done: list[Record] = []
    """The last one done for each token label: by it the shares given at start are known."""
    transcripts: list[Record] = []
    """Ended, and not yet stated."""


def digest(salt: bytes, kind: str, value: bytes) -> bytes:
    """What is kept instead of `value`."""
    return hmac.digest(salt, kind.encode() + b"\0" + value, sha256)


class Shelf:
    """The book on its shelf: read once, and on the disk whenever it changed; the one before stands where that fails."""

    def __init__(self, kept: Kept, keep: Keep) -> None:
        self._kept = kept
        self._keep = keep
        self._book: Book | None = None

    async def book(self) -> Book:
        """The book as it is now."""
        if self._book is None:
            raw = await self._kept(NAME)
            try:
                self._book = msgspec.msgpack.decode(raw, type=Book) if raw else Book()
            except msgspec.MsgspecError:
                raise StateError("hsm.store_failed", field="ceremony") from None
        return self._book

    async def keep_open(self, record: Record) -> None:
        """Keep the ceremony under way; of a dry run nothing is kept."""
        if not record.dry_run:
            await self._put(replace(await self.book(), open=record))

    async def end(self, record: Record) -> None:
        """No ceremony is under way any more; `record` waits to be stated, and a token that it made is known by it."""
        book = await self.book()
        made = record.phase is Phase.DONE and not record.dry_run
        others = [each for each in book.done if each.label != record.label]
        await self._put(
            Book(
                open=book.open if record.dry_run else None,
                done=[*others, record] if made else book.done,
                transcripts=[*book.transcripts, record],
            )
        )

    async def stated(self, record: Record) -> None:
        """`record` is stated, and out of our hands."""
        book = await self.book()
        await self._put(
            replace(book, transcripts=[each for each in book.transcripts if each.id != record.id])
        )

    async def _put(self, book: Book) -> None:
        await self._keep(NAME, msgspec.msgpack.encode(book))
        self._book = book
