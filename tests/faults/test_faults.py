"""A dozen faults under load: nothing acknowledged is lost, nothing is done twice, and all is well again by itself."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.contract.peer import Outcome
from daemon.rehearsal.ledger import Entry
from tests.faults.cycles import Cycle, Fault
from tests.faults.feeder import Answers, quantile
from tests.faults.figures import figures
from tests.faults.run import Left, Plan, go
from tests.processes import mentioning

pytestmark = pytest.mark.timeout(400)

CYCLES = 12


@pytest.fixture(scope="module")
def left() -> Iterator[Left]:
    # Not below pytest's own folder: that one lets nobody else in, and sockets want short paths.
    root = Path(tempfile.mkdtemp(prefix="jukura-faults-", dir="/tmp"))
    root.chmod(0o755)
    yield go(root, Plan(CYCLES))
    assert mentioning(root) == []
    shutil.rmtree(root)


def test_every_kind_of_fault_was_survived_by_itself(left: Left) -> None:
    assert {cycle.fault for cycle in left.cycles} == set(Fault)
    found = figures(left).cycles
    assert found["all"]["cycles"] == CYCLES
    # On a machine that does nothing else it is under 2 s: `python -m tests.faults --cycles 200` tells.
    assert found["all"]["covered_longest"] < 6


def test_nothing_acknowledged_was_lost_and_nothing_was_done_twice(left: Left) -> None:
    found = figures(left)
    assert found.acknowledged > 100
    assert (found.lost, found.doubled, found.refused) == (0, 0, 0)


def test_notices_are_acknowledged_while_the_token_is_away(left: Left) -> None:
    assert figures(left).answer_longest < 3


def test_the_log_verifies_over_every_fault(left: Left) -> None:
    assert left.verify.returncode == 0, left.verify.stdout
    assert left.sizes == sorted(set(left.sizes))
    assert left.sizes[-1] == len(left.leaves)
    assert len(left.sizes) > CYCLES


# The figures themselves.


def sound() -> Left:
    """What a run leaves in which two notices were sent."""
    answers = Answers()
    answers.acknowledged |= {"a", "b"}
    answers.outcomes[Outcome.APPLIED] += 2
    answers.seconds += [0.1, 0.2]
    return Left(
        cycles=[Cycle(Fault.CUT, 1.0, 0.5, 0.7), Cycle(Fault.CUT, 1.0, 1.5, 1.6)],
        answers=answers,
        rows=2,
        ledger={"a": Entry(1, 1, late=False), "b": Entry(1, 3, late=False)},
        leaves=[{"action": "notice.applied"}, {"action": "key.made"}, {"action": "notice.applied"}],
        sizes=[1, 3],
        verify=subprocess.CompletedProcess([], 0, "", ""),
    )


def test_a_sound_run_has_nothing_lost_or_doubled() -> None:
    found = figures(sound())
    assert (found.acknowledged, found.lost, found.doubled, found.checkpoints) == (2, 0, 0, 2)
    assert found.cycles["cut"] == found.cycles["all"]
    assert found.cycles["all"] == {
        "cycles": 2,
        "p50": 0.5,
        "p99": 1.5,
        "longest": 1.5,
        "covered_p50": 0.7,
        "covered_p99": 1.6,
        "covered_longest": 1.6,
    }
    assert found.cycles["stall"]["cycles"] == 0


def test_whatever_is_lost_or_doubled_counts() -> None:
    run = sound()
    applied = run.leaves[0]
    never = run.ledger | {"b": Entry(0, 1, late=False)}
    twice = run.ledger | {"b": Entry(2, 2, late=False)}
    for broken, lost, doubled in (
        (replace(run, rows=1), 1, 0),
        (replace(run, rows=3), 0, 1),
        (replace(run, leaves=run.leaves[1:]), 1, 0),
        (replace(run, leaves=[*run.leaves, applied]), 0, 1),
        (replace(run, ledger=never), 1, 0),
        (replace(run, ledger=run.ledger | {"c": Entry(1, 1, late=False)}), 0, 1),
        (replace(run, ledger=twice), 1, 1),
        (replace(run, sizes=[1, 3, 3]), 0, 1),
    ):
        found = figures(broken)
        assert (found.lost, found.doubled) == (lost, doubled)


def test_a_quantile_is_a_value_that_occurred() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [quantile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert quantile([], 0.99) == 0.0
