"""The log is read back in the background: what a day brought in the course of the next, and all of it again every so many days.

How far that has come is kept with the log, so that a register which is restarted every night comes to the end of it too. What does not
fit is an entry of the log and an alarm, until a whole round has found nothing more; the register goes on, since new entries are proved by
the signed head alone.
"""

import asyncio
import logging
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from daemon.audit import purged
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.journal import Journal, Nodes, leaf_of, sequence
from daemon.audit.scrub import SLICE, Round, Stored, check, check_node, climb, end_of_slice, subtrees
from daemon.audit.tree import Node
from daemon.clock import Clock
from daemon.crypto.seal import Place, Sealer
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

KEY = b"scrub"
TURN = 60.0  # seconds between two turns
MOST = 32  # slices in one turn: after a long stop the rest comes with the next ones
BREATH = 32  # entries checked before others on the loop get their turn
DAY = timedelta(days=1)


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    whole: Round
    newest: Round
    found: int = 0
    """Slices that did not fit, in the round of the whole log that runs,"""
    before: int = 0
    """and in the one before."""


class Scrubber:
    """Reads one log back, all of it every `days`."""

    def __init__(
        self,
        register: Register,
        journal: Journal,
        engine: Engine,
        writer: Writer,
        *,
        sealer: Sealer,
        clock: Clock,
        days: int,
    ) -> None:
        self._register = register
        self._journal = journal
        self._engine = engine
        self._writer = writer
        self._sealer = sealer
        self._clock = clock
        self._periods = {"whole": timedelta(days=days), "newest": DAY}
        self._kept: _Kept | None = None

    @property
    def altered(self) -> bool:
        """Whether anything did not fit, in the round that runs or in the one before."""
        return self._kept is not None and bool(self._kept.found or self._kept.before)

    async def run(self) -> None:
        """A turn a minute, until cancelled."""
        while True:
            try:
                await self.turn()
            except JukuraError as error:
                log.warning("log not read back", extra={"code": error.code})
            await asyncio.sleep(TURN)

    async def turn(self) -> int:
        """Read what is due, and note how far that has come; how many slices that were."""
        kept, now = await self._load(), self._clock.now()
        read = 0
        for name, period in self._periods.items():
            at: Round = getattr(kept, name)
            for _ in range(min(at.due(now, period), MOST)):
                kept = await self._slice(kept, name)
                read += 1
        following = self._following(kept, now)
        if read or following != kept:
            await self._keep(following)
        return read

    async def _slice(self, kept: _Kept, name: str) -> _Kept:
        """One more slice of one of the rounds."""
        at: Round = getattr(kept, name)
        start, end = at.at, end_of_slice(at.at, at.end)
        found = await self._read(start, end)
        kept = replace(kept, **{name: replace(at, at=end)})
        if found is None:
            return kept
        seq, code = found
        log.critical("log does not fit what was signed", extra={"code": code, "count": end - start})
        kept = replace(kept, found=kept.found + 1)
        act = Act(
            Action.LOG_MISMATCH,
            "jukurad",
            Outcome.FAILED,
            code=code,
            counts={"entry": seq, "entries": end - start},
        )
        await self._keep(kept, act)
        return kept

    async def _read(self, start: int, end: int) -> tuple[int, str] | None:
        """The first entry from `start` on that does not fit, and how; None where all do."""
        start = max(start, (await purged.load(self._engine)).purged.end)
        if start >= end:
            return None
        tree, nodes = self._journal.tree, subtrees(start, end)
        stored = dict(
            await self._engine.apart.scan(Table.LOG, first=sequence(start), last=sequence(end), limit=SLICE)
        )
        wanted = [Node(0, seq) for seq in range(start, end)]
        wanted += [each for node in nodes for each in climb(node, tree.size).siblings]
        held = await Nodes(self._engine.apart)(wanted)
        seq, hashes = start, list[bytes]()
        try:
            for seq in range(start, end):
                one = self._opened(sequence(seq), stored.get(sequence(seq)))
                check(seq, one, held.get(Node(0, seq)))
                hashes.append(held[Node(0, seq)])
                if seq % BREATH == 0:
                    await asyncio.sleep(0)
            for node in nodes:
                seq = node.place << node.level
                check_node(node, hashes[seq - start : seq - start + (1 << node.level)], tree, held)
        except IntegrityError as error:
            return seq, error.code
        return None

    def _opened(self, key: bytes, value: bytes | None) -> Stored | None:
        if value is None:
            return None
        try:
            leaf, sealed = leaf_of(value)
        except msgspec.MsgspecError:
            raise IntegrityError("log.entry_altered") from None
        try:
            return Stored(leaf, self._sealer.open(Place(self._register, Table.LOG, key), sealed))
        except StateError:
            return Stored(leaf, None)

    def _following(self, kept: _Kept, now: datetime) -> _Kept:
        """With new rounds in place of those that are over."""
        size = self._journal.tree.size
        if kept.newest.over(now, DAY):
            kept = replace(kept, newest=Round(now, kept.newest.end, kept.newest.end, size))
        if kept.whole.over(now, self._periods["whole"]):
            kept = replace(kept, whole=Round(now, 0, 0, size), found=0, before=kept.found)
        return kept

    async def _load(self) -> _Kept:
        if self._kept is None:
            held = await self._engine.get_many(Table.META, [KEY])
            now, size = self._clock.now(), self._journal.tree.size
            first = _Kept(Round(now, 0, 0, size), Round(now, size, size, size))
            self._kept = msgspec.msgpack.decode(held[KEY], type=_Kept) if KEY in held else first
        return self._kept

    async def _keep(self, kept: _Kept, *acts: Act) -> None:
        async def work(draft: Draft) -> None:
            draft.put(Table.META, KEY, msgspec.msgpack.encode(kept))
            for act in acts:
                draft.log(act)

        await self._writer.write(work)
        self._kept = kept
