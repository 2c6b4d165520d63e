"""A world that runs in a loop of its own, step by step; and what can come about in it, whichever the register is."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from daemon.rehearsal.pki import Pki
from tests.commands.world.batches import Batches
from tests.commands.world.draws import CITY, PERSON, PICKS
from tests.commands.world.ends import Backup, killed, killed_while_notices_come
from tests.commands.world.errors import comes_about
from tests.commands.world.operators import cancelled
from tests.commands.world.sides import Side
from tests.commands.world.stage import Stage
from tests.store.kills import Kills

T = TypeVar("T")
STEPS = 40


class Machine(RuleBasedStateMachine):
    """A stage, and whether it can still be asked: three cities, a register, a national server."""

    side: ClassVar[Side]

    def __init__(self, pki: Pki, folder: Path, kills: Kills) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.broken = False
        self.stage = self.run(Stage.open(self.side, pki, folder, kills))
        self.lives = self.stage.lives
        self.backup: Backup | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it, and remember whether it failed: then nothing else can be told of this world."""
        try:
            return self.runner.run(work)
        except BaseException:
            self.broken = True
            raise

    def deliver(self, batches: Batches, *, heard: bool = True, apart: bool = False) -> None:
        self.run(self.stage.deliver(batches, heard=heard, apart=apart))

    def come_about(self, person: int, events: list[tuple[str, str]]) -> None:
        """One after the other, to one person."""
        for what, city in events:
            comes_about(self.lives, person % len(self.lives.now), what, city)

    def all_is_told(self) -> None:
        """By each city in turn, in order."""
        for code in self.lives.cities:
            self.deliver({code: self.stage.queues()[code]})

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.run(self.stage.settle())
        finally:
            self.runner.run(self.stage.close())
            self.runner.close()

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
                self.run(cancelled(self.stage, pick % len(holds), operator))

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
            self.run(killed_while_notices_come(self.stage, city, steps))
        else:
            self.run(killed(self.stage, self.stage.tell, steps))

    @rule(put_back=st.sampled_from([True, True, False]), ahead=st.booleans(), heard=st.booleans())
    def a_backup_is_made_or_put_back(self, *, put_back: bool, ahead: bool, heard: bool) -> None:
        """Put back where something came since it was made; the projection's file may be ahead of it then."""
        if self.backup is None or not put_back or not self.backup.is_older(self.stage):
            self.backup = self.run(Backup.of(self.stage))
            return
        if ahead:
            self.run(self.stage.bench.open.merger.merge())
        self.run(self.backup.put_back(self.stage, heard=heard))

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


def run_worlds(
    of: type[Machine], count: int, pki: Pki, folders: pytest.TempPathFactory, patch: pytest.MonkeyPatch
) -> None:
    """So many worlds, each in a folder of its own."""
    kills = Kills(Path(), Path())
    kills.install(patch)
    run_state_machine_as_test(
        lambda: of(pki, folders.mktemp("world"), kills),  # type: ignore[arg-type]  # called for each world
        settings=settings(
            max_examples=count,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
