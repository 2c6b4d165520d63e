"""A span of time is widened to signed checkpoints, wherever it begins and ends."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.audit.journal import sequence
from daemon.audit.span import Span, span_of
from daemon.contract.note import Checkpoint, origin_of, signed, time_line
from daemon.errors import ConflictError, StateError
from daemon.store.engine import Table
from daemon.store.memory import MemoryEngine

START = datetime(2026, 4, 1, tzinfo=UTC)
Signed = Sequence[tuple[int, int]]
"""Size, and seconds after the start."""


async def engine_with(checkpoints: Signed) -> MemoryEngine:
    engine = MemoryEngine()
    notes = {
        sequence(size): signed(
            Checkpoint(
                origin_of("honnin", 1), size, bytes(32), (time_line(START + timedelta(seconds=at)),)
            ).text(),
            "— x AAAAAAAA",
        ).encode()
        for size, at in checkpoints
    }
    await engine.apply({Table.CHECKPOINTS: notes})
    return engine


@st.composite
def logs(draw: st.DrawFn) -> Signed:
    """Checkpoints of growing sizes and times, some signed in the same second."""
    steps = draw(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 30)), min_size=1, max_size=20))
    size = at = 0
    made = []
    for more, later in steps:
        size, at = size + more, at + later
        made.append((size, at))
    return made


MOMENT = st.none() | st.integers(-5, 200)


@given(logs(), MOMENT, MOMENT, st.just(0) | st.integers(0, 200))
@example([(1, 10), (2, 20)], 10, 20, 0)
@example([(1, 10), (2, 20), (3, 30)], 20, 30, 2)
async def test_it_is_what_a_look_at_every_checkpoint_finds(
    made: Signed, since: int | None, until: int | None, purged: int
) -> None:
    ends = [size for size, at in made if until is not None and at >= until] or [made[-1][0]]
    end = ends[0]
    before = [size for size, at in made if since is not None and at < since and size <= end]
    first = max(before, default=0)
    if first < purged:
        first = next((size for size, _ in made if size >= purged), purged)
    reads = await engine_with(made)
    times = [START + timedelta(seconds=at) if at is not None else None for at in (since, until)]
    if purged and first >= end:
        with pytest.raises(ConflictError, match=r"export\.span_gone"):
            await span_of(reads, *times, purged=purged)
    else:
        assert await span_of(reads, *times, purged=purged) == Span(first, end, purged)


async def test_without_a_signature_there_is_no_span() -> None:
    with pytest.raises(StateError, match=r"export\.nothing_signed"):
        await span_of(MemoryEngine(), None, None, purged=0)
