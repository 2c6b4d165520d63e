"""What a peer may do: buckets, counts and bounds, with a clock moved by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config import Limits
from daemon.errors import TooFastError
from daemon.peers import limits as module
from daemon.peers.limits import Allowance, Bucket, Doorstep, Room

STEPS = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 30)), max_size=60)


@given(st.floats(0.1, 100), st.floats(1, 100), STEPS)
def test_never_more_than_a_burst_and_what_flowed_in_is_taken(
    rate: float, burst: float, steps: list[tuple[float, float]]
) -> None:
    bucket, now, taken = Bucket(rate, burst), 0.0, 0.0
    for pause, amount in steps:
        now += pause
        if bucket.take(amount, now) == 0.0:
            taken += amount
        assert taken <= burst + rate * now + 1e-6


@given(st.floats(0.1, 100), st.floats(1, 100), STEPS, st.floats(0.01, 1))
def test_after_the_seconds_told_it_is_there(
    rate: float, burst: float, steps: list[tuple[float, float]], part: float
) -> None:
    bucket, now = Bucket(rate, burst), 0.0
    for pause, amount in steps:
        now += pause
        bucket.spend(amount, now)
    wanted = burst * part
    wait = bucket.take(wanted, now)
    if wait:
        assert bucket.take(wanted, now + wait * 0.9 - 1e-6) > 0
        assert bucket.take(wanted, now + wait + 1e-6) == pytest.approx(0.0, abs=1e-9)


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    bucket = Bucket(1, 1)
    assert bucket.take(1, 100) == 0
    assert bucket.take(1, 100) == 1
    assert bucket.take(1, 50) == 1


def test_requests_are_counted_for_a_second_and_at_once() -> None:
    allowance = Allowance(Limits(requests=1, requests_burst=2, in_flight=2))
    allowance.begin(0)
    allowance.begin(0)
    with pytest.raises(TooFastError, match=r"peer\.in_flight_over"):
        allowance.begin(0)
    allowance.end()
    with pytest.raises(TooFastError, match=r"peer\.requests_over") as refused:
        allowance.begin(0.25)
    assert refused.value.after == 0.75
    assert refused.value.status == 429
    allowance.begin(1)


def test_bytes_are_paid_before_the_next_request() -> None:
    allowance = Allowance(Limits(volume=10, volume_burst=10))
    assert allowance.spend(10, 0) == 0
    assert allowance.spend(20, 0) == 2
    with pytest.raises(TooFastError, match=r"peer\.bytes_over"):
        allowance.begin(1.9)
    allowance.begin(2)


def test_connections_are_counted() -> None:
    allowance = Allowance(Limits(connections=1))
    assert allowance.connect()
    assert not allowance.connect()
    allowance.connections -= 1
    assert allowance.connect()


def test_handshakes_of_one_address_leave_those_of_another_alone() -> None:
    doorstep = Doorstep(Limits(handshakes=1, handshakes_burst=3, handshakes_at_once=2, handshakes_total=3))
    assert [doorstep.enter("a", 0) for _ in range(3)] == [True, True, False]
    assert [doorstep.enter("b", 0) for _ in range(2)] == [True, False]
    for address in ("a", "a", "b"):
        doorstep.leave(address)
    assert [doorstep.enter("a", 0.0), doorstep.enter("a", 0.0)] == [True, False]
    assert doorstep.enter("a", 1.0)


def test_so_many_addresses_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ADDRESSES", 3)
    doorstep = Doorstep(Limits(handshakes=1, handshakes_burst=1))
    for address in "abc":
        assert doorstep.enter(address, 0)
        doorstep.leave(address)
    assert not doorstep.enter("d", 0)
    assert doorstep.enter("d", 1)
    assert len(doorstep._buckets) == 1


@given(st.lists(st.integers(0, 60), max_size=20))
def test_room_is_given_back_whatever_happens(sizes: list[int]) -> None:
    room = Room(50)
    for size in sizes:
        try:
            with room.held(size), pytest.raises(TooFastError, match=r"peer\.busy"), room.held(51 - size):
                pass
        except TooFastError:
            assert size > 50
    with room.held(50):
        pass
