"""Which entries an export of a span of time has: the span widened to signed checkpoints (docs/audit/EXPORT.md).

The key service's clock says when each was signed, and never goes back; so the one wanted is found in a few looks at the store.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from daemon.audit.journal import sequence
from daemon.contract.note import Checkpoint, split
from daemon.errors import ConflictError, StateError
from daemon.store.engine import Reads, Table


@dataclass(frozen=True)
class Span:
    """Entries from `first` up to, and without, `end`."""

    first: int
    """0, or the size of a checkpoint."""
    end: int
    """The size of a checkpoint."""
    purged: int = 0
    """So many entries are gone, from the beginning."""


async def span_of(reads: Reads, since: datetime | None, until: datetime | None, *, purged: int) -> Span:
    """The entries from `since` to `until`, of those that are not `purged` (so many from the beginning are).

    ConflictError `export.span_gone` where all of them are purged; StateError `export.nothing_signed` where nothing was signed yet.
    """
    newest = await _next(reads, 0, newest=True)
    if newest is None:
        raise StateError("export.nothing_signed")
    end = newest.size
    if until is not None:
        end = (await _first(reads, end, lambda one: one.signed_at >= until) or newest).size
    before = await _last_before(reads, end, since) if since is not None else 0
    first = before if before >= purged else await _at_least(reads, purged)
    if first >= end and purged:
        raise ConflictError("export.span_gone")
    return Span(min(first, end), end, purged)


async def _last_before(reads: Reads, end: int, since: datetime) -> int:
    """The size of the last checkpoint signed before `since`; 0 where there is none."""
    after = await _first(reads, end, lambda one: one.signed_at >= since)
    last = sequence(after.size) if after else sequence(end + 1)
    found = await reads.scan(Table.CHECKPOINTS, last=last, limit=1, reverse=True)
    return int.from_bytes(found[0][0], "big") if found else 0


async def _at_least(reads: Reads, size: int) -> int:
    """The size of the first checkpoint over so many entries or more."""
    found = await _next(reads, size)
    return found.size if found else size


async def _first(reads: Reads, most: int, fits: Callable[[Checkpoint], bool]) -> Checkpoint | None:
    """The smallest checkpoint that `fits`, where all larger ones do; None where none up to the size `most` does."""
    low, high, best = 0, most, None
    while low <= high:
        middle = (low + high) // 2
        found = await _next(reads, middle)
        if found is None or found.size > most or fits(found):
            best = found if found and found.size <= most else best
            high = middle - 1
        else:
            low = found.size + 1
    return best


async def _next(reads: Reads, size: int, *, newest: bool = False) -> Checkpoint | None:
    """The first checkpoint of `size` or more, or the `newest` of all."""
    found = await reads.scan(Table.CHECKPOINTS, first=sequence(size), limit=1, reverse=newest)
    return Checkpoint.parse(split(found[0][1].decode())[0]) if found else None
