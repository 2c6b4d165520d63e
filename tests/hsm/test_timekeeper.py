"""The record of the time: what it follows, what it refuses, and what it outlives."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from daemon.clock import Clock
from hsm.timekeeper import DAY, GROWTH, PERSIST, Record, Timekeeper, advance

START = datetime(2026, 11, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)


class TwoClocks:
    """A wall clock that can be moved apart from the time that passes."""

    def __init__(self) -> None:
        self.wall = START
        self.passed = 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed

    def go(self, passed: timedelta, *, jump: timedelta = timedelta()) -> None:
        self.passed += passed.total_seconds()
        self.wall += passed + jump


def kept(clock: Clock) -> Timekeeper:
    return Timekeeper(clock, None)


@given(st.lists(st.timedeltas(timedelta(), timedelta(days=40)), max_size=20))
def test_a_clock_that_agrees_is_followed_for_ever(steps: list[timedelta]) -> None:
    clock = TwoClocks()
    keeper = kept(clock)
    for step in steps:
        clock.go(step)
        assert keeper.now() == clock.wall
    assert not keeper.jumped


STEPS = st.tuples(
    st.timedeltas(timedelta(), timedelta(days=2)), st.timedeltas(timedelta(days=-3), timedelta(days=3))
)


@given(st.lists(STEPS, max_size=40))
def test_whatever_the_wall_clock_does_the_record_gains_at_most_a_day_and_a_thirtieth(
    steps: list[tuple[timedelta, timedelta]],
) -> None:
    clock = TwoClocks()
    keeper = kept(clock)
    before = START
    for passed, jump in steps:
        clock.go(passed, jump=jump)
        now = keeper.now()
        watched = timedelta(seconds=clock.passed)
        assert before <= now <= START + watched + DAY + watched / GROWTH + timedelta(seconds=1)
        before = now


@given(st.lists(st.timedeltas(timedelta(), timedelta(days=3)), min_size=1, max_size=10))
def test_starting_again_and_again_gains_no_more(gaps: list[timedelta]) -> None:
    clock, record = TwoClocks(), Record(START)
    for gap in gaps:
        clock.wall += gap
        record = Timekeeper(clock, record).record
    assert record.time <= START + DAY
    assert record.jumped == (sum(gaps, timedelta()) > DAY)


def test_a_jump_of_more_than_a_day_is_not_followed_and_stands_until_it_is_set() -> None:
    clock = TwoClocks()
    keeper = kept(clock)
    clock.go(HOUR, jump=timedelta(days=2))
    assert (keeper.now(), keeper.jumped) == (START + HOUR, True)
    clock.go(HOUR, jump=timedelta(days=-2))
    assert (keeper.now(), keeper.jumped) == (START + 2 * HOUR, True)
    keeper.set(clock.wall)
    assert (keeper.now(), keeper.jumped) == (clock.wall, False)


def test_a_clock_behind_slows_the_record_and_never_turns_it_back() -> None:
    clock = TwoClocks()
    keeper = kept(clock)
    clock.go(timedelta(), jump=-HOUR)
    before = keeper.now()
    for _ in range(40):
        clock.go(HOUR)
        now = keeper.now()
        assert before < now <= before + HOUR
        before = now
    assert (keeper.now(), keeper.jumped) == (clock.wall, False)


def test_a_clock_more_than_a_day_behind_is_a_jump_too() -> None:
    clock = TwoClocks()
    keeper = kept(clock)
    clock.go(HOUR, jump=timedelta(days=-40))
    assert (keeper.now(), keeper.jumped) == (START + HOUR, True)


def test_slack_grows_back_slowly() -> None:
    spent = Record(START, timedelta())
    assert advance(spent, START + 2 * HOUR, HOUR).jumped
    grown = advance(spent, START + timedelta(days=30), timedelta(days=30))
    assert (grown.slack, grown.jumped) == (DAY, False)


def test_it_is_persisted_once_a_minute_and_after_a_step() -> None:
    clock = TwoClocks()
    keeper = kept(clock)
    for go, due in (
        (timedelta(), True),
        (PERSIST / 2, False),
        (PERSIST, True),
        (timedelta(seconds=1), False),
    ):
        clock.go(go)
        record = keeper.due()
        assert (record is not None) == due
        if record:
            keeper.persisted(record)
    clock.go(timedelta(), jump=HOUR)
    assert keeper.due() is not None


def test_a_setting_that_cannot_be_kept_is_undone() -> None:
    clock = TwoClocks()
    keeper = kept(clock)
    clock.go(HOUR, jump=timedelta(days=9))
    undo = keeper.set(clock.wall)
    undo()
    assert (keeper.now(), keeper.jumped) == (START + HOUR, True)
