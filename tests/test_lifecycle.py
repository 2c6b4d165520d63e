"""The daemon's life: the table walked cell by cell, and reasons that come and go."""

import pytest

from daemon.contract.console import Reason, State
from daemon.errors import StateError
from daemon.lifecycle import MOVES, SERVING, Lifecycle

Told = list[tuple[State, tuple[Reason, ...]]]


def life(state: State) -> tuple[Lifecycle, Told]:
    told: Told = []
    made = Lifecycle(lambda now, reasons: told.append((now, reasons)))
    made.state = state
    return made, told


@pytest.mark.parametrize("start", State)
@pytest.mark.parametrize("to", State)
def test_every_move_is_in_the_table_or_raises_and_changes_nothing(start: State, to: State) -> None:
    made, told = life(start)
    if to in MOVES[start]:
        made.move(to)
        assert (made.state, told) == (to, [(to, ())])
    else:
        with pytest.raises(StateError, match=r"state\.illegal_move"):
            made.move(to)
        assert (made.state, told) == (start, [])


@pytest.mark.parametrize("state", State)
def test_serving_or_the_reason_why_not(state: State) -> None:
    made, _ = life(state)
    if state in SERVING:
        made.require_serving()
    else:
        with pytest.raises(StateError) as refused:
            made.require_serving()
        assert refused.value.code == f"state.{state}"
    assert (state in SERVING) == (state in {State.READY, State.DEGRADED})


def test_reasons_degrade_and_their_end_makes_ready_again() -> None:
    made, told = life(State.READY)
    made.set(Reason.TOKEN_AWAY, given=True)
    made.set(Reason.NATIONAL_AWAY, given=True)
    made.set(Reason.TOKEN_AWAY, given=True)
    made.set(Reason.TOKEN_AWAY, given=False)
    assert (made.state, made.reasons) == (State.DEGRADED, [Reason.NATIONAL_AWAY])
    made.set(Reason.NATIONAL_AWAY, given=False)
    assert (made.state, made.reasons) == (State.READY, [])
    assert [state for state, _ in told] == [State.DEGRADED] * 3 + [State.READY]


def test_a_reason_known_while_sealed_counts_when_it_opens() -> None:
    made, _ = life(State.SEALED)
    states = []
    made.set(Reason.DISK_LOW, given=True)
    states.append(made.state)
    made.unsealed()
    states.append(made.state)
    assert states == [State.SEALED, State.DEGRADED]


@pytest.mark.parametrize("state", [State.STARTING, State.SEALED, State.STOPPING])
def test_reasons_never_bring_a_register_to_serve(state: State) -> None:
    made, _ = life(state)
    made.set(Reason.DISK_LOW, given=True)
    made.set(Reason.DISK_LOW, given=False)
    assert made.state is state
