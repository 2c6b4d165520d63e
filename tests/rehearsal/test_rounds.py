"""Municipalities of a rehearsal compare their records: what they have is what the register has, but for what was planted."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.contract.reconciliation import BEGIN, RESULT, Begin, Mode, Phase, ResultQuery
from daemon.errors import AuthorityError
from daemon.register.codes import MUNICIPALITIES
from daemon.register.reconcile import belongs, differing
from daemon.register.rows import Record, Register
from daemon.rehearsal import rounds
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.flaws import ENOUGH, flawed
from daemon.rehearsal.numbers import Numbers
from daemon.rehearsal.residents import Population
from daemon.rehearsal.rounds import Turn, compare, go_round, turns
from daemon.rehearsal.shelves import Followed, Shelves
from tests.commands.reconciliation.comparing import HERE, Direct, naive, person, put, settled, small
from tests.conftest import Bench

EVENTS = 1500


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    monkeypatch.setattr(rounds, "SOON", 0)
    monkeypatch.setattr(rounds, "REST", 0)
    monkeypatch.setattr(rounds, "PAUSE", 0.005)


def lived(population: Population, start: int, until: int) -> tuple[Shelves, list[Any]]:
    """Shelves after `until` events, of which those from `start` on are sent; and the events."""
    shelves = Shelves()
    shelves.fill(population)
    lives = Followed(population, 1, shelves)
    events = []
    for event in islice(lives.events(start), until - start):
        events.append(event)
        lives.over()
    return shelves, events


def test_shelves_hold_what_the_registers_hold(
    population: Population, books: Callable[[Register], Any]
) -> None:
    """Whom a municipality has, and as what, after births, moves, deaths, other codes and mistakes."""
    shelves, events = lived(population, 0, EVENTS)
    both = {register: books(register) for register in Register}
    for register, one in both.items():
        for sending in population.initial(register):
            one.take(sending.sender, sending.notice)
    for event in events:
        for sending in event.sendings:
            both[sending.register].take(sending.sender, sending.notice)
    for register, one in both.items():
        for code in MUNICIPALITIES:
            rows = {
                row.juminhyo_code: row
                for row in one.rows.values()
                if belongs(row, code, register, population.today)
            }
            have = {record.juminhyo_code: record for record in shelves.records(register, code)}
            assert rows.keys() == have.keys()
            assert not any(differing(have[who], row, register) for who, row in rows.items())


def test_taking_up_again_finds_the_shelves_as_they_were(small: Population) -> None:
    whole, _ = lived(small, 0, 60)
    again, events = lived(small, 40, 60)
    assert [event.number for event in events] == list(range(40, 60))
    for register in Register:
        for code in MUNICIPALITIES:
            assert again.records(register, code) == whole.records(register, code)


def test_what_is_being_sent_is_not_on_the_shelves_yet(small: Population) -> None:
    shelves = Shelves()
    lives = Followed(small, 1, shelves)
    event = next(lives.events())
    (first, *_) = event.sendings
    assert not shelves.records(first.register, first.sender)
    lives.over()
    lives.over()
    assert sum(len(shelves.records(register, code)) for register in Register for code in MUNICIPALITIES) > 0


@given(seed=st.integers(0, 2**32), size=st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_one_is_lost_one_unknown_and_two_differ(seed: int, size: int) -> None:
    records = [person(Register.HONNIN, number) for number in range(size)]
    spoilt = flawed(records, Dice(seed), Numbers(seed))
    found = Counter(kind for kind, _, _ in naive(Register.HONNIN, records, spoilt))
    if size < ENOUGH:
        assert not found
    else:
        assert (found["only_here"], found["only_there"]) == (1, 1)
        assert found["differs"] in {0, 2}  # none where both have the same reading
        assert len(spoilt) == len(records)
        assert len({record.juminhyo_code for record in spoilt}) == len(spoilt)


def test_everybody_has_a_turn_and_both_modes_find_something_in_each_register() -> None:
    every = list(turns())
    assert Counter((turn.register, turn.municipality) for turn in every) == Counter(
        (register, code) for register in Register for code in MUNICIPALITIES
    )
    kinds = {(turn.register, turn.mode, turn.spoilt) for turn in every}
    assert kinds == {
        (register, mode, spoilt) for register in Register for mode in Mode for spoilt in (True, False)
    }


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("mode", list(Mode))
async def test_a_run_that_was_left_over_is_given_up_first(honnin: Bench, mode: Mode) -> None:
    people = [person(Register.HONNIN, number) for number in range(1, 12)]
    await put(honnin, *([one] for one in people))
    line = Direct(honnin)
    left = await line.ask(BEGIN, Begin(mode=Mode.FULL, records=9))
    outcome = await compare(line, Turn(Register.HONNIN, HERE, mode, spoilt=False), people[:-1])
    assert outcome.result.run != left.run
    assert (outcome.result.mode, outcome.result.counts) == (mode, {"only_here": 1})
    await settled(honnin)


@pytest.mark.usefixtures("_small")
async def test_a_round_goes_on_over_whoever_cannot_compare(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One municipality is refused; those before and after it have their results."""
    places = sorted(MUNICIPALITIES)[:4]
    people = [person(Register.HONNIN, n, municipality=places[n % 4]) for n in range(1, 60)]
    await put(honnin, *([one] for one in people))

    class Refused(Direct):
        async def ask(self, endpoint: Any, message: object) -> Any:
            if endpoint is BEGIN and self.sender == places[1]:
                raise AuthorityError("notice.wrong_sender")
            return await super().ask(endpoint, message)

    class Held(Shelves):
        def records(self, register: Register, municipality: str) -> list[Record]:
            assert register is Register.HONNIN
            return [one for one in people if one.municipality == municipality]

    def line(_: Register, municipality: str) -> AbstractAsyncContextManager[Any]:
        @asynccontextmanager
        async def opened() -> Any:
            yield Refused(honnin, municipality)

        return opened()

    some = [Turn(Register.HONNIN, place, Mode.FULL, spoilt=place == places[0]) for place in places]
    monkeypatch.setattr(rounds, "turns", lambda: iter(some))
    await go_round(Held(), line, 3)  # type: ignore[arg-type]
    results = {
        place: await Direct(honnin, place).ask(RESULT, ResultQuery())
        for place in places
        if place != places[1]
    }
    assert {result.phase for result in results.values()} == {Phase.DONE}
    assert {place: bool(result.counts) for place, result in results.items()} == {
        places[0]: True, places[2]: False, places[3]: False,
    }  # fmt: skip
    await settled(honnin)
