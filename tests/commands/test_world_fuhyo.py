"""Random lives as `fuhyo` hears of them: the world of `test_world.py` with its notices, its rules and its standings."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from daemon.rehearsal.pki import Pki
from tests.commands.world.draws import CITY, FUHYO_CHANGES, FUHYO_EVENTS, MOST, PERSON, WORLDS
from tests.commands.world.errors import ANEW, FUHYO_ERRORS
from tests.commands.world.machine import Machine, run_worlds
from tests.commands.world.sides import FUHYO

COUNT = WORLDS // 3


class FuhyoWorld(Machine):
    """People whose 附票 three cities keep."""

    side = FUHYO

    @initialize(city=CITY)
    def first(self, city: str) -> None:
        self.lives.newcomer(city, "1")

    @precondition(lambda self: len(self.lives.now) < MOST)
    @rule(city=CITY)
    def newcomer(self, city: str) -> None:
        self.lives.newcomer(city, "1")

    @rule(person=PERSON, events=FUHYO_EVENTS)
    def happens(self, person: int, events: list[tuple[str, str]]) -> None:
        self.come_about(person, events)

    @rule(person=PERSON, events=FUHYO_EVENTS)
    def happens_and_is_told(self, person: int, events: list[tuple[str, str]]) -> None:
        """Each city in turn says everything in order."""
        self.come_about(person, events)
        self.all_is_told()

    @rule(person=PERSON, events=FUHYO_CHANGES, apart=st.booleans(), heard=st.booleans())
    def codes_change(self, *, person: int, events: list[tuple[str, str]], apart: bool, heard: bool) -> None:
        """One after the other in the same commit, in one piece of work or each in its own."""
        self.come_about(person, events)
        self.deliver(self.stage.queues(), heard=heard, apart=apart)

    @rule(
        person=PERSON, hows=st.lists(st.sampled_from([*FUHYO_ERRORS, *ANEW, *ANEW]), min_size=1, max_size=4)
    )
    def errs(self, person: int, hows: list[str]) -> None:
        """A city says what is wrong, or what it said last once more, with another notice or day."""
        self.come_about(person, [(how, "") for how in hows])


@pytest.mark.timeout(60 * max(15, COUNT))
def test_fuhyo_is_what_the_cities_said(
    pki: Pki, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_worlds(FuhyoWorld, COUNT, pki, tmp_path_factory, monkeypatch)
