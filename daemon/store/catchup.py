"""Bringing a projection level with the truth, from the list of the rows that each commit touched.

A touched row that the truth still holds is projected, with every name its person had before; one that it does not hold any more
is forgotten. The same row may come twice. A projection that is ahead (the truth was restored), follows another truth or lacks
more than the list goes back is not brought level but built anew (`daemon.store.rebuild`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from daemon.store.engine import Engine, Table
from daemon.store.entries import Entries
from daemon.store.index import Index, Known, Version, known_of, projected
from daemon.store.rows import ROW_ID, RowCodec, Stored
from daemon.store.truth import Truth

log = logging.getLogger(__name__)

COMMITS = 100  # read from the list at once
BATCH = 2000  # rows in one transaction
BREATH = 100  # rows opened before others on the loop get their turn
WORTH = 300_000  # rows; to build anew is faster than to take in more than these
WORTH_ENTRIES = 500_000  # of the log, likewise


@dataclass(frozen=True)
class Sources:
    """What a projection is made from and kept level with."""

    engine: Engine
    truth: Truth
    codec: RowCodec
    entries: Entries


async def can_follow(index: Index, sources: Sources) -> bool:
    """Whether this projection is one of this truth, not ahead of it, and no further behind than the list goes back."""
    position = await index.position()
    return (
        position is not None
        and position[0] == sources.truth.followed
        and sources.truth.listed <= position[1] <= sources.truth.head
    )


async def is_near(index: Index, sources: Sources) -> bool:
    """Whether one that can follow lacks so little that taking it in is faster than building anew."""
    listed, after = 0, await _at(index)
    while listed <= WORTH and (changes := await _changes(sources, after, sources.truth.head)):
        listed += sum(len(ids) for _, ids in changes) // ROW_ID
        after = int.from_bytes(changes[-1][0], "big")
    return listed <= WORTH and await sources.entries.left(index) <= WORTH_ENTRIES


class Into(Protocol):
    """Where versions go: `Index.absorb`, into a file that is not in use yet, or `Index.remember`, into memory."""

    def __call__(
        self, versions: Sequence[Version], commit: int, *, removed: Sequence[bytes] = ()
    ) -> Awaitable[None]:
        """These versions, and rows that went; everything up to `commit` is in then."""
        ...


async def catch_up(index: Index, sources: Sources, into: Into) -> int:
    """Take in what changed since the projection's position; how many commits that were."""
    start = at = await _at(index)
    head = sources.truth.head
    async for rows, commit in changed_since(sources, start):
        await take_in(index, sources, into, rows, before=at, commit=commit)
        log.info("index caught up", extra={"count": len(rows), "commit": commit})
        at = commit
    if at < head:
        await into([], head)
    return max(at, head) - start


async def changed_since(sources: Sources, after: int) -> AsyncIterator[tuple[list[bytes], int]]:
    """The rows touched after a commit, and until now; each time with the commit up to which these are all."""
    head = sources.truth.head
    while changes := await _changes(sources, after, head):
        after = int.from_bytes(changes[-1][0], "big")
        yield _rows_of(ids for _, ids in changes), after


async def take_in(
    index: Index, sources: Sources, into: Into, rows: Sequence[bytes], *, before: int, commit: int
) -> None:
    """Bring these rows, whatever became of them, in; everything up to `commit` is in then, as it was up to `before`.

    Versions of one person come in the order in which they were written, over all calls.
    """
    for start in range(0, len(rows), BATCH):
        ids = rows[start : start + BATCH]
        # The position moves with the last of them: a kill before it repeats them all.
        done = commit if start + BATCH >= len(rows) else before
        sealed = await sources.engine.apart.get_many(Table.ROWS, ids)
        versions = await _projected(index, sources, await _opened(sources.codec, sealed))
        await into(versions, done, removed=[row for row in ids if row not in sealed])


async def _projected(index: Index, sources: Sources, touched: list[Stored]) -> list[Version]:
    """The projections of versions, each after what its person was known by before it."""
    touched.sort(key=lambda stored: stored.row.serial)
    known = await _known_before(index, sources, touched)
    versions = []
    for number, stored in enumerate(touched, start=1):
        versions.append(projected(stored, known.get(stored.person)))
        known[stored.person] = known_of(versions[-1])
        if number % BREATH == 0:
            await asyncio.sleep(0)
    return versions


async def _known_before(index: Index, sources: Sources, touched: list[Stored]) -> dict[bytes, Known]:
    """By what the people of these versions were known before the lowest of them; in the order of their serials."""
    first: dict[bytes, Stored] = {}
    for stored in touched:
        first.setdefault(stored.person, stored)
    later = [stored for stored in first.values() if stored.row.serial > 1]
    latest = await index.latest([stored.row.juminhyo_code for stored in later])
    known: dict[bytes, Known] = {}
    for stored in later:
        where = latest.get(stored.row.juminhyo_code)
        if where is not None and where.person == stored.person and where.serial == stored.row.serial - 1:
            known[stored.person] = where.known
        else:
            # Another code than before, or a row that is in already.
            known |= await _known_from_rows(index, sources, stored)
    return known


async def _known_from_rows(index: Index, sources: Sources, first: Stored) -> dict[bytes, Known]:
    ids = await index.history(first.person)
    sealed = await sources.engine.apart.get_many(Table.ROWS, ids)
    before = [
        stored for stored in await _opened(sources.codec, sealed) if stored.row.serial < first.row.serial
    ]
    known: Known | None = None
    for stored in sorted(before, key=lambda stored: stored.row.serial):
        known = known_of(projected(stored, known))
    return {first.person: known} if known is not None else {}


async def _opened(codec: RowCodec, sealed: dict[bytes, bytes]) -> list[Stored]:
    opened = []
    for number, (row, value) in enumerate(sealed.items(), start=1):
        opened.append(codec.open(row, value))
        if number % BREATH == 0:
            await asyncio.sleep(0)
    return opened


async def _changes(sources: Sources, after: int, head: int) -> list[tuple[bytes, bytes]]:
    first, last = ((commit + 1).to_bytes(8, "big") for commit in (after, head))
    return await sources.engine.apart.scan(Table.CHANGES, first=first, last=last, limit=COMMITS)


def _rows_of(changes: Iterable[bytes]) -> list[bytes]:
    """The rows in values of CHANGES, each once, where it came first."""
    return list(dict.fromkeys(ids[at : at + ROW_ID] for ids in changes for at in range(0, len(ids), ROW_ID)))


async def _at(index: Index) -> int:
    position = await index.position()
    return position[1] if position is not None else 0
