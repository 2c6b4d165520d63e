"""The ceremony under a clumsy console, an absent token and a process that is killed between any two of its effects.

Whatever happens: the token is never asked twice with a PIN that it refuses, it is touched only after everyone has
verified their share twice, and the papers of the ceremony that touched it give its PINs.
"""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hsm.ceremony import shares
from hsm.ceremony.pins import Role, derive
from hsm.ceremony.protocol import (
    Abandon,
    Answer,
    Enter,
    Give,
    Initialise,
    Look,
    Phase,
    Picture,
    Request,
    Sheet,
    Show,
)
from tests.hsm.ceremony.desks import LABEL, NAMES, KilledError, World, beginning

T = TypeVar("T")


class Ceremonies(RuleBasedStateMachine):
    """One register through any number of processes."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World()
        self.desk = self.run(self.world.started())
        self.papers: dict[str, dict[int, list[str]]] = {}
        """What was shown, by ceremony and holder: nobody throws a paper away."""
        self.picture = Picture(register="honnin", phase=Phase.IDLE)
        self.touched_by = ""

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    def ask(self, request: Request) -> Answer | None:
        """The answer; None where the process was killed meanwhile, and a new one took over."""
        try:
            answer = self.run(self.desk.ask(request))
        except KilledError:
            self.restart()
            return None
        if isinstance(answer, Picture):
            self.picture = answer
        return answer

    @initialize()
    def look(self) -> None:
        self.ask(Look())

    @rule()
    def restart(self) -> None:
        self.world.fuse.left = None
        self.desk = self.run(self.world.started())
        self.picture = self.run(self.desk.does(Look()))

    @rule()
    def token_goes_or_comes(self) -> None:
        self.world.token.away = not self.world.token.away

    @rule(quorum=st.sampled_from([(2, 2), (2, 3), (3, 4)]))
    def begin(self, quorum: tuple[int, int]) -> None:
        threshold, count = quorum
        self.ask(beginning(threshold=threshold, names=NAMES[:count]))

    @rule(steps=st.integers(1, 12), fuse=st.none() | st.integers(1, 30))
    def goes_on(self, steps: int, fuse: int | None) -> None:
        """So many steps as they should be, with a kill somewhere."""
        self.world.fuse.left = fuse
        for _ in range(steps):
            self.next_step()

    def next_step(self) -> None:
        picture, papers = self.picture, self.papers.setdefault(self.picture.ceremony, {})
        if picture.phase in {Phase.IDLE, Phase.VOID}:
            self.begin((2, 3))
        elif picture.phase is Phase.SHARING and picture.turn not in papers:
            answer = self.ask(Show(picture.ceremony, picture.turn))
            if isinstance(answer, Sheet):
                papers[picture.turn] = answer.words
        elif picture.phase in {Phase.SHARING, Phase.CHECKING}:
            self.ask(Enter(picture.ceremony, papers[picture.turn]))
        elif picture.phase is Phase.INITIALISING and not picture.ready:
            missing = next(holder for holder in papers if holder not in picture.given)
            self.ask(Enter(picture.ceremony, papers[missing]))
        elif picture.ready:
            self.initialise()

    @precondition(lambda self: any(self.papers.values()))
    @rule(data=st.data())
    def somebody_enters_something(self, data: st.DataObject) -> None:
        papers = data.draw(st.sampled_from([papers for papers in self.papers.values() if papers]))
        self.ask(Enter(self.picture.ceremony, data.draw(st.sampled_from(list(papers.values())))))

    @precondition(
        lambda self: self.picture.phase is Phase.CHECKED or self.picture.phase is Phase.INITIALISING
    )
    @rule()
    def initialise(self) -> None:
        ceremony = self.picture.ceremony
        blank = not self.world.token.label
        self.ask(Initialise(ceremony))
        if blank and self.world.token.label:
            self.touched_by = ceremony

    @precondition(lambda self: self.picture.phase is not Phase.DONE)
    @rule(sure=st.integers(0, 5))
    def abandon(self, sure: int) -> None:
        # Once the token is touched, whoever gives up throws its keys away: that is theirs to decide, not ours.
        if sure == 0 and not self.touched_by:
            self.ask(Abandon(self.picture.ceremony))

    @precondition(lambda self: self.touched_by and self.picture.waiting)
    @rule()
    def holders_give(self) -> None:
        papers = list(self.papers[self.touched_by].values())
        for paper in papers:
            self.ask(Give(paper))
        if self.desk.opened:
            assert self.desk.opened == {LABEL: self.world.token.pin}

    @invariant()
    def no_pin_is_refused(self) -> None:
        assert self.world.token.wrong_tries == 0

    @invariant()
    def the_papers_open_what_they_touched(self) -> None:
        token = self.world.token
        if not token.label:
            return
        papers = [" ".join(paper) for paper in self.papers[self.touched_by].values()]
        threshold = shares.read(papers[0].split()).threshold
        secret = shares.combine(papers[-threshold:])
        so_pin, pin = (derive(secret, self.touched_by, role, 26) for role in (Role.SO, Role.USER))
        assert token.so_pin == so_pin
        assert token.pin in {b"", pin}

    @invariant()
    def done_means_done(self) -> None:
        if self.picture.phase is Phase.DONE:
            assert self.world.token.pin

    def teardown(self) -> None:
        self.runner.close()


TestCeremonies = Ceremonies.TestCase
TestCeremonies.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
