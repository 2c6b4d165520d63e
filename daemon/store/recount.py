"""The sum over all rows taken anew, from a look at every one of them, while commits go on.

Rows are read in the order of their keys, a slice at a time, each slice as of some moment. Which commits a slice has seen
nobody knows, and nobody needs to: the participant (`daemon.store.commitment`) says what each commit changed, so a row
that changed while its slice was read counts as the commits left it, every other one as it was read, and what changes in slices
that were taken before is made good. At the end the sum is that of the last commit, and none was kept waiting.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from daemon.store.engine import Reads, Table

BATCH = 500  # rows in one slice
BREATH = 100  # rows hashed before others on the loop get their turn

Moved = Mapping[bytes, tuple[int, int]]
"""What a group changes: by row its element before and after, 0 where there is none."""


class Held(Protocol):
    """What a recount is held against."""

    @property
    def moved(self) -> Moved:
        """What the group changes that is being committed just now; whether it will be is not known yet."""
        ...

    def element(self, row: bytes, blob: bytes) -> int:
        """What one row adds to the sum."""
        ...


class Recount:
    """One pass over all rows."""

    def __init__(self, reads: Reads, held: Held) -> None:
        self._reads = reads
        self._held = held
        self._next: bytes | None = b""
        """All rows before it are in the sum; None once all are."""
        self._changed: dict[bytes, int] = {}
        """Rows from there on that were changed since the slice was begun, as they are committed."""
        self.total = 0
        self.rows = 0
        """How many were read."""

    async def step(self) -> bool:
        """Take one slice; whether there may be another."""
        if self._next is None:
            return False
        pairs = await self._reads.scan(Table.ROWS, first=self._next, limit=BATCH)
        found: dict[bytes, int] = {}
        for number, (row, blob) in enumerate(pairs, start=1):
            found[row] = self._held.element(row, blob)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        self._take(found, pairs[-1][0] + b"\x00" if pairs else None)
        self.rows += len(pairs)
        return bool(pairs)

    def follow(self, moved: Moved) -> None:
        """A group was committed."""
        for row, (before, after) in moved.items():
            if self._is_behind(row):
                self.total += after - before
            else:
                self._changed[row] = after

    def _take(self, found: Mapping[bytes, int], following: bytes | None) -> None:
        """All rows before `following` are in, without a wait between: so no commit comes between either."""
        # What is being committed may be on the disk or not, and has not been told of: it counts as before, and then follows.
        known = self._changed | {row: before for row, (before, _) in self._held.moved.items()}
        ahead = {row: element for row, element in known.items() if not self._is_behind(row)}
        self._next, self._changed = following, {}
        self.total += sum(element for row, element in found.items() if row not in known)
        self.total += sum(element for row, element in ahead.items() if self._is_behind(row))

    def _is_behind(self, row: bytes) -> bool:
        return self._next is None or row < self._next
