"""The projection as one thing: the file, and the newest versions in memory beside it.

The file is never changed once it is in use. It is written anew as a whole, with what the memory holds, and exchanged.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from math import inf
from pathlib import Path

from daemon.register.transitions import Standing
from daemon.register.wanted import Wanted
from daemon.store import files, migrations
from daemon.store.index import finding, reading, renewal, writing
from daemon.store.index.counting import Counting
from daemon.store.index.layers import Batch, Mark
from daemon.store.index.mentioned import Mentioned
from daemon.store.index.owners import Owners
from daemon.store.index.recent import WIDER, Recent
from daemon.store.index.residing import Residing
from daemon.store.index.version import Latest, Version
from daemon.store.pages import PageKey, Pages, Shape

# NORMAL: what a power cut takes from the projection, the truth gives back at the next start. The cache holds decrypted pages: it
# is what makes broad searches cheap, and is filled by use alone.
SHAPE = Shape(migrations.INDEX, synchronous="NORMAL", cache=96_000)
SPARE = 5
"""Hits asked for beyond those wanted: some may be stale, or the same twice."""
AT_ONCE = 250
"""Versions in one transaction: each changes some twenty pages."""
BREATH = 50
"""Versions taken into memory until others on the loop get their turn."""


class Index:
    """`index.db` and the memory beside it.

    Each search asks the memory first, then the file. A version is in the one, or the other, or for a moment in both: a
    merge lets go of the memory only when the file shows it.
    """

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        """The file itself."""
        self._recent = Recent()
        self._owners = Owners(pages, self._recent)
        self._counting = Counting(pages, self._recent)
        self.residing = Residing(pages, self._recent)
        """Who is where, for long work in the background."""
        self.mentioned = Mentioned(pages)
        """Which entries of the log mention whom."""
        self._merging = asyncio.Lock()

    @classmethod
    async def open(cls, file: Path, key: bytes) -> "Index":
        """Open or make `file`; IntegrityError if it is not ours to read, and then it may be deleted."""
        return cls(await Pages.open(file, PageKey(key), SHAPE))

    async def close(self) -> None:
        self._recent.close()
        await self.pages.close()

    # The memory. Nothing here waits.

    @property
    def waiting(self) -> int:
        """Versions and removals in memory,"""
        return len(self._recent)

    @property
    def waiting_entries(self) -> int:
        """and entries of the log."""
        return len(self.mentioned)

    def take(self, versions: Sequence[Version], commit: int) -> None:
        """Versions that the truth has; every search that begins from now on sees them."""
        self._recent.take(versions, commit)

    def forget(self, rows: Sequence[bytes], commit: int) -> None:
        """Rows that left the truth are in no answer any more, and leave the file with the next merge.

        Then the version before takes the place of one that was the newest of its person.
        """
        self._recent.forget(rows, commit)

    def pass_by(self, commit: int) -> None:
        """A commit that does not concern it."""
        self._recent.commit = commit

    def batch(self) -> Batch:
        """What a merge is to bring into a new file. It stays in memory, and what comes meanwhile is apart from it."""
        return self._recent.batch()

    def merged(self, batch: Batch) -> None:
        """The file has it, and shows it to whoever asks from now on: the memory lets go of it."""
        self._recent.merged(batch)

    def let_go(self) -> None:
        """Another file takes the place of this one that holds everything: nothing of it need stay in memory."""
        self.merged(self.batch())
        self.mentioned.merged(self.mentioned.batch())

    async def remember(
        self, versions: Sequence[Version], commit: int, *, removed: Sequence[bytes] = ()
    ) -> None:
        """As `take` and `forget`, for many: others on the loop get their turn.

        `commit` counts as heard of with the last of them, so that no file says too early that it has it.
        """
        heard = self._recent.commit
        for start in range(0, len(versions), BREATH):
            self.take(versions[start : start + BREATH], heard)
            await asyncio.sleep(0)
        self.forget(removed, commit)

    # The file.

    async def merge(self) -> int:
        """Write the file anew with what is in memory, and exchange it; how much that was.

        Searches go on meanwhile. If it fails everything stays in memory. Whoever is cancelled here may do it again.
        """
        async with self._merging:
            batch, entries = self.batch(), self.mentioned.batch()
            if not (batch.layers or entries.layers):
                return 0
            new = files.renewed(self.pages.file)
            await renewal.renew(
                self.pages.file,
                new,
                self.pages.key.raw,
                versions=batch.versions,
                removed=batch.removed,
                bereft=batch.bereft,
                commit=batch.commit,
                log=entries.changes,
            )
            await self.pages.replace(self.pages.key, new)
            self.merged(batch)
            self.mentioned.merged(entries)
            return sum(map(len, batch.layers)) + sum(map(len, entries.layers))

    async def absorb(
        self, versions: Sequence[Version], commit: int, *, removed: Sequence[bytes] = ()
    ) -> None:
        """Straight into the file, which is not in use yet: versions in any order, in place of those with the same row; and rows that went.

        In transactions that the writer's cache holds. The position moves with the last, so whatever is cut short is done
        again.
        """
        parts = [versions[start : start + AT_ONCE] for start in range(0, len(versions), AT_ONCE)] or [()]
        for number, part in enumerate(parts, start=1):
            await self.pages.write(
                partial(
                    writing.take_in,
                    versions=part,
                    removed=removed if number == len(parts) else (),
                    commit=commit if number == len(parts) else None,
                )
            )

    async def position(self) -> tuple[bytes, int] | None:
        """Which truth the file follows and up to which commit; None if it is new."""
        return await self.pages.read(reading.position)

    async def start(self, truth: bytes, head: int) -> None:
        """Follow `truth`, of which everything up to commit `head` is in the file."""
        await self.pages.write(partial(writing.start, truth=truth, head=head))

    # By key.

    async def latest(self, codes: Sequence[str]) -> dict[str, Latest]:
        """The newest version of each person who has one of these 住民票コード in it, with what is known of them.

        IntegrityError where two people have the same.
        """
        return await self._owners.latest(codes)

    async def formerly(self, codes: Sequence[str]) -> dict[str, Latest]:
        """The newest version of each person who had one of these 住民票コード before and has another now, as `latest`.

        What only a row said that left the truth may count until the next merge.
        """
        return await self._owners.formerly(codes)

    async def by_code(self, code: str) -> list[Latest]:
        """The newest version of whoever has this 住民票コード, or had it before."""
        return await self._owners.by_code(code)

    async def by_number(self, number: str) -> list[Latest]:
        """The newest versions of those who have this 個人番号 in it."""
        return await self._owners.by_number(number)

    # By person and by search.

    async def history(self, person: bytes) -> list[bytes]:
        """The rows of all versions of one person, the newest first."""
        mark = self._recent.mark()
        serials = {version.row: version.serial for version in self._recent.of(mark, person)}
        serials |= await self.pages.read(partial(reading.history, person=person))
        rows = sorted(serials, key=lambda row: serials[row], reverse=True)
        return [row for row in rows if not self._recent.removed(mark, row)]

    async def find(self, wanted: Wanted, *, limit: int) -> list[int]:
        """The places of up to `limit` people who fit, each by the version in force on that day: never fewer than there are.

        More may be proposed than fit, for a moment, where something changes meanwhile: whoever answers opens each.
        """
        mark = self._recent.mark()
        found = dict.fromkeys(self._recent.find(mark, wanted, limit))
        asked = limit + SPARE
        while len(found) < limit:
            hits = await self.pages.read(partial(finding.find, wanted=wanted, limit=asked))
            found |= dict.fromkeys(await self._fresh(mark, hits, wanted.on))
            if len(hits) < asked:
                break
            asked *= WIDER
        return list(found)[:limit]

    async def _fresh(self, mark: Mark, hits: Sequence[int], on: int) -> list[int]:
        """Of what the file found what no later version in memory takes the place of."""
        near = [hit for hit in hits if self._recent.near(mark, hit)]
        if not near:
            return list(hits)
        known = await self.pages.read(partial(reading.at, places=near))
        stale = {hit for hit in near if hit not in known or self._recent.stale(mark, known[hit], on)}
        return [hit for hit in hits if hit not in stale]

    async def count(self, standings: Sequence[Standing], on: int, *, patience: float = inf) -> int:
        """How many people stand so on a day (YYYYMMDD).

        After `patience` seconds those who changed last may count as they stood before.
        """
        return await self._counting.count(standings, on, patience=patience)
