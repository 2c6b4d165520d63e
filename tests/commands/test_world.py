"""Random lives, told by several cities over lines that lose, double and reorder, to a register that is killed now and then.

Beside it stands a model that knows nothing but the notices in the order in which they came in. After each step the register
holds what the model says; at the end, when everything was delivered, so do the national server and the log.
JUKURA_WORLDS=500 makes a long run.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from daemon.rehearsal.pki import Pki
from tests.commands.world.draws import CHANGES, CITY, EVENTS, MOST, PERSON, PICKS
from tests.commands.world.errors import ANEW, ERRORS, comes_about
from tests.commands.world.lives import CITIES
from tests.commands.world.machine import Machine
from tests.store.kills import Kills

WORLDS = int(os.environ.get("JUKURA_WORLDS", "25"))
STEPS = 40


class World(Machine):
    """Three cities, a register, a national server."""

    # Lives.

    @initialize(city=CITY)
    def first(self, city: str) -> None:
        self.lives.newcomer(city, "12")

    @precondition(lambda self: len(self.lives.now) < MOST)
    @rule(city=CITY, reason=st.sampled_from(["12", "13", "14"]))
    def newcomer(self, city: str, reason: str) -> None:
        self.lives.newcomer(city, reason)

    @rule(person=PERSON, events=EVENTS)
    def happens(self, person: int, events: list[tuple[str, str]]) -> None:
        for what, city in events:
            comes_about(self.lives, person % len(self.lives.now), what, city)

    @rule(person=PERSON, events=EVENTS)
    def happens_and_is_told(self, person: int, events: list[tuple[str, str]]) -> None:
        """Each city in turn says everything in order."""
        self.happens(person, events)
        for code in CITIES:
            self.deliver({code: self.stage.queues()[code]})

    @rule(person=PERSON, events=CHANGES, apart=st.booleans(), heard=st.booleans())
    def codes_and_numbers_change(
        self, *, person: int, events: list[tuple[str, str]], apart: bool, heard: bool
    ) -> None:
        """One after the other in the same commit, in one piece of work or each in its own."""
        self.happens(person, events)
        self.deliver(self.stage.queues(), heard=heard, apart=apart)

    @rule(person=PERSON, how=st.sampled_from([*ERRORS, *ANEW, *ANEW]))
    def errs(self, person: int, how: str) -> None:
        """A city says what is wrong, or what it said last once more, with another reason or day."""
        comes_about(self.lives, person % len(self.lives.now), how, "")

    # The lines.

    @rule(city=CITY, picks=PICKS, heard=st.booleans())
    def some_arrive(self, *, city: str, picks: list[int], heard: bool) -> None:
        """In any order, some twice; the answer may be lost."""
        queue = self.stage.queues()[city]
        self.deliver({city: [queue[pick % len(queue)] for pick in picks] if queue else []}, heard=heard)

    @rule(heard=st.booleans(), backwards=st.booleans())
    def all_arrive_at_once(self, *, heard: bool, backwards: bool) -> None:
        """Of all cities."""
        turn = -1 if backwards else 1
        self.deliver({code: batch[::turn] for code, batch in self.stage.queues().items()}, heard=heard)

    @rule(city=CITY, pick=st.integers(0, 30), letters=st.booleans())
    def comes_back(self, *, city: str, pick: int, letters: bool) -> None:
        """Reports are fetched, and what was given back is said again; or what was answered long ago comes once more."""
        said = self.lives.cities[city].said
        if letters:
            self.run(self.stage.letters(city))
        elif said:
            self.deliver({city: [said[pick % len(said)]]}, heard=False)

    @precondition(lambda self: self.stage.model.holds)
    @rule(pick=st.integers(0, 5), operators=st.lists(st.sampled_from("abc>"), min_size=2, max_size=4))
    def a_wait_is_to_be_cancelled(self, pick: int, operators: list[str]) -> None:
        """By people who ask one after the other; `>` is a day."""
        for operator in operators:
            if operator == ">":
                self.days_pass(days=1, looked=False)
            elif holds := self.stage.model.holds:
                self.run(self.stage.cancelled(pick % len(holds), operator))

    # The machine and the clock.

    @rule(days=st.sampled_from([1, 3, 14, 15]), looked=st.booleans())
    def days_pass(self, *, days: int, looked: bool) -> None:
        self.run(self.stage.days(days, looked=looked))

    @rule(
        how=st.sampled_from(["merge", "start", "kill", "kill", "kill telling"]),
        city=CITY,
        steps=st.integers(1, 30),
    )
    def ends(self, how: str, city: str, steps: int) -> None:
        """It is started again, killed at its work; or writes its projection anew."""
        if how == "merge":
            self.run(self.stage.bench.open.merger.merge())
        elif how == "start":
            self.run(self.stage.reopen())
        elif how == "kill":
            self.run(self.stage.killed_while_notices_come(city, steps))
        else:
            self.run(self.stage.killed(self.stage.tell, steps))

    # The national server.

    @rule(away=st.booleans(), lose=st.integers(0, 2), refused=st.one_of(st.none(), PERSON))
    def the_national_server_fails(self, *, away: bool, lose: int, refused: int | None) -> None:
        people = self.stage.model.people[refused : refused + 1] if refused is not None else []
        nation = self.stage.nation
        nation.away, nation.lose = away, lose
        nation.refused = {code for person in people for code in person.codes}

    @rule(again=st.booleans())
    def the_register_tells(self, *, again: bool) -> None:
        self.run(self.stage.tell(again=again))

    @rule(first=st.integers(1, 20), more=st.integers(0, 20), now=st.booleans())
    def the_national_server_asks_again(self, *, first: int, more: int, now: bool) -> None:
        self.run(self.stage.again(first, first + more))
        if now:
            self.run(self.stage.tell())

    # What must hold.

    @invariant()
    def the_register_is_as_the_model(self) -> None:
        if not self.broken:
            self.run(self.stage.check())


@pytest.mark.timeout(60 * max(15, WORLDS))
def test_the_register_is_what_the_cities_said(
    pki: Pki, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = Kills(Path(), Path())
    kills.install(monkeypatch)

    def world() -> World:
        return World(pki, tmp_path_factory.mktemp("world"), kills)

    run_state_machine_as_test(
        world,  # type: ignore[arg-type]  # called for each world
        settings=settings(
            max_examples=WORLDS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
