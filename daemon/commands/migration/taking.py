"""Histories on their way into the register: checked, given their ids, sealed and projected, a batch at a time.

The ids come from a secret of the load (BLAKE2b with a key), so whoever begins the same load again gives every version the
id that it had the first time, and the ids of a batch prove that it is the same batch. Without the secret, which is deleted at
the end, they are as good as random.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from daemon.errors import InputError, StateError
from daemon.register.history import checked
from daemon.register.order import UNKNOWN
from daemon.register.rows import Row
from daemon.store.index import Known, Version, known_of, projected
from daemon.store.rows import OWN, ROW_ID, RowCodec, Stored, row_id

BATCH = 2000  # versions, or a few more: whole people
BREATH = 25  # versions until others on the loop get their turn

Histories = AsyncIterator[Sequence[Row]]
"""All versions of one person at a time, the oldest first; people ascend by the 住民票コード of their newest version."""
Lacking = Callable[[str], Awaitable[None]]
"""Makes and loads the key class of this name."""


@dataclass
class Batch:
    """People who are written together."""

    people: list[list[Version]] = field(default_factory=list)
    rows: dict[bytes, bytes] = field(default_factory=dict)
    """Sealed versions by id; the values are empty where they are in the register already."""
    warnings: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Ids:
    """What ids are drawn from."""

    secret: bytes

    def person(self, code: str) -> bytes:
        """Of the person whose newest 住民票コード this is."""
        return self._drawn(b"person", code.encode(), ROW_ID)

    def row(self, person: bytes, row: Row) -> bytes:
        """Of one version: another one where anything in it differs."""
        return row_id(person, self._drawn(b"row", person + msgspec.msgpack.encode(row), OWN))

    def _drawn(self, of: bytes, what: bytes, size: int) -> bytes:
        return hashlib.blake2b(what, digest_size=size, key=self.secret, person=of).digest()


class Taking:
    """Turns histories into batches."""

    def __init__(
        self,
        histories: Histories,
        of: type[Row],
        codec: RowCodec,
        ids: Ids,
        *,
        now: datetime,
        lacking: Lacking,
    ) -> None:
        self._histories = histories
        self._of = of
        self._codec = codec
        self._ids = ids
        self._now = now
        self._lacking = lacking
        self._people = 0
        self._last = ""
        """The 住民票コード of the last person."""

    async def batch(self, *, sealed: bool = True) -> Batch:
        """The next batch, empty at the end; without the sealed versions where nobody wants them.

        InputError where a history cannot be taken over; its field is the number of the person, from 1, the version and the item.
        """
        batch, breath = Batch(), BREATH
        async for rows in self._histories:
            self._people += 1
            try:
                stored = self._stored(rows, batch)
            except InputError as error:
                raise InputError(error.code, field=f"{self._people}.{error.field}") from error
            batch.people.append(_projected(stored))
            for version in stored:
                batch.rows[version.id] = await self._sealed(version) if sealed else b""
            if len(batch.rows) >= BATCH:
                break
            if len(batch.rows) >= breath:
                breath += BREATH
                await asyncio.sleep(0)
        return batch

    def _stored(self, rows: Sequence[Row], batch: Batch) -> list[Stored]:
        history = checked(rows, of=self._of, now=self._now)
        batch.warnings.update(history.warnings)
        code = history.rows[-1].juminhyo_code
        if code <= self._last:
            raise InputError("migration.order", field=f"{len(rows)}.juminhyo_code")
        self._last = code
        person = self._ids.person(code)
        follows = [row.received_on for row in history.rows[1:]]
        return [
            Stored(self._ids.row(person, row), person, row, successor, UNKNOWN)
            for row, successor in zip(history.rows, [*follows, None], strict=True)
        ]

    async def _sealed(self, version: Stored) -> bytes:
        while True:
            try:
                return self._codec.seal(version)
            except StateError as error:
                if error.code != "key.not_loaded":
                    raise
                await self._lacking(error.field)


def _projected(versions: Sequence[Stored]) -> list[Version]:
    known: Known | None = None
    found = []
    for version in versions:
        found.append(projected(version, known))
        known = known_of(found[-1])
    return found
