"""The count of a municipality's notices about a person: what is due, what waits, what comes again."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.register.order import UNKNOWN, Counts, Turn, counted, turn

CITIES = ("35201", "35203")


def test_the_first_is_one() -> None:
    assert turn({}, "35203", 1) is Turn.NEXT
    assert turn({}, "35203", 2) is Turn.AHEAD


def test_of_somebody_taken_over_any_count_begins() -> None:
    assert turn(UNKNOWN, "35203", 7) is Turn.NEXT
    known = counted(UNKNOWN, "35203", 7)
    assert [turn(known, "35203", seq) for seq in (6, 7, 8, 9)] == [
        Turn.PAST,
        Turn.AGAIN,
        Turn.NEXT,
        Turn.AHEAD,
    ]
    assert turn(known, "35201", 3) is Turn.NEXT


@given(st.lists(st.tuples(st.sampled_from(CITIES), st.integers(1, 6)), max_size=40))
def test_whatever_comes_in_whatever_order_each_count_is_taken_once_and_in_order(
    arrivals: list[tuple[str, int]],
) -> None:
    counts: Counts = {}
    taken: dict[str, list[int]] = {city: [] for city in CITIES}
    for city, seq in arrivals:
        means = turn(counts, city, seq)
        assert means is (
            Turn.NEXT if seq == len(taken[city]) + 1
            else Turn.AHEAD if seq > len(taken[city])
            else Turn.AGAIN if seq == len(taken[city])
            else Turn.PAST
        )  # fmt: skip
        if means is Turn.NEXT:
            counts = counted(counts, city, seq)
            taken[city].append(seq)
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in taken.values())
