"""Which entries holds keep, against plain sets of numbers."""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.held import Hold, Holds, Stage, cut, joined, without
from daemon.audit.pruning import Span

DAY = date(2026, 11, 24)
SPAN = st.tuples(st.integers(0, 30), st.integers(1, 6)).map(lambda pair: (pair[0], sum(pair)))
SPANS = st.lists(SPAN, max_size=5)
HOLDS = st.lists(st.tuples(SPANS.filter(bool), st.sampled_from(Stage)), max_size=4).map(
    lambda drawn: Holds(
        len(drawn),
        {
            number: Hold(tuple(joined(spans)), DAY, stage)
            for number, (spans, stage) in enumerate(drawn, start=1)
        },
    )
)


def seqs(spans: Iterable[Span]) -> list[int]:
    return [seq for span in spans for seq in range(*span)]


def kept(holds: Holds) -> dict[int, int]:
    """By entry the lowest number of those that may not be deleted yet."""
    placed = [(number, hold) for number, hold in holds.by_number.items() if hold.stage is not Stage.LEAVING]
    return {seq: number for number, hold in reversed(placed) for seq in seqs(hold.spans)}


@given(SPANS)
def test_joined_spans_are_the_same_entries_apart_and_ascending(spans: list[Span]) -> None:
    found = joined(spans)
    assert seqs(found) == sorted(set(seqs(spans)))
    assert all(one[1] < other[0] for one, other in pairwise(found))


@given(SPANS.map(joined), st.integers(0, 12))
def test_a_cut_loses_nothing(spans: list[Span], most: int) -> None:
    head, rest = cut(spans, most)
    assert seqs(head) == seqs(spans)[:most]
    assert seqs(rest) == seqs(spans)[most:]
    assert all(first < end for first, end in [*head, *rest])


@given(SPANS.map(joined), SPANS.map(joined))
def test_without_takes_away_what_is_in_the_other(spans: list[Span], other: list[Span]) -> None:
    left = without(spans, other)
    assert seqs(left) == [seq for seq in seqs(spans) if seq not in set(seqs(other))]


@given(HOLDS)
def test_who_holds_an_entry_and_which_are_held(holds: Holds) -> None:
    by_seq = kept(holds)
    assert {seq: holds.holder(seq) for seq in range(40)} == {seq: by_seq.get(seq) for seq in range(40)}
    assert seqs(holds.spans(keeping=True)) == sorted(by_seq)
    assert set(seqs(holds.spans())) == {seq for hold in holds.by_number.values() for seq in seqs(hold.spans)}


@given(HOLDS.filter(lambda holds: bool(holds.by_number)), st.integers(0, 36))
def test_a_hold_that_ended_keeps_only_what_must_still_be_deleted(holds: Holds, done: int) -> None:
    before = seqs(holds.by_number[1].spans)
    after = holds.ended(1, done)
    left = [seq for seq in before if seq < done]
    assert (seqs(after.by_number[1].spans) if 1 in after.by_number else []) == left
    assert (1 in after.by_number) is bool(left)
    assert not left or after.by_number[1].stage is Stage.OVER
    assert after.last == holds.last
    assert {n: h for n, h in after.by_number.items() if n != 1} == {
        n: h for n, h in holds.by_number.items() if n != 1
    }
