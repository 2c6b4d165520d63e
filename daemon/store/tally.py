"""How many values lie under which key class, table by table: exact, because it moves in the same commit as they do.

It answers at once what a person wants to know of a key. Before a key dies, `counted` looks at every value itself.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from daemon.crypto.classes import kind
from daemon.crypto.seal import class_of
from daemon.errors import IntegrityError
from daemon.store.draft import Draft, Group
from daemon.store.engine import Engine, Reads, Table

log = logging.getLogger(__name__)

SEALED = (
    Table.ROWS, Table.NOTICES, Table.OUTBOX, Table.ASIDE, Table.LOG, Table.PEOPLE, Table.HOLDS, Table.REPORTS,
    Table.SENT, Table.RUNS, Table.LOG_HOLDS,
)  # fmt: skip
"""The tables whose values are sealed; every other holds what says nothing about anyone."""
COUNTED = b"under"
"""In META: present once everything was counted."""
PREFIX = b"under:"
"""In META: `under:<table>:<class>` → how many, 8 bytes."""
BATCH = 2000  # values in one read

Where = tuple[Table, str]
_LOG: msgspec.msgpack.Decoder[tuple[msgspec.Raw, bytes]] = msgspec.msgpack.Decoder(tuple[msgspec.Raw, bytes])


class Tally:
    """The counts as they are committed, and as the open group would make them."""

    def __init__(self, engine: Engine, counts: Mapping[Where, int]) -> None:
        self._engine = engine
        self._counts = Counter(dict(counts))
        self._change: Counter[Where] = Counter()

    @classmethod
    async def load(cls, engine: Engine) -> "Tally":
        """The counts in `engine`; where there are none everything is counted, once. Before the writer runs."""
        if COUNTED not in await engine.get_many(Table.META, [COUNTED]):
            await _recount(engine)
        held = await engine.scan(Table.META, first=PREFIX, last=PREFIX + b"\xff", limit=100_000)
        return cls(engine, {_where(key): int.from_bytes(value, "big") for key, value in held})

    def under(self, name: str) -> int:
        """How many values lie under the class `name`."""
        return sum(count for (_, of), count in self._counts.items() if of == name)

    def of(self, table: Table, name: str) -> int:
        """How many of them are in `table`."""
        return self._counts[table, name]

    @property
    def rows(self) -> int:
        """How many versions there are."""
        return self._total(Table.ROWS)

    @property
    def outbox(self) -> int:
        """How many messages wait."""
        return self._total(Table.OUTBOX)

    @property
    def aside(self) -> int:
        """How many messages were set aside."""
        return self._total(Table.ASIDE)

    def older(self, table: Table, newest: str) -> int:
        """How many values of `table` lie under a generation of the same kind that is not `newest`."""
        return sum(
            count
            for (where, name), count in self._counts.items()
            if where is table and kind(name) == kind(newest) and name != newest
        )

    def _total(self, table: Table) -> int:
        return sum(count for (where, _), count in self._counts.items() if where is table)

    # A participant of the writer's groups.

    def begin(self) -> None:
        self._change = Counter()

    def merge(self, draft: Draft, group: Group) -> None:
        """What a single piece of work means is known only from the whole group."""

    async def prepare(self, group: Group) -> None:
        for table in SEALED:
            if pairs := group.changes.get(table):
                met = await group.seen.committed(table, pairs, self._engine.own)
                before = [value for key in pairs if (value := met[key]) is not None]
                self._change.update(
                    classes_of(table, (value for value in pairs.values() if value is not None))
                )
                self._change.subtract(classes_of(table, before))
        for where, change in self._change.items():
            if change:
                self._put(group, where, self._counts[where] + change)

    def commit(self) -> None:
        self._counts.update(self._change)

    def rollback(self) -> None:
        self.begin()

    def _put(self, group: Group, where: Where, count: int) -> None:
        group.put(Table.META, _key(*where), count.to_bytes(8, "big") if count > 0 else None)
        if count < 0:
            # Something was changed past the writer. Nobody is turned away for that: the next start counts anew.
            log.error("tally is off", extra={"kind": where[0]})
            group.put(Table.META, COUNTED, None)


async def recount_at_start(draft: Draft) -> None:
    """A piece of work: do not believe the counts any more once the register starts again."""
    draft.delete(Table.META, COUNTED)


async def counted(reads: Reads, name: str) -> int:
    """How many values lie under the class `name`, from a look at every value; takes its time."""
    total = 0
    for table in SEALED:
        first = b""
        while pairs := await reads.scan(table, first=first, limit=BATCH):
            total += classes_of(table, (value for _, value in pairs))[table, name]
            first = pairs[-1][0] + b"\x00"
    return total


def classes_of(table: Table, values: Iterable[bytes]) -> Counter[Where]:
    """How many of `values` lie under which class."""
    names = Counter(map(_class_of_entry if table is Table.LOG else stated, values))
    return Counter({(table, name): count for name, count in names.items()})


def stated(sealed: bytes) -> str:
    """The class that a value states; empty for one that is damaged, which is for its reader to report."""
    try:
        return class_of(sealed)
    except IntegrityError:
        return ""


def _class_of_entry(value: bytes) -> str:
    """The same of an entry of the log."""
    try:
        return stated(_LOG.decode(value)[1])
    except msgspec.MsgspecError:
        return ""


async def _recount(engine: Engine) -> None:
    counts: Counter[Where] = Counter()
    for table in SEALED:
        first = b""
        while pairs := await engine.apart.scan(table, first=first, limit=BATCH):
            counts += classes_of(table, (value for _, value in pairs))
            first = pairs[-1][0] + b"\x00"
    old = await engine.scan(Table.META, first=PREFIX, last=PREFIX + b"\xff", limit=100_000)
    cleared: dict[bytes, bytes | None] = dict.fromkeys((key for key, _ in old), None)
    new = {_key(*where): count.to_bytes(8, "big") for where, count in counts.items()}
    await engine.apply({Table.META: cleared | new | {COUNTED: b"\x01"}})


def _key(table: Table, name: str) -> bytes:
    return PREFIX + f"{table}:{name}".encode()


def _where(key: bytes) -> Where:
    table, _, name = key.removeprefix(PREFIX).decode().partition(":")
    return Table(table), name
