"""Turns of long work: one at a time, and the rest is left to others, in proportion to what the loop computed."""

import asyncio

import pytest

from daemon.commands.reconciliation.turns import Turns
from daemon.tasks import Tasks


@pytest.mark.parametrize(("share", "rest"), [(1.0, 0.0), (0.5, 0.2), (0.8, 0.05)])
async def test_each_turn_is_followed_by_a_rest_in_proportion(
    share: float, rest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent, rested = 5.0, list[float]()

    async def sleep(seconds: float) -> None:
        rested.append(seconds)

    monkeypatch.setattr("daemon.commands.reconciliation.turns.asyncio.sleep", sleep)
    async with Turns(share, lambda: spent).turn():
        spent += 0.2
    assert rested == [pytest.approx(rest)]


async def test_one_works_at_a_time_in_the_order_in_which_they_came() -> None:
    turns, tasks, order, within = Turns(1.0), Tasks(), list[int](), 0

    async def work(number: int) -> None:
        nonlocal within
        for _ in range(3):
            async with turns.turn():
                within += 1
                assert within == 1
                await asyncio.sleep(0)
                order.append(number)
                within -= 1

    running = [tasks.start(work(number), name=str(number)) for number in range(3)]
    await asyncio.gather(*running)
    assert order == [0, 1, 2] * 3


async def test_what_fails_gives_its_turn_back() -> None:
    turns = Turns(1.0)
    with pytest.raises(ValueError, match="x"):
        async with turns.turn():
            raise ValueError("x")
    async with asyncio.timeout(1), turns.turn():
        pass


async def test_waiting_is_not_work() -> None:
    # Nineteen times as long as it waited, if that counted.
    async with asyncio.timeout(5), Turns(0.05).turn():
        await asyncio.sleep(0.3)
