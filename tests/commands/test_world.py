"""Random lives, told by several cities over lines that lose, double and reorder, to a register that is killed now and then.

Beside it stands a model that knows nothing but the notices in the order in which they came in. After each step the register
holds what the model says; at the end, when everything was delivered, so do the national server and the log. Now and then the
register is put back to what an older backup holds, and the cities say again what they have said since.
JUKURA_WORLDS=500 makes a long run. What both registers share lies in `world/machine.py`; here is what `honnin` has of its own.
"""

from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from daemon.rehearsal.pki import Pki
from tests.commands.world.announcing import Boundary, Deed
from tests.commands.world.draws import CHANGES, CITY, EVENTS, MOST, PERSON, WORLDS
from tests.commands.world.errors import ANEW, ERRORS
from tests.commands.world.machine import Machine, run_worlds
from tests.commands.world.operators import boundary
from tests.commands.world.sides import HONNIN

COUNT = WORLDS * 2 // 3


class World(Machine):
    """Residents of three cities."""

    side = HONNIN

    @initialize(city=CITY)
    def first(self, city: str) -> None:
        self.lives.newcomer(city, "12")

    @precondition(lambda self: len(self.lives.now) < MOST)
    @rule(city=CITY, reason=st.sampled_from(["12", "13", "14"]))
    def newcomer(self, city: str, reason: str) -> None:
        self.lives.newcomer(city, reason)

    @rule(person=PERSON, events=EVENTS)
    def happens(self, person: int, events: list[tuple[str, str]]) -> None:
        self.come_about(person, events)

    @rule(person=PERSON, events=EVENTS)
    def happens_and_is_told(self, person: int, events: list[tuple[str, str]]) -> None:
        """Each city in turn says everything in order."""
        self.come_about(person, events)
        self.all_is_told()

    @rule(person=PERSON, events=CHANGES, apart=st.booleans(), heard=st.booleans())
    def codes_and_numbers_change(
        self, *, person: int, events: list[tuple[str, str]], apart: bool, heard: bool
    ) -> None:
        """One after the other in the same commit, in one piece of work or each in its own."""
        self.come_about(person, events)
        self.deliver(self.stage.queues(), heard=heard, apart=apart)

    @rule(person=PERSON, hows=st.lists(st.sampled_from([*ERRORS, *ANEW, *ANEW]), min_size=1, max_size=4))
    def errs(self, person: int, hows: list[str]) -> None:
        """A city says what is wrong, or what it said last once more, with another reason or day."""
        self.come_about(person, [(how, "") for how in hows])

    @rule(
        person=PERSON,
        new=CITY,
        ahead=st.sampled_from([-2, 0, 0, 0, 3]),
        operators=st.sampled_from(["ab", "ab", "ab", "a", "aa", "b>a", "aba"]),
        slip=st.booleans(),
        told=st.booleans(),
    )
    def a_city_becomes_part_of_another(
        self, *, person: int, new: str, ahead: int, operators: str, slip: bool, told: bool
    ) -> None:
        """As people announce who ask one after the other; then that one says so of everybody whom it gets."""
        old = self.lives.now[person % len(self.lives.now)].municipality
        if old != new:
            self.asked(Deed.ANNOUNCE, (old, new, self.lives.today + timedelta(days=ahead)), operators)
            for one, record in enumerate(list(self.lives.now)):
                if record.municipality == old:
                    self.come_about(one, [("on another day", new)] if slip else [])
                    self.come_about(one, [("annexed", new)])
            if told:
                self.all_is_told()

    @precondition(lambda self: self.lives.announced)
    @rule(pick=st.integers(0, 5), operators=st.sampled_from(["ab", "ab", "a", "b>a"]))
    def a_city_is_to_remain(self, pick: int, operators: str) -> None:
        """What was announced is to be taken back, which is possible until its day."""
        announced = self.lives.announced
        self.asked(Deed.WITHDRAW, announced[pick % len(announced)], operators)

    def asked(self, deed: Deed, of: Boundary, operators: str) -> None:
        """By one after the other; `>` is a day."""
        for operator in operators:
            if operator == ">":
                self.days_pass(days=1, looked=False)
            else:
                self.run(boundary(self.stage, deed, of, operator))


@pytest.mark.timeout(60 * max(15, COUNT))
def test_the_register_is_what_the_cities_said(
    pki: Pki, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_worlds(World, COUNT, pki, tmp_path_factory, monkeypatch)
