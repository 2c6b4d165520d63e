"""All municipalities together: the load fills both registers, the flow goes on where it stopped."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import islice
from typing import Any

import pytest

from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from daemon.rehearsal import cohort
from daemon.rehearsal.cohort import Totals, flow, load
from daemon.rehearsal.lives import Lives
from daemon.rehearsal.residents import Population

OpenStage = Callable[[Register], Awaitable[Any]]


async def clients_of(stack: AsyncExitStack, stage: Any) -> dict[str, Any]:
    """One client per municipality, closed with the stack."""
    return {code: await stack.enter_async_context(stage.client(code)) for code in MUNICIPALITIES}


async def test_the_load_fills_a_register_and_a_second_one_changes_nothing(
    stage: Any, small: Population
) -> None:
    """Everybody is there once; progress only grows, up to the whole."""
    seen: list[tuple[str, int, int]] = []
    async with AsyncExitStack() as stack:
        clients = await clients_of(stack, stage)
        first = await load(small, Register.HONNIN, clients, progress=lambda *told: seen.append(told))
        again = await load(small, Register.HONNIN, clients, progress=lambda *_told: None)
    assert first == Totals(applied=small.size)
    assert again == Totals(duplicate=small.size)
    assert len(stage.front.books.rows) == small.size
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert (seen[0], seen[-1]) == (("honnin", 0, small.size), ("honnin", small.size, small.size))
    assert stage.front.senders.keys() == {one.sender for one in small.initial(Register.HONNIN)}


async def test_the_flow_stops_and_goes_on_through_real_tls(open_stage: OpenStage, small: Population) -> None:
    """Both registers, resumed in the middle with one event sent twice: as if it had never stopped."""
    done: list[int] = []
    async with AsyncExitStack() as stack:
        stages = {register: await open_stage(register) for register in Register}
        clients = {register: await clients_of(stack, stage) for register, stage in stages.items()}
        for register in Register:
            await load(small, register, clients[register], progress=lambda *_told: None)
        lives = Lives(small, 3)
        first = await flow(lives, clients, rate=10_000, done=done.append, until=25)
        second = await flow(Lives(small, 3), clients, rate=10_000, done=done.append, start=24, until=60)
    sent = [len(event.sendings) for event in islice(Lives(small, 3).events(), 60)]
    assert done == [*range(25), *range(24, 60)]
    assert first == Totals(applied=sum(sent[:25]))
    assert second == Totals(applied=sum(sent[25:]), duplicate=sent[24])


async def test_the_flow_waits_for_a_register_that_is_away(
    open_stage: OpenStage, small: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No event is skipped, and none is done before it is taken."""
    monkeypatch.setattr(cohort, "REST", 0.01)
    done: list[int] = []
    async with AsyncExitStack() as stack:
        stages = {register: await open_stage(register) for register in Register}
        clients = {register: await clients_of(stack, stage) for register, stage in stages.items()}
        for register in Register:
            await load(small, register, clients[register], progress=lambda *_told: None)
        for stage in stages.values():
            stage.front.lose = 3
        totals = await flow(Lives(small, 4), clients, rate=10_000, done=done.append, until=10)
    assert done == list(range(10))
    assert not totals.refused


async def test_the_flow_keeps_to_its_rate(open_stage: OpenStage, small: Population) -> None:
    """At 20 events a second, ten take about half a second."""
    async with AsyncExitStack() as stack:
        stages = {register: await open_stage(register) for register in Register}
        clients = {register: await clients_of(stack, stage) for register, stage in stages.items()}
        begin = asyncio.get_running_loop().time()
        await flow(Lives(small, 5), clients, rate=20, done=lambda _number: None, until=10)
        assert asyncio.get_running_loop().time() - begin >= 0.5


async def test_refusals_are_counted_by_code(open_stage: OpenStage, small: Population) -> None:
    """What a register refuses stops nobody: an empty one refuses whatever is no arrival."""
    async with AsyncExitStack() as stack:
        stages = {register: await open_stage(register) for register in Register}
        clients = {register: await clients_of(stack, stage) for register, stage in stages.items()}
        totals = await flow(Lives(small, 6), clients, rate=10_000, done=lambda _number: None, until=40)
    assert totals.refused["reason.not_known"] > 10
    assert totals.applied > 0
    assert totals.sent == totals.applied + totals.refused.total()
