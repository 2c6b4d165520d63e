"""The log as the register writes it: each act gets its place in the tree in the same commit as its effect.

The journal takes part in every group of the writer. What a group appends counts only when the group is durable; if
it fails, the tree is the one from before, and the places are given again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec

from daemon.audit import purged
from daemon.audit.act import Act
from daemon.audit.calendar import Calendar
from daemon.audit.entry import SALT_SIZE, Header, seal_parts
from daemon.audit.tree import Node, Tree
from daemon.clock import day_of
from daemon.contract.merkle import leaf_hash
from daemon.crypto import classes
from daemon.crypto.fresh import Fresh
from daemon.crypto.seal import Place, Sealer
from daemon.errors import IntegrityError
from daemon.register.rows import Register
from daemon.store.draft import Draft, Group
from daemon.store.engine import Engine, Reads, Table
from daemon.store.entries import FLOOR, floor_of
from daemon.store.index import Labelled, LogChange
from daemon.store.labels import Labels

HEAD, TALLY = b"log", b"tally"

_SALTS = Fresh(SALT_SIZE)


class Head(msgspec.Struct, frozen=True, array_like=True):
    """How far the log has come."""

    epoch: int = 1
    size: int = 0
    peaks: tuple[bytes, ...] = ()


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """How often each action was done on one day; an action on several messages counts them."""

    day: date
    counts: dict[str, int]


class Journal:
    """The tree as it stands, and as the open group would make it."""

    def __init__(
        self, register: Register, sealer: Sealer, engine: Engine, head: Head, tally: Tally | None
    ) -> None:
        self._register = register
        self.sealer = sealer
        self._engine = engine
        self._labels = Labels(register, sealer)
        self._calendar = Calendar(engine)
        self.epoch = head.epoch
        self.tree = Tree(head.size, head.peaks)
        self._tally = tally
        self._next, self._next_tally = self.tree, tally
        self._leaves: list[bytes] = []
        """Hashes of the open group's leaves."""
        self._first: list[tuple[Act, Mapping[Table, Sequence[bytes]]]] = []
        """The words that come before any other, and the keys that go with each."""
        self._new: Counter[str] = Counter()
        self._headers: list[Header] = []
        self._labelled: list[Labelled] = []

    @classmethod
    async def load(cls, register: Register, sealer: Sealer, engine: Engine) -> "Journal":
        """The journal of the log in `engine`; IntegrityError if it does not begin where it was purged and end where the head says."""
        held = await engine.get_many(Table.META, [HEAD, TALLY])
        head = msgspec.msgpack.decode(held[HEAD], type=Head) if HEAD in held else Head()
        last = await engine.scan(Table.LOG, limit=1, reverse=True)
        if (int.from_bytes(last[0][0], "big") + 1 if last else 0) != head.size:
            raise IntegrityError("log.cut")
        first = sequence((await purged.load(engine)).purged.done)
        if head.size and first not in await engine.get_many(Table.LOG, [first]):
            raise IntegrityError("log.cut")
        tally = msgspec.msgpack.decode(held[TALLY], type=Tally) if TALLY in held else None
        return cls(register, sealer, engine, head, tally)

    def today(self, now: datetime) -> Mapping[str, int]:
        """How often each action was done today."""
        return self._tally.counts if self._tally and self._tally.day == day_of(now) else {}

    @property
    def coming(self) -> int:
        """How many entries there are with those of the open group."""
        return self.tree.size + len(self._leaves)

    @property
    def opening(self) -> bool:
        """Whether a word is to be written that comes before any other."""
        return bool(self._first)

    def say_first(
        self, word: Act, gone: Mapping[Table, Sequence[bytes]], *, epoch: int | None = None
    ) -> None:
        """Before any other entry comes `word`, after those said so before, whoever writes first; these keys go in the same commit.

        With an `epoch`, what is entered from it on is of that one.
        """
        self._first.append((word, gone))
        self.epoch = self.epoch if epoch is None else epoch

    # A participant of the writer's groups.

    def begin(self) -> None:
        self._next, self._next_tally, self._new = self.tree, self._tally, Counter()
        self._leaves, self._headers, self._labelled = [], [], []
        self._calendar.rollback()

    def merge(self, draft: Draft, group: Group) -> None:
        if draft.acts and not self._leaves:
            self._begin(group)
        for act in draft.acts:
            self._append(act, group)

    async def prepare(self, group: Group) -> None:
        end = sequence(self.tree.size)
        if old := {key: value for key, value in group.changes.get(Table.LOG, {}).items() if key < end}:
            await self._touched(group, old)
        if not self._leaves:
            return
        self._next, nodes = self.tree.append(self._leaves)
        for node, value in nodes.items():
            group.put(Table.TREE, node_key(node), value)
        group.log = group.log._replace(labelled=[*group.log.labelled, *self._labelled], size=self._next.size)
        await self._calendar.put(group, self._headers)
        head = Head(self.epoch, self._next.size, self._next.peaks)
        group.put(Table.META, HEAD, msgspec.msgpack.encode(head))
        self._next_tally = self._tallied(day_of(group.now))
        group.put(Table.META, TALLY, msgspec.msgpack.encode(self._next_tally))

    def commit(self) -> None:
        if self._next is not self.tree:
            self._first = []
        self.tree, self._tally = self._next, self._next_tally
        self._leaves = []
        self._calendar.commit()

    def rollback(self) -> None:
        self.begin()

    def _begin(self, group: Group) -> None:
        for word, gone in self._first:
            self._append(word, group)
            for table, keys in gone.items():
                for key in keys:
                    group.put(table, key, None)

    def _append(self, act: Act, group: Group) -> None:
        header = Header(
            epoch=self.epoch,
            seq=self.coming,
            time=group.now,
            actor=act.actor,
            terminal=act.terminal,
            action=act.action,
            outcome=act.outcome,
            affair=act.affair,
            code=act.code,
            counts=act.counts,
        )
        leaf, secret = seal_parts(header, act.sealed, _SALTS)
        key = sequence(header.seq)
        place = Place(self._register, Table.LOG, key)
        name = classes.log(day_of(group.now))
        sealed = self.sealer.seal(name, place, secret)
        group.add(Table.LOG, key, msgspec.msgpack.encode((leaf, sealed)))
        self._leaves.append(leaf_hash(leaf))
        self._new[act.action] += act.counts.get("messages", 1)
        self._headers.append(header)
        self._labelled += self._labels.of(name, header.seq, act.sealed)

    async def _touched(self, group: Group, old: Mapping[bytes, bytes | None]) -> None:
        """Entries that were there before were deleted, or sealed anew: neither day nor label speaks of what they were."""
        ends = [int.from_bytes(key, "big") + 1 for key, value in old.items() if value is None]
        floor = max([await floor_of(self._engine), *ends])
        group.put(Table.META, FLOOR, floor.to_bytes(8, "big"))
        await self._calendar.purge(group, floor)
        labelled = [
            label for key, value in old.items() if value for label in self._labels.of_stored(key, value)
        ]
        group.log = LogChange(labelled, [int.from_bytes(key, "big") for key in old], self.tree.size, floor)

    def _tallied(self, day: date) -> Tally:
        before = self._tally.counts if self._tally and self._tally.day == day else {}
        more = {action: before.get(action, 0) + count for action, count in self._new.items() if count}
        return Tally(day, {**before, **more})


def sequence(seq: int) -> bytes:
    """The key of entry `seq`."""
    return seq.to_bytes(8, "big")


def node_key(node: Node) -> bytes:
    """The key of a complete subtree."""
    return bytes((node.level,)) + node.place.to_bytes(8, "big")


class Nodes:
    """Reads complete subtrees for proofs."""

    def __init__(self, engine: Reads) -> None:
        self._engine = engine

    async def __call__(self, nodes: Sequence[Node]) -> dict[Node, bytes]:
        keys = {node_key(node): node for node in nodes}
        found = await self._engine.get_many(Table.TREE, list(keys))
        return {keys[key]: value for key, value in found.items()}


def leaf_of(value: bytes) -> tuple[bytes, bytes]:
    """The leaf and the sealed fields of a stored entry."""
    leaf, sealed = msgspec.msgpack.decode(value, type=tuple[bytes, bytes])
    return leaf, sealed
