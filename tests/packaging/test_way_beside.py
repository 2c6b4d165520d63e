"""Which searches fell into other work, and what those waited."""

import asyncio

import pytest

from tests.packaging.test_bench import bench


class Register:
    """Searched and at work, each for as long as it is told."""

    async def search(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def move(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def fail(self) -> None:
        await asyncio.sleep(0)
        raise ValueError("x")


async def test_a_search_counts_with_each_work_that_it_met() -> None:
    register, beside = Register(), bench("way_beside").Beside()
    beside.searches(register, "search")
    beside.watch("moved", register, "move")
    beside.watch("failed", register, "fail")
    await register.move(0.001)
    for _ in range(3):
        await register.search(0.001)
    await asyncio.gather(register.search(0.02), register.move(0.01))
    await register.move(0.001)
    with pytest.raises(ValueError, match="x"):
        await register.fail()
    told = beside.figures()
    assert told["nothing else"].startswith("75.00% of searches, ")
    assert told["moved"].startswith("3 times, 25.00% of searches, ")
    assert float(told["moved"].split()[-2]) >= 20
    assert told["failed"] == "1 times, 0.00% of searches"
