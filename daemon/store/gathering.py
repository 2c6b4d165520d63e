"""The first part of building a projection: reading the truth, and noting what changes meanwhile.

It goes on beside searches and notices, so it reads little at a time, apart from them, and lets others on the loop have their turn
every few milliseconds.
"""

import asyncio

from daemon.errors import StateError
from daemon.store.catchup import Sources, changed_since
from daemon.store.engine import Table
from daemon.store.index import Version, projected
from daemon.store.staging import Staging
from daemon.store.truth import KEPT_CHANGES

READ = 500  # rows of the truth in one step
STAGED = 20_000  # versions in memory before they are put down
BREATH = 50  # rows opened before others on the loop get their turn
NOTED = KEPT_CHANGES // 8  # commits until their rows are noted


class Gathering:
    """Brings what the truth holds into `staging`, whose progress says how far it has come."""

    def __init__(self, sources: Sources, staging: Staging) -> None:
        self._sources = sources
        self.staging = staging
        self._first = staging.progress.first
        """The first key that was not read."""
        self._versions: list[Version] = []
        """Read, and not put down yet."""

    @property
    def read(self) -> int:
        """How many versions were read."""
        return self.staging.progress.staged + len(self._versions)

    @property
    def behind(self) -> int:
        """How many commits were made whose rows were not noted."""
        return self._sources.truth.head - self.staging.progress.head

    @property
    def can_follow(self) -> bool:
        """Whether the commits whose rows were not noted are still listed."""
        progress, truth = self.staging.progress, self._sources.truth
        return progress.truth == truth.followed and truth.listed <= progress.head <= truth.head

    async def step(self) -> None:
        """Read some more."""
        pairs = await self._sources.engine.apart.scan(Table.ROWS, first=self._first, limit=READ)
        for number, (row, sealed) in enumerate(pairs, start=1):
            self._versions.append(projected(self._sources.codec.open(row, sealed)))
            if number % BREATH == 0:
                await asyncio.sleep(0)
        whole = len(pairs) < READ
        self._first = pairs[-1][0] + b"\x00" if pairs else self._first
        if whole or len(self._versions) >= STAGED:
            await self.staging.put(self._versions, first=self._first, whole=whole)
            self._versions = []

    async def note(self) -> None:
        """Note which rows were changed, before nobody lists them any more; StateError where that is too late."""
        if not self.can_follow:
            raise StateError("store.left_behind")
        if self.behind < NOTED:
            return
        head = self._sources.truth.head
        async for rows, commit in changed_since(self._sources, self.staging.progress.head):
            await self.staging.note(rows, commit)
        await self.staging.note([], max(head, self.staging.progress.head))

    async def close(self) -> None:
        """Let go of what is held; what was put down stays."""
        await self.staging.close()
