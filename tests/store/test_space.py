"""A disk that fills: its stages, the ballast, and that neither goes to and fro."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError, convert

from daemon.config import Disk
from daemon.contract.console import Reason
from daemon.contract.disk import Stage
from daemon.errors import StateError
from daemon.store.ballast import Ballast
from daemon.store.space import BALLAST, Space
from daemon.store.stages import STEPS, Step, Use, next_step
from tests.store.small_disk import MIB, SmallDisk, small_disk

LIMITS = Disk(floor=8 * MIB, disclosures=4 * MIB, notices=2 * MIB, ballast=4 * MIB)
BOUNDS = (LIMITS.floor, LIMITS.disclosures, LIMITS.notices)

rooms = st.integers(-LIMITS.ballast, 12 * MIB) | st.sampled_from(
    [bound + by for bound in BOUNDS for by in (-1, 0, 1)]
)
steps = st.sampled_from(STEPS)


# The table.


@given(steps, rooms)
def test_a_stage_begins_below_its_bound_whatever_was_before(before: Step, room: int) -> None:
    now = next_step(before, room, LIMITS)
    assert STEPS.index(now) >= sum(room < bound for bound in BOUNDS)


@given(steps, rooms, rooms)
def test_less_room_is_never_an_emptier_stage(before: Step, room: int, other: int) -> None:
    less, more = sorted((room, other))
    assert STEPS.index(next_step(before, less, LIMITS)) >= STEPS.index(next_step(before, more, LIMITS))


@given(steps, st.sampled_from(BOUNDS), st.lists(st.integers(-1000, 1000), min_size=2))
def test_a_few_bytes_around_a_bound_change_the_stage_once_at_the_most(
    before: Step, bound: int, around: list[int]
) -> None:
    now, seen = before, list[Step]()
    for more in around:
        now = next_step(now, bound + more, LIMITS)
        seen.append(now)
    assert sum(one is not other for one, other in pairwise(seen)) <= 1


@given(steps)
def test_with_room_enough_everything_goes_on(before: Step) -> None:
    assert next_step(before, LIMITS.floor * 9 // 8, LIMITS).refuses == {}


def test_each_stage_refuses_what_the_one_before_does_and_disclosures_come_first() -> None:
    assert [(step.stage, frozenset(step.refuses), step.ballast) for step in STEPS] == [
        (Stage.AMPLE, frozenset(), True),
        (Stage.LOW, frozenset(), True),
        (Stage.NO_DISCLOSURES, frozenset({Use.DISCLOSURE}), True),
        (Stage.NO_NOTICES, frozenset({Use.DISCLOSURE, Use.NOTICE}), False),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"floor": 100 * MIB},
        {"disclosures": 128 * MIB},
        {"notices": 256 * MIB},
        {"ballast": 0},
        {"notices": 0},
        {"spool": 1},
    ],
)
def test_bounds_that_are_not_in_order_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        convert(wrong, Disk)


# The ballast.


def test_the_ballast_holds_blocks_and_not_a_promise(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / BALLAST, MIB)
    assert ballast.held() == 0
    with (tmp_path / BALLAST).open("wb") as sparse:
        sparse.truncate(MIB)
    assert ballast.held() == 0
    ballast.make()
    assert ballast.held() == MIB
    ballast.release()
    ballast.release()
    assert ballast.held() == 0


def test_a_ballast_of_another_size_is_brought_to_its_own(tmp_path: Path) -> None:
    for size in (2 * MIB, MIB, 3 * MIB):
        ballast = Ballast(tmp_path / BALLAST, size)
        ballast.make()
        assert (tmp_path / BALLAST).stat().st_size == size
        assert ballast.held() == size


def test_a_ballast_never_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"kept")
    (tmp_path / BALLAST).symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"):
        Ballast(tmp_path / BALLAST, MIB).make()
    assert (tmp_path / "other").read_bytes() == b"kept"


# On a real disk.


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 24 * MIB) as made:
        yield made


def told(space: Space) -> set[Reason]:
    space.look()
    return {reason for reason, given in space.reasons().items() if given}


def refused(space: Space) -> set[str]:
    codes = set()
    for use in Use:
        try:
            space.require(use)
        except StateError as error:
            codes.add(error.code)
    return codes


def test_as_the_disk_fills_and_empties_again(disk: SmallDisk) -> None:
    space = Space.of(LIMITS, disk.folder)
    assert told(space) == set()
    assert disk.free() == 20 * MIB
    seen = []
    for but in (9, 7, 3, 1):
        disk.fill(but=but * MIB)
        seen.append((told(space), refused(space)))
    disclosures, notices = "state.disk_disclosures", "state.disk_notices"
    assert seen == [
        (set(), set()),
        ({Reason.DISK_LOW}, set()),
        ({Reason.DISK_DISCLOSURES}, {disclosures}),
        ({Reason.DISK_NOTICES, Reason.BALLAST_MISSING}, {disclosures, notices}),
    ]
    # What the ballast held is there for the log, and does not count as room for anything else.
    assert disk.free() == 5 * MIB
    for _ in range(3):
        assert told(space) == {Reason.DISK_NOTICES, Reason.BALLAST_MISSING}
    # Not even once the disk is full to the last byte.
    disk.fill()
    assert told(space) == {Reason.DISK_NOTICES, Reason.BALLAST_MISSING}
    disk.free_again()
    assert told(space) == set()
    assert (disk.free(), refused(space)) == (20 * MIB, set())
    assert space.disk is not None
    assert (space.disk.stage, space.disk.ballast) == (Stage.AMPLE, LIMITS.ballast)


def test_a_start_on_a_full_disk_gives_up_the_ballast_first(disk: SmallDisk) -> None:
    Space.of(LIMITS, disk.folder).look()
    disk.fill()
    space = Space.of(LIMITS, disk.folder)
    assert Reason.DISK_NOTICES in told(space)
    assert disk.free() == LIMITS.ballast


def test_a_ballast_that_somebody_deleted_is_made_again(disk: SmallDisk) -> None:
    space = Space.of(LIMITS, disk.folder)
    space.look()
    (disk.folder / BALLAST).unlink()
    assert told(space) == set()
    assert (disk.folder / BALLAST).stat().st_size == LIMITS.ballast


def test_a_ballast_that_cannot_be_made_is_an_alarm(tmp_path: Path) -> None:
    (tmp_path / BALLAST).symlink_to(tmp_path / "nowhere")
    assert told(Space.of(LIMITS, tmp_path)) == {Reason.BALLAST_MISSING}
