"""Takes back from the second disk what a log that was set back lacks, before anything else is read of it (docs/adr/0014).

Only the whole of it, up to what the key service signed last, and only if that gives the very root that it signed: then these are the entries, and no
new epoch is needed. They are leaf and sealed fields as they were. What they tell of (rows, messages, holds) is not there: so the rows count as
other than committed until two people have accepted them, and nobody is shown anybody before.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

import msgspec
from msgspec.structs import replace

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.days import counted, day_in, figures_in, key_of_day, key_of_month, with_entries
from daemon.audit.entry import Header, header_of
from daemon.audit.journal import HEAD, TALLY, Head, Tally, leaf_of, node_key, sequence
from daemon.audit.spool import Spool
from daemon.audit.tree import Tree
from daemon.clock import day_of
from daemon.contract.merkle import leaf_hash
from daemon.crypto import classes
from daemon.crypto.multiset import SIZE
from daemon.crypto.seal import Place, Sealer
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.register.rows import Register
from daemon.store.commitment import KEY as COMMITMENT
from daemon.store.commitment import Kept
from daemon.store.engine import Engine, Table
from daemon.store.tally import COUNTED
from hsm.protocol import Witnessed

log = logging.getLogger(__name__)

SAID = b"reattached"
"""In META: (first, end) of what was taken back and is not said in the log yet."""
BATCH = 1000  # entries in one commit
ELSEWHERE = frozenset(
    {
        Action.LOG_PURGED, Action.LOG_RELEASED, Action.LOG_HOLD_PLACED, Action.LOG_HOLD_ENDED, Action.LOG_EPOCH_OPENED,
    }
)  # fmt: skip
"""What the log goes by itself and keeps beside its entries: after one of these entries alone say too little."""

Entry = tuple[Header, bytes]
"""With its stored value."""


@dataclass(frozen=True)
class Reattaching:
    """What it is done with."""

    register: Register
    engine: Engine
    sealer: Sealer
    spool: Spool

    async def run(self, witness: Witnessed) -> int:
        """How many entries were taken back: all that are missing, or none.

        A kill in between is no matter: each commit leaves a whole log, and the next start goes on. The disk is not touched unless the log is behind.
        """
        held = await self.engine.get_many(Table.META, [HEAD])
        head = msgspec.msgpack.decode(held[HEAD], type=Head) if HEAD in held else Head()
        tree = Tree(head.size, head.peaks)
        if witness.epoch != head.epoch or witness.size <= tree.size:
            return 0
        if not await asyncio.to_thread(_whole, self.spool, tree, witness):
            return 0
        first, taken = tree.size, _entries(self.spool, tree.size, witness.size)
        while batch := await asyncio.to_thread(_next, taken):
            tree = await self._write(head.epoch, tree, batch)
        log.warning("log taken back from the second disk", extra={"count": tree.size - first})
        return tree.size - first

    async def _write(self, epoch: int, tree: Tree, batch: Sequence[Entry]) -> Tree:
        """The tree with these entries, once they are committed with all that follows from them."""
        first = tree.size
        tree, nodes = tree.append([leaf_hash(leaf_of(value)[0]) for _, value in batch])
        held = await self.engine.get_many(Table.META, [SAID, TALLY, COMMITMENT, *_days(batch)])
        began = msgspec.msgpack.decode(held[SAID], type=tuple[int, int])[0] if SAID in held else first
        meta: dict[bytes, bytes | None] = {
            HEAD: msgspec.msgpack.encode(Head(epoch, tree.size, tree.peaks)),
            TALLY: msgspec.msgpack.encode(_tally(held.get(TALLY), batch)),
            SAID: msgspec.msgpack.encode((began, tree.size)),
            COMMITMENT: self._doubted(held.get(COMMITMENT), tree.size),
            COUNTED: None,  # what lies under which key is counted anew, since these came past the one who counts
            **_calendar(held, batch),
        }
        await self.engine.apply(
            {
                Table.LOG: {sequence(header.seq): value for header, value in batch},
                Table.TREE: {node_key(node): value for node, value in nodes.items()},
                Table.META: meta,
            }
        )
        return tree

    def _doubted(self, sealed: bytes | None, size: int) -> bytes:
        """The sum over the rows as they lie here, which are not those that belong to a log of this size."""
        place = Place(self.register, Table.META, COMMITMENT)
        kept = Kept(secrets.token_bytes(SIZE))
        if sealed is not None:
            kept = msgspec.msgpack.decode(self.sealer.open(place, sealed), type=Kept)
        told = msgspec.msgpack.encode(replace(kept, size=size, differs=True))
        return self.sealer.seal(self.sealer.newest(classes.SECRET), place, told)


async def said(engine: Engine) -> Act | None:
    """What the log has to say of it before anything else; None where nothing."""
    held = await engine.get_many(Table.META, [SAID])
    if SAID not in held:
        return None
    first, end = msgspec.msgpack.decode(held[SAID], type=tuple[int, int])
    return Act(Action.LOG_REATTACHED, "jukurad", counts={"first": first, "end": end})


def _whole(spool: Spool, tree: Tree, witness: Witnessed) -> bool:
    """Whether the spool has every entry that is missing, and they give the root that was signed."""
    try:
        if spool.open() < witness.size:
            return False
        for header, value in _entries(spool, tree.size, witness.size):
            if header.seq != tree.size or header.epoch != witness.epoch or header.action in ELSEWHERE:
                return False
            tree, _ = tree.append([leaf_hash(leaf_of(value)[0])])
    except OSError:
        log.warning("spool not read", extra={"code": "spool.away"})
        return False
    except (JukuraError, msgspec.MsgspecError) as error:
        log.warning("spool not read", extra={"code": getattr(error, "code", "spool.other_log")})
        return False
    return (tree.size, tree.root()) == (witness.size, witness.root)


def _next(taken: Iterator[Entry]) -> list[Entry]:
    """The next few; StateError where the disk is away now."""
    try:
        return list(islice(taken, BATCH))
    except OSError:
        raise StateError("spool.away") from None


def _entries(spool: Spool, first: int, end: int) -> Iterator[Entry]:
    for seq, value in spool.read(first):
        if seq >= end:
            return
        yield header_of(leaf_of(value)[0]), value


def _days(batch: Iterable[Entry]) -> list[bytes]:
    days = {day_of(header.time) for header, _ in batch}
    return [key(day) for day in sorted(days) for key in (key_of_day, key_of_month)]


def _calendar(held: dict[bytes, bytes], batch: Sequence[Entry]) -> dict[bytes, bytes]:
    """The figures of the days and months of these entries."""
    made = dict(held)
    for day, some in groupby((header for header, _ in batch), key=lambda header: day_of(header.time)):
        headers, on, of = list(some), key_of_day(day), key_of_month(day)
        made[on] = msgspec.msgpack.encode(with_entries(day_in(made, on), headers))
        made[of] = msgspec.msgpack.encode(counted(figures_in(made, of), headers))
    return {key: made[key] for key in _days(batch)}


def _tally(held: bytes | None, batch: Sequence[Entry]) -> Tally:
    """How often each action was done on the day of the last entry."""
    tally = msgspec.msgpack.decode(held, type=Tally) if held is not None else None
    for header, _ in batch:
        day = day_of(header.time)
        counts = dict(tally.counts) if tally is not None and tally.day == day else {}
        counts[header.action] = counts.get(header.action, 0) + header.counts.get("messages", 1)
        tally = Tally(day, counts)
    if tally is None:
        raise IntegrityError("log.cut")
    return tally
