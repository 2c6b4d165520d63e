"""A recount ends with the sum of what is committed, wherever commits fall: before a slice is read, while it is hashed, half told of."""

from collections.abc import Coroutine, Generator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from daemon.store import recount
from daemon.store.engine import Table
from daemon.store.memory import MemoryEngine
from daemon.store.recount import Moved, Recount

ROWS = [bytes([number]) * 16 for number in range(1, 9)]
GROUP = st.dictionaries(st.sampled_from(ROWS), st.none() | st.integers(1, 9), min_size=1, max_size=4)


def element(row: bytes, blob: bytes) -> int:
    """Of each pair another power of two, so that no two sums are the same by chance."""
    return 1 << (16 * row[0] + blob[0])


def optional(row: bytes, blob: bytes | None) -> int:
    return 0 if blob is None else element(row, blob)


class Pause:
    """Where something else may happen."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Slow(MemoryEngine):
    """What was read takes its time to arrive."""

    async def scan(self, table: Table, **bounds: Any) -> list[tuple[bytes, bytes]]:
        await Pause()
        found = await super().scan(table, **bounds)
        await Pause()
        return found


class Held:
    """The participant, as far as a recount knows it."""

    def __init__(self) -> None:
        self.moved: Moved = {}

    def element(self, row: bytes, blob: bytes) -> int:
        return element(row, blob)


class Recounting(RuleBasedStateMachine):
    """The disk, the participant that hears of it later, and a recount beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(recount, "BATCH", 3)
        self.patch.setattr(recount, "BREATH", 2)
        self.engine, self.held = Slow(), Held()
        self.committed: dict[bytes, bytes] = {}
        self.group: dict[bytes, bytes | None] = {}
        self.applied = False
        self.recount = Recount(self.engine, self.held)
        self.step: Coroutine[Any, Any, bool] | None = None
        self.through = False

    def teardown(self) -> None:
        if self.step is not None:
            self.step.close()
        self.patch.undo()

    @precondition(lambda self: not self.group)
    @rule(group=GROUP)
    def prepare(self, group: dict[bytes, int | None]) -> None:
        self.group = {row: None if blob is None else bytes([blob]) for row, blob in group.items()}
        self.held.moved = {
            row: (optional(row, self.committed.get(row)), optional(row, blob))
            for row, blob in self.group.items()
        }

    @precondition(lambda self: self.group and not self.applied)
    @rule()
    def apply(self) -> None:
        with pytest.raises(StopIteration):
            self.engine.apply({Table.ROWS: self.group}).send(None)
        self.applied = True

    @precondition(lambda self: self.applied)
    @rule()
    def commit(self) -> None:
        self.recount.follow(self.held.moved)
        for row, blob in self.group.items():
            self.committed.pop(row, None)
            self.committed |= {} if blob is None else {row: blob}
        self.held.moved, self.group, self.applied = {}, {}, False

    @precondition(lambda self: self.group and not self.applied)
    @rule()
    def roll_back(self) -> None:
        self.held.moved, self.group = {}, {}

    @rule(times=st.integers(1, 4))
    def go_on(self, times: int) -> None:
        for _ in range(times):
            if self.step is None:
                self.step = self.recount.step()
            try:
                self.step.send(None)
            except StopIteration as ended:
                self.step, self.through = None, not ended.value
                # Memory stays within the changes of one slice.
                assert not self.recount._changed

    @precondition(lambda self: self.through and self.step is None)
    @rule()
    def begin_anew(self) -> None:
        self.recount, self.through = Recount(self.engine, self.held), False

    @invariant()
    def it_is_the_sum_of_what_is_committed(self) -> None:
        if self.through and self.step is None:
            assert self.recount.total == sum(element(row, blob) for row, blob in self.committed.items())


TestRecounting = Recounting.TestCase
TestRecounting.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
