"""Deleting what the log says is deleted, a few entries at a time, each time in one commit with how far it has come.

What goes with entries: nodes of the tree that no proof needs any more, and checkpoints of smaller trees. What is held stays: its
secret is sealed anew under the key of the hold, its leaf is as it was, so every proof of it still holds.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec.structs import replace

from daemon.audit import purged
from daemon.audit.held import Hold, Holds, Stage, cut, key_of
from daemon.audit.journal import leaf_of, node_key, sequence
from daemon.audit.pruning import Span, dropped, passed
from daemon.audit.purged import Size, State
from daemon.audit.tree import Node
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer, class_of
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

STEP = 100
"""Entries in one commit: a search may wait behind one of them."""


class Deleter:
    """Deletes; `size` tells how many entries the log has."""

    def __init__(
        self, register: Register, engine: Engine, writer: Writer, sealer: Sealer, size: Callable[[], int]
    ) -> None:
        self._register = register
        self._engine = engine
        self._writer = writer
        self._sealer = sealer
        self._size = size

    async def step(self) -> bool:
        """Delete some; whether there may be more to do."""
        state = await purged.load(self._engine)
        if state.purged.done < state.purged.end:
            await self._some_of_all(state)
        elif leaving := state.holds.at(Stage.LEAVING):
            await self._some_of_hold(min(leaving))
        else:
            return False
        return True

    async def _some_of_all(self, before: State) -> None:
        start = before.purged.done
        stop = min(before.purged.end, start + STEP)
        # Nobody adds one below the purged end, so what is there now is what is there then.
        old = await self._engine.apart.scan(
            Table.CHECKPOINTS, first=sequence(start), last=sequence(stop), limit=stop - start
        )

        async def work(draft: Draft) -> None:
            state = await purged.seen(draft)
            await self._delete(draft, range(start, stop), state.holds)
            for key, _ in old:
                draft.delete(Table.CHECKPOINTS, key)
            _prune(draft, passed(start, stop, state.marks))
            after = state._replace(purged=replace(state.purged, done=stop))
            if stop == state.purged.end:
                after = _finished(draft, after, self._size())
            purged.put(draft, after, state)

        await self._writer.write(work, weight=STEP)

    async def _some_of_hold(self, number: int) -> None:
        async def work(draft: Draft) -> None:
            state = await purged.seen(draft)
            hold = state.holds.by_number[number]
            some, rest = cut(hold.spans, STEP)
            after = state._replace(holds=_less(state.holds, number, hold, rest))
            await self._delete(draft, [seq for span in some for seq in range(*span)], after.holds)
            _prune(draft, dropped([], some, state.purged.done, after.marks))
            if not rest:
                draft.delete(Table.LOG_HOLDS, key_of(number))
            purged.put(draft, after, state)

        await self._writer.write(work, weight=STEP)

    async def _delete(self, draft: Draft, seqs: Sequence[int], holds: Holds) -> None:
        """These entries, but those that a hold keeps."""
        there = await draft.get_many(Table.LOG, [sequence(seq) for seq in seqs], apart=True)
        for seq in seqs:
            key = sequence(seq)
            number = holds.holder(seq)
            if key not in there:
                continue
            if number is None:
                draft.delete(Table.LOG, key)
            else:
                draft.put(Table.LOG, key, self._resealed(key, there[key], classes.hold(number)))

    def _resealed(self, key: bytes, value: bytes, name: str) -> bytes:
        """The entry under the class `name`, its leaf as it was."""
        leaf, sealed = leaf_of(value)
        if class_of(sealed) == name:
            return value
        place = Place(self._register, Table.LOG, key)
        return msgspec.msgpack.encode(
            (leaf, self._sealer.seal(name, place, self._sealer.open(place, sealed)))
        )


def _finished(draft: Draft, state: State, size: int) -> State:
    """Everything before the end is deleted: earlier deletions of which no entry speaks any more need not be provable."""
    end = state.purged.end
    gone = [each.end for each in state.sizes if each.spoken <= end]
    after = state._replace(sizes=(*(each for each in state.sizes if each.spoken > end), Size(end, size)))
    _prune(draft, dropped(gone, [], end, after.marks))
    return after


def _less(holds: Holds, number: int, hold: Hold, rest: Iterable[Span]) -> Holds:
    left = tuple(rest)
    return holds.with_(number, replace(hold, spans=left)) if left else holds.without(number)


def _prune(draft: Draft, nodes: Iterable[Node]) -> None:
    for node in nodes:
        draft.delete(Table.TREE, node_key(node))
