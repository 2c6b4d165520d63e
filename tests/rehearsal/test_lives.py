"""Lives go on: an endless, repeatable stream that every register's transition table accepts."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.contract.peer import MAX_ID, FuhyoNotice, HonninNotice, Outcome
from daemon.register.rows import FuhyoRow, HonninRow, Register
from daemon.rehearsal.events import Event, Kind
from daemon.rehearsal.lives import Lives
from daemon.rehearsal.residents import Population, Source

TODAY = date(2026, 11, 24)
Books = Callable[[Register], Any]


def first(population: Population, seed: int, number: int) -> list[Event]:
    """The first events."""
    return list(islice(Lives(population, seed).events(), number))


def filled(population: Population, books: Books) -> dict[Register, Any]:
    """Both registers after the initial load."""
    both = {register: books(register) for register in Register}
    for register, one in both.items():
        for sending in population.initial(register):
            one.take(sending.sender, sending.notice)
    return both


def test_the_tables_accept_thousands_of_events(population: Population, books: Books) -> None:
    """Every notice is applied: no refusal, no id twice, the sender's count without a gap."""
    both = filled(population, books)
    outcomes = Counter(
        both[sending.register].take(sending.sender, sending.notice).outcome
        for event in first(population, 1, 3000)
        for sending in event.sendings
    )
    assert outcomes.keys() == {Outcome.APPLIED}
    assert outcomes.total() > 4500


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 15))
def test_tiny_populations_never_run_dry(source: Source, seed: int, size: int) -> None:
    """A handful of people is enough to go on for ever."""
    events = first(Population(seed, size, TODAY, source=source), seed, 400)
    assert [event.number for event in events] == list(range(400))
    assert all(event.sendings for event in events)


def test_the_same_seed_gives_the_same_lives(population: Population) -> None:
    """And another seed gives others."""
    assert first(population, 5, 300) == first(population, 5, 300)
    assert first(population, 5, 300) != first(population, 6, 300)


@pytest.mark.parametrize("start", [0, 1, 137])
def test_a_stream_goes_on_where_it_stopped(population: Population, start: int) -> None:
    """events(start=k) is the stream from event k, with everybody where they were."""
    whole = first(population, 2, start + 50)
    assert list(islice(Lives(population, 2).events(start), 50)) == whole[start:]


def test_kinds_come_at_their_rates(population: Population) -> None:
    """Moves inside a municipality most often, then moves out; all kinds there."""
    kinds = Counter(event.kind for event in first(population, 3, 2500))
    assert kinds.keys() == set(Kind)
    assert kinds[Kind.MOVED_HOUSE] / kinds.total() == pytest.approx(0.28, abs=0.05)
    assert kinds[Kind.DIED] > 1.5 * kinds[Kind.BORN]


def test_reasons_are_the_ones_of_their_kind(population: Population) -> None:
    """A move between municipalities is 転出 at the old one, then 転入 at the new one."""
    expected = {
        Kind.BORN: {("13",)},
        Kind.FROM_ELSEWHERE: {("11",)},
        Kind.FROM_ABROAD: {("12",)},
        Kind.MOVED_HOUSE: {("31",)},
        Kind.MOVED_CITY: {("21", "11")},
        Kind.MOVED_OUT: {("21",)},
        Kind.WENT_ABROAD: {()},
        Kind.DIED: {("23",)},
        Kind.RECODED: {("51",)},
        Kind.NOT_MOVED: {("31", "37")},
        Kind.NOT_GONE: {("23", "15"), ("24", "15")},
    }
    seen: dict[Kind, set[tuple[str, ...]]] = defaultdict(set)
    kinds: set[str] = set()
    for event in first(population, 4, 3000):
        notices = [sending.notice for sending in event.sendings]
        seen[event.kind].add(tuple(one.record.reason for one in notices if isinstance(one, HonninNotice)))
        kinds |= {one.record.notice_kind for one in notices if isinstance(one, FuhyoNotice)}
        if event.kind is Kind.MOVED_CITY:
            assert event.sendings[0].sender != event.sendings[1].sender
    assert seen == expected
    assert kinds == {"1", "2", "3", "4"}


def test_whoever_gets_another_code_keeps_it(population: Population) -> None:
    """Both registers are told the old one, once; nothing is told under it again."""
    gone: set[str] = set()
    recoded = 0
    for event in first(population, 4, 3000):
        assert gone.isdisjoint(sending.notice.record.juminhyo_code for sending in event.sendings)
        if event.kind is Kind.RECODED:
            recoded += len(event.sendings) > 1
            olds = {
                one.notice.old_code if isinstance(one.notice, HonninNotice) else one.notice.record.former_code
                for one in event.sendings
            }
            assert len(olds) == 1
            gone |= olds
    assert recoded > 1


def test_nothing_happens_in_the_future_or_out_of_order(population: Population) -> None:
    """Every date lies in the last fortnight, or on the day of the person's last event; never back in time."""
    last: dict[tuple[Register, str], str] = {
        (register, one.notice.record.juminhyo_code): one.notice.record.event_date.code
        for register in Register
        for one in population.initial(register)
    }
    for event in first(population, 8, 3000):
        for sending in event.sendings:
            record = sending.notice.record
            who, day = (sending.register, record.juminhyo_code), record.event_date.code
            assert f"{TODAY - timedelta(days=13):%Y%m%d}" <= day <= f"{TODAY:%Y%m%d}"
            assert day >= last.get(who, "")
            last[who] = day


def test_ids_name_one_notice_for_ever(population: Population) -> None:
    """Unique over the stream, in the permitted characters, and apart from those of the initial load."""
    ids = [one.notice.id for event in first(population, 9, 2000) for one in event.sendings]
    initial = {one.notice.id for register in Register for one in population.initial(register)}
    assert len(set(ids)) == len(ids)
    assert initial.isdisjoint(ids)
    assert all(re.fullmatch(rf"[A-Za-z0-9._-]{{1,{MAX_ID}}}", one) for one in ids)


def test_both_registers_agree_on_where_people_live(population: Population, books: Books) -> None:
    """After years of moves, whoever is present in `honnin` has the same address in `fuhyo`."""
    both = filled(population, books)
    for event in first(population, 10, 2500):
        for sending in event.sendings:
            both[sending.register].take(sending.sender, sending.notice)
    pairs = [
        (row, both[Register.FUHYO].rows[code])
        for code, row in both[Register.HONNIN].rows.items()
        if isinstance(row, HonninRow) and row.struck_flag == "0" and code in both[Register.FUHYO].rows
    ]
    assert len(pairs) > 300
    for one, other in pairs:
        assert isinstance(other, FuhyoRow)
        assert (one.address, one.municipality) == (other.address, other.address_municipality)
        assert other.status == "1"
