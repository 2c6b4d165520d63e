"""A flood becomes a bounded number of entries, and nothing of it is lost from the count."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.contract.messages import text_of
from daemon.peers.records import Records
from daemon.peers.summary import ADDRESSES, KINDS, MOST, OTHERS, PERIOD, Summary

EVENTS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40)), max_size=2000)


@given(EVENTS)
def test_entries_are_bounded_and_the_counts_add_up(events: list[tuple[int, int]]) -> None:
    summary = Summary()
    through = sum(summary.take((f"CS:{kind}", "peer.busy"), f"10.0.0.{address}") for kind, address in events)
    held = summary.end(0.0)
    assert through <= KINDS * MOST
    assert len(held) <= KINDS + 1
    assert through + sum(count.times for count in held.values()) == len(events)
    assert all(len(count.addresses) <= ADDRESSES for count in held.values())


def test_the_first_of_a_kind_are_told_by_themselves_and_the_rest_together_after_a_period() -> None:
    summary = Summary()
    assert [summary.take(("peer", "x"), "a") for _ in range(5)] == [True] * MOST + [False] * 2
    assert summary.take(("CS:35203", "x"), "b")
    assert not summary.due(PERIOD - 1)
    (count,) = summary.due(PERIOD).values()
    assert (count.times, count.addresses) == (2, Counter({"a": 2}))
    assert not summary.due(2 * PERIOD)
    assert summary.take(("peer", "x"), "a")


def test_more_kinds_than_are_told_apart_fall_together() -> None:
    summary = Summary()
    for number in range(KINDS):
        assert summary.take((f"CS:{number}", "x"), "a")
    assert not summary.take(("CS:more", "x"), "a")
    assert summary.end(0)[OTHERS].times == 1


async def test_what_falls_together_is_told_as_such_and_nothing_is_lost_of_it() -> None:
    """More kinds of refusals than are told apart in a minute: an entry of its own says how many there were, and from where."""
    written: list[Act] = []

    async def write(act: Act) -> None:
        written.append(act)

    records = Records(write, lambda: 0.0)
    for number in range(KINDS + 40):
        records.too_much(f"CS:{number}", "peer.requests_over", f"10.0.0.{number % 3}")
    await records.close()
    assert len(written) == KINDS + 1
    others = written[-1]
    assert (others.action, others.actor, others.code) == (Action.PEER_TURNED_AWAY, "peer", "peer.others_over")
    assert (others.outcome, others.counts) == (Outcome.REFUSED, {"times": 40})
    assert sum(others.sealed["addresses"].values()) == 40
    assert text_of(others.code).ja
    records.too_much("CS:new", "peer.requests_over", "10.0.0.9")
    await records.close()
    assert written[-1].actor == "CS:new", "the next minute tells them apart again"
