"""Lanes: everybody has a turn, each lane keeps its order, and nobody gets in who does not fit."""

import asyncio
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from daemon.store.lanes import FIRST, Lanes

NAMES = ("", "35201", "35202", "35203")


async def filled(*pieces: tuple[str, int, int]) -> Lanes[tuple[str, int]]:
    lanes: Lanes[tuple[str, int]] = Lanes(10_000)
    for lane, number, weight in pieces:
        await lanes.put(lane, (lane, number), weight)
    return lanes


async def test_ten_thousand_of_one_do_not_stand_before_one_of_another() -> None:
    lanes = await filled(*(("35201", number, 50) for number in range(200)), ("35202", 0, 1))
    first = await lanes.take(most=64, weight=128)
    assert first == [("35201", 0), ("35202", 0), ("35201", 1), ("35201", 2)]


async def test_whoever_waits_at_a_screen_goes_first() -> None:
    lanes = await filled(*(("35201", number, 50) for number in range(200)), (FIRST, 0, 1), (FIRST, 1, 1))
    assert (await lanes.take(most=64, weight=50))[:3] == [(FIRST, 0), (FIRST, 1), ("35201", 0)]


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 60)), max_size=80),
    st.integers(1, 8),
    st.integers(1, 150),
)
def test_everything_comes_once_in_the_order_of_its_lane_and_in_groups_that_are_not_too_large(
    pieces: list[tuple[str, int]], most: int, weight: int
) -> None:
    async def run() -> None:
        weighs = {(lane, number): heavy for number, (lane, heavy) in enumerate(pieces)}
        lanes = await filled(*((lane, number, heavy) for number, (lane, heavy) in enumerate(pieces)))
        came: dict[str, list[int]] = defaultdict(list)
        left = {lane: [number for number, (name, _) in enumerate(pieces) if name == lane] for lane in NAMES}
        while len(lanes):
            group = await lanes.take(most=most, weight=weight)
            assert 1 <= len(group) <= most
            assert sum(weighs[piece] for piece in group[:-1]) < weight
            for lane, number in group:
                assert not left[FIRST] or lane == FIRST, "the first lane goes before all"
                left[lane].remove(number)
                came[lane].append(number)
            taken = {lane for lane, _ in group}
            most_of_one = max(sum(lane == name for lane, _ in group) for name in taken)
            passed_over = [name for name in NAMES if name != FIRST and left[name] and name not in taken]
            assert most_of_one == 1 or not passed_over or FIRST in taken
        assert all(numbers == sorted(numbers) for numbers in came.values())
        assert sum(map(len, came.values())) == len(pieces)

    asyncio.run(run())


async def test_while_they_are_held_only_the_first_lane_is_taken_from() -> None:
    lanes = await filled(("35201", 0, 1), (FIRST, 0, 1), ("35202", 0, 1))
    lanes.hold(held=True)
    assert await lanes.take(most=9, weight=9) == [(FIRST, 0)]
    waiting = asyncio.ensure_future(lanes.take(most=9, weight=9))  # noqa: TID251 - the test waits for it
    await asyncio.sleep(0)
    assert not waiting.done()
    await lanes.put("35203", ("35203", 0))
    await lanes.put(FIRST, (FIRST, 1))
    assert await waiting == [(FIRST, 1)]
    lanes.hold(held=False)
    assert await lanes.take(most=9, weight=9) == [("35201", 0), ("35202", 0), ("35203", 0)]


async def test_whoever_waits_hears_that_they_are_held_no_more() -> None:
    lanes = await filled(("35201", 0, 1))
    lanes.hold(held=True)
    waiting = asyncio.ensure_future(lanes.take(most=9, weight=9))  # noqa: TID251 - the test waits for it
    await asyncio.sleep(0)
    lanes.hold(held=False)
    assert await waiting == [("35201", 0)]


async def test_whoever_does_not_fit_waits_until_there_is_room() -> None:
    lanes: Lanes[int] = Lanes(2)
    await lanes.put("a", 1)
    await lanes.put("a", 2)
    third = asyncio.ensure_future(lanes.put("b", 3))  # noqa: TID251 - the test waits for it
    await asyncio.sleep(0)
    assert not third.done()
    assert await lanes.take(most=1, weight=1) == [1]
    await third
    assert await lanes.take(most=9, weight=9) == [2, 3]


async def test_taking_waits_until_something_comes() -> None:
    lanes: Lanes[int] = Lanes(2)
    taken = asyncio.ensure_future(lanes.take(most=1, weight=1))  # noqa: TID251 - the test waits for it
    await asyncio.sleep(0)
    assert not taken.done()
    await lanes.put("a", 7)
    assert await taken == [7]
