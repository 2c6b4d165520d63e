"""What a witness says never contradicts itself; and when it is overdue."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.commands.sightings import SLACK, Sighting, require_timely
from daemon.contract.cosignature import Cosignature
from daemon.errors import InputError, SizeError

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NEW = Sighting(since=NOW)
SAID = st.tuples(st.integers(1, 6), st.integers(1, 6))
"""Size and time."""


@given(st.lists(SAID, max_size=12))
def test_what_is_known_grows_in_size_and_time_together(said: list[tuple[int, int]]) -> None:
    known, taken = NEW, [(0, 0)]
    for size, at in said:
        before = (known.size, known.at)
        if (size > known.size and at < known.at) or (size < known.size and at > known.at):
            with pytest.raises(SizeError) as refused:
                known.followed_by(size, at, NOW)
            assert refused.value.size == known.size
            continue
        known = known.followed_by(size, at, NOW)
        taken.append((size, at))
        assert (known.size, known.at) in taken
        assert known.size >= before[0]
        assert known.at >= before[1]
        assert known.size == max(one for one, _ in taken)


def test_what_comes_late_is_no_contradiction() -> None:
    known = NEW.followed_by(9, 100, NOW)
    assert known.followed_by(4, 50, NOW) == known
    assert known.followed_by(9, 100, NOW) == known
    for size, at in ((8, 101), (10, 99)):
        with pytest.raises(SizeError) as refused:
            known.followed_by(size, at, NOW)
        assert (refused.value.code, refused.value.size) == ("witness.contradicts", 9)


def test_overdue_counts_from_the_last_one_or_from_when_it_was_configured() -> None:
    after, second = timedelta(hours=48), timedelta(seconds=1)
    assert not NEW.overdue(NOW + after, after)
    assert NEW.overdue(NOW + after + second, after)
    known = NEW.followed_by(1, 1, NOW + timedelta(hours=40))
    assert not known.overdue(NOW + timedelta(hours=88), after)
    assert known.overdue(NOW + timedelta(hours=88) + second, after)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOW - SLACK, ""),
        (NOW - SLACK - timedelta(seconds=1), "witness.time_too_early"),
        (NOW + timedelta(hours=1) + SLACK, ""),
        (NOW + timedelta(hours=1) + SLACK + timedelta(seconds=1), "witness.time_too_late"),
    ],
)
def test_a_time_lies_between_the_checkpoint_s_and_ours_or_nearly(at: datetime, code: str) -> None:
    cosignature = Cosignature(int(at.timestamp()), "")
    if not code:
        return require_timely(cosignature, NOW, NOW + timedelta(hours=1))
    with pytest.raises(InputError) as refused:
        require_timely(cosignature, NOW, NOW + timedelta(hours=1))
    assert refused.value.code == code
    return None
