"""How far the log's beginning is deleted, as it stands in META."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import msgspec

from daemon.audit import held
from daemon.audit.held import Holds
from daemon.audit.pruning import Marks
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table

KEY, SIZES = b"purged", b"purges"


class Purged(msgspec.Struct, frozen=True, array_like=True):
    """How far."""

    end: int = 0
    """Entries before this are, or are just being, deleted: the log says so."""
    done: int = 0
    """Entries before this are deleted, but for those under a hold."""
    looked: date | None = None
    """The day (in Japan) in whose night it was last seen to that nothing else is due."""


class Size(NamedTuple):
    """A tree that an entry `log.purged` speaks of."""

    end: int
    spoken: int
    """That entry is before this one."""


class State(NamedTuple):
    """All that decides what is deleted."""

    purged: Purged
    sizes: tuple[Size, ...]
    holds: Holds

    @property
    def pending(self) -> bool:
        """Whether the log speaks of a deletion that is not done yet."""
        return self.purged.done < self.purged.end or bool(self.holds.at(held.Stage.LEAVING))

    @property
    def marks(self) -> Marks:
        """What must stay provable."""
        return Marks(tuple(size.end for size in self.sizes), self.holds.spans())


async def load(engine: Engine) -> State:
    """As committed."""
    return _state(await engine.get_many(Table.META, [KEY, SIZES, held.KEY]))


async def seen(draft: Draft) -> State:
    """As a piece of work sees it."""
    return _state(await draft.get_many(Table.META, [KEY, SIZES, held.KEY]))


def put(draft: Draft, state: State, before: State) -> None:
    """Keep what is not as `before`."""
    values = {
        KEY: (state.purged, before.purged),
        SIZES: (state.sizes, before.sizes),
        held.KEY: (state.holds, before.holds),
    }
    for key, (value, old) in values.items():
        if value != old:
            draft.put(Table.META, key, msgspec.msgpack.encode(value))


def end_hold(draft: Draft, state: State, number: int) -> Holds:
    """The holds without that one; what outlived its time under it is deleted in the next night."""
    holds = state.holds.ended(number, state.purged.done)
    if number not in holds.by_number:
        draft.delete(Table.LOG_HOLDS, held.key_of(number))
    return holds


def _state(meta: Mapping[bytes, bytes]) -> State:
    purged = msgspec.msgpack.decode(meta[KEY], type=Purged) if KEY in meta else Purged()
    sizes = msgspec.msgpack.decode(meta[SIZES], type=tuple[Size, ...]) if SIZES in meta else ()
    return State(purged, sizes, held.read(meta))
