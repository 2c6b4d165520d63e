"""Which entry mentions whom, in memory and file: whatever was taken in is found, and what went is not, at every moment of a merge."""

from pathlib import Path
from sqlite3 import Connection

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.store.index import Index, Labelled, LogChange
from daemon.store.index.mentions import BLOCK_BITS
from tests.store.index.conftest import KEY, TRUTH

FAR = 3 << BLOCK_BITS
"""In another block than the first entries."""
LABELS = (-(2**63), -1, 7, 2**63 - 1)
SEQS = st.sampled_from([0, 1, 2, FAR, FAR + 1])
FAR_COME = st.integers(0, 2**63 - 1)
LABELLED = st.builds(Labelled, st.sampled_from(LABELS), SEQS)
STEP = st.one_of(
    st.tuples(
        st.just("take"),
        st.builds(
            LogChange,
            st.lists(LABELLED, max_size=4),
            st.lists(SEQS, max_size=2),
            size=FAR_COME,
            floor=FAR_COME,
        ),
    ),
    st.tuples(st.just("merge"), st.none()),
)


async def opened(folder: Path) -> Index:
    index = await Index.open(folder / "index.db", KEY)
    await index.start(TRUTH, 0)
    return index


async def in_file(index: Index) -> set[tuple[int, int]]:
    def read(connection: Connection) -> set[tuple[int, int]]:
        return set(connection.execute("SELECT label, seq FROM mentions").fetchall())

    return await index.pages.read(read)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=8))
async def test_what_is_found_is_what_was_taken_and_did_not_go(
    steps: list[tuple[str, LogChange | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    index = await opened(tmp_path_factory.mktemp("index"))
    there: set[tuple[int, int]] = set()
    try:
        for _, change in steps:
            if change is None:
                await index.merge()
                assert await in_file(index) == there
            else:
                index.mentioned.take(change)
                # An entry that went and has labels again was sealed anew.
                there = {one for one in there if one[1] not in change.gone} | {*change.labelled}
            for label in LABELS:
                wanted = sorted({seq for of, seq in there if of == label}, reverse=True)
                assert await index.mentioned.find([label]) == wanted
    finally:
        await index.close()


async def test_a_label_that_only_the_file_has_goes_while_the_file_still_has_it(index: Index) -> None:
    index.mentioned.take(LogChange([Labelled(7, 0), Labelled(7, 1)], (), 2, 0))
    await index.merge()
    index.mentioned.take(LogChange((), [0], 2, 1))
    assert await in_file(index) == {(7, 0), (7, 1)}
    assert await index.mentioned.find([7]) == [1]
    await index.merge()
    assert await in_file(index) == {(7, 1)}
    assert await index.mentioned.position() == LogChange((), (), 2, 1)


async def test_the_file_says_how_far_it_has_come_and_keeps_what_it_had(index: Index) -> None:
    for seq in range(3):
        index.mentioned.take(LogChange([Labelled(seq, seq)], (), seq + 1, 0))
        await index.merge()
    assert await in_file(index) == {(0, 0), (1, 1), (2, 2)}
    assert (await index.mentioned.position()).size == 3
    again = await Index.open(index.pages.file, KEY)
    try:
        assert await again.mentioned.find([0, 1, 2]) == [2, 1, 0]
        assert await again.mentioned.below(2) == [0, 1]
    finally:
        await again.close()


async def test_many_blocks_are_each_looked_into(index: Index) -> None:
    seqs = [block << BLOCK_BITS for block in (0, 1, 2, 5, 9)]
    await index.mentioned.absorb(LogChange([Labelled(5, seq) for seq in seqs], (), seqs[-1] + 1, 0))
    assert await index.mentioned.find([4, 5]) == seqs[::-1]
