"""Notices that are held (保留): sealed in the truth, and in memory who is waited for, since every answer has to say it.

A participant of the writer's groups: what a piece of work holds or lets go of counts once its group is committed.
"""

import secrets
from collections import Counter
from collections.abc import Iterable

import msgspec

from daemon.clock import day_of
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import ConflictError
from daemon.register.rows import Register
from daemon.store.draft import Draft, Group
from daemon.store.engine import Engine, Table
from daemon.store.held import Held, Waiting, waiting

MOST = 20_000
"""Of one municipality at a time: a faulty server must not fill the memory with what never comes right."""
_RANDOM = 4  # bytes of a key after its place
_AT_ONCE = 1000


class Holds:
    """Who is waited for, by 住民票コード."""

    def __init__(self, register: Register, sealer: Sealer, held: Iterable[Waiting]) -> None:
        self._register = register
        self._sealer = sealer
        self._held: dict[str, tuple[Waiting, ...]] = {}
        self._of_group: dict[str, tuple[Waiting, ...]] = {}
        self._by_sender: Counter[str] = Counter()
        for one in held:
            for code in one.codes:
                self._held[code] = (*self._held.get(code, ()), one)
            self._by_sender[one.sender] += 1
        self._change: Counter[str] = Counter()

    @classmethod
    async def load(cls, register: Register, engine: Engine, sealer: Sealer) -> "Holds":
        """Everything that is held in `engine`; IntegrityError where something does not open."""
        found: list[Waiting] = []
        first = b""
        while pairs := await engine.scan(Table.HOLDS, first=first, limit=_AT_ONCE):
            found += [waiting(key, _opened(register, sealer, key, sealed)) for key, sealed in pairs]
            first = pairs[-1][0] + b"\x00"
        return cls(register, sealer, found)

    def pending(self, code: str) -> tuple[Waiting, ...]:
        """What is held about the person with this 住民票コード, as committed."""
        return self._held.get(code, ())

    def all(self) -> list[Waiting]:
        """Everything that is held, as committed, the oldest first."""
        return sorted(
            (one for code, held in self._held.items() for one in held if one.code == code), key=_order
        )

    # Within a piece of work.

    def of(self, draft: Draft, code: str) -> list[Waiting]:
        """What is held about a person as this work sees it, in the order in which it is to be tried."""
        return sorted(self._seen(draft, code), key=_order)

    def any(self, draft: Draft, code: str) -> bool:
        """Whether anything is: of nearly nobody."""
        return bool(self._seen(draft, code))

    def add(self, draft: Draft, held: Held) -> Waiting:
        """Hold a notice. ConflictError `hold.too_many` where its sender has too many already."""
        more = self._change[held.sender] + draft.held_change[held.sender]
        if self._by_sender[held.sender] + more >= MOST:
            raise ConflictError("hold.too_many", field="sender_seq")
        # Of two with the same count that came at the same moment, the first is tried first.
        key = draft.place() + secrets.token_bytes(_RANDOM)
        draft.add(Table.HOLDS, key, self._sealed(draft, key, held))
        one = waiting(key, held)
        for code in one.codes:
            draft.held[code] = (*self._seen(draft, code), one)
        draft.held_change[held.sender] += 1
        return one

    def change(self, draft: Draft, one: Waiting, held: Held) -> None:
        """It waits for something else now."""
        draft.put(Table.HOLDS, one.key, self._sealed(draft, one.key, held))
        new = waiting(one.key, held)
        for code in one.codes:
            seen = self._seen(draft, code)
            draft.held[code] = tuple(new if other.key == one.key else other for other in seen)

    def drop(self, draft: Draft, one: Waiting) -> None:
        """Hold it no more."""
        draft.delete(Table.HOLDS, one.key)
        for code in one.codes:
            draft.held[code] = tuple(other for other in self._seen(draft, code) if other.key != one.key)
        draft.held_change[one.sender] -= 1

    async def open(self, draft: Draft, one: Waiting) -> Held:
        """The whole of it."""
        sealed = await draft.get_many(Table.HOLDS, [one.key])
        return _opened(self._register, self._sealer, one.key, sealed[one.key])

    def _sealed(self, draft: Draft, key: bytes, held: Held) -> bytes:
        name = classes.work(day_of(draft.now))
        place = Place(self._register, Table.HOLDS, key)
        return self._sealer.seal(name, place, msgspec.msgpack.encode(held))

    def _seen(self, draft: Draft, code: str) -> tuple[Waiting, ...]:
        if code in draft.held:
            return draft.held[code]
        return self._of_group.get(code, self._held.get(code, ()))

    # A participant of the writer's groups.

    def begin(self) -> None:
        self._of_group, self._change = {}, Counter()

    def merge(self, draft: Draft, group: Group) -> None:
        del group
        self._of_group.update(draft.held)
        self._change.update(draft.held_change)

    async def prepare(self, group: Group) -> None:
        """Everything is in the group already."""

    def commit(self) -> None:
        for code, held in self._of_group.items():
            if held:
                self._held[code] = held
            else:
                self._held.pop(code, None)
        self._by_sender.update(self._change)
        self.begin()

    def rollback(self) -> None:
        self.begin()


def _order(one: Waiting) -> tuple[object, ...]:
    return one.received, one.sender, one.seq, one.key


def _opened(register: Register, sealer: Sealer, key: bytes, sealed: bytes) -> Held:
    content = sealer.open(Place(register, Table.HOLDS, key), sealed)
    return msgspec.msgpack.decode(content, type=Held)
