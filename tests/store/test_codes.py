"""People who had another 住民票コード before: found by every code of theirs, whatever becomes of memory, file and rows."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.errors import IntegrityError
from daemon.register.effect import FOREVER
from daemon.store.draft import Draft
from daemon.store.index import Latest
from daemon.store.rows import Stored
from tests.conftest import Bench
from tests.store.projection import contents, expected
from tests.store.recoding import append, appended, code_of, recode
from tests.store.test_catchup import killed, remove, without_file
from tests.store.test_reader import FIRST, TODAY, serials, write
from tests.store.turning import fill, in_small_steps, rows

OLD, NEW, NEWEST = (code_of(1, turn) for turn in range(3))


async def by_code(bench: Bench, code: str, on: int = TODAY) -> list[int]:
    return serials(await bench.open.reader.by_code(code, on=on))


async def test_each_day_has_its_version_whichever_code_is_asked(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await recode(honnin, OLD, NEW)
    for merged in (False, True):
        if merged:
            await honnin.open.merger.merge()
        for code in (OLD, NEW):
            assert [await by_code(honnin, code, day) for day in (FIRST - 1, FIRST, TODAY - 1, TODAY)] == [
                [], [1], [1], [2],
            ]  # fmt: skip
        assert await by_code(honnin, NEWEST) == []
        assert await by_code(honnin, code_of(2, 0)) == [1]


async def test_later_versions_are_found_by_every_code(honnin: Bench) -> None:
    await fill(honnin, 1)
    await recode(honnin, OLD, NEW)
    await append(honnin, NEW, reason="31", address="山口県山口市滝町９番")
    await honnin.open.merger.merge()
    await recode(honnin, NEW, NEWEST)
    await append(honnin, NEWEST, reason="31", address="山口県山口市滝町１０番")
    for merged in (False, True):
        if merged:
            await honnin.open.merger.merge()
        assert [await by_code(honnin, code) for code in (OLD, NEW, NEWEST)] == [[5]] * 3
        formerly = await honnin.open.index.formerly([OLD, NEW, NEWEST])
        assert {code: where.serial for code, where in formerly.items()} == {OLD: 5, NEW: 5}


async def test_a_change_of_code_that_a_kill_takes_from_memory_is_read_again(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.open.merger.merge()
    for old, new in ((OLD, NEW), (NEW, NEWEST)):
        await recode(honnin, old, new)
        await killed(honnin)
        assert not honnin.rebuilt
    assert [await by_code(honnin, code) for code in (OLD, NEW, NEWEST)] == [[3]] * 3
    await honnin.open.merger.merge()
    assert await contents(honnin.open.index) == await expected(honnin)
    await honnin.stop()
    without_file(honnin)
    await honnin.start()
    assert [await by_code(honnin, code) for code in (OLD, NEW, NEWEST)] == [[3]] * 3
    assert await contents(honnin.open.index) == await expected(honnin)


async def test_a_code_that_the_projection_makes_up_finds_nobody(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await recode(honnin, OLD, NEW)
    await write(honnin, "UPDATE aliases SET key = ? WHERE kind = 2", NEWEST)
    assert len(await honnin.open.index.by_code(NEWEST)) == 1
    assert await by_code(honnin, NEWEST) == []


async def test_a_code_changed_between_proposal_and_answer_loses_nobody(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)
    await honnin.open.merger.merge()
    propose = honnin.open.index.by_code

    async def and_then(code: str) -> list[Latest]:
        proposed = await propose(code)
        await recode(honnin, OLD, NEW)
        return proposed

    monkeypatch.setattr(honnin.open.index, "by_code", and_then)
    assert await by_code(honnin, OLD) == [2]


# Before a group is committed, those after the first in it see what those before them changed.

Work = Callable[[Draft], Coroutine[Any, Any, Any]]


async def together(bench: Bench, *works: Work) -> list[Any]:
    """What pieces of work answer, or the errors they end with, that are committed as one group."""
    commits = set()

    def noted(work: Work) -> Work:
        async def and_noted(draft: Draft) -> Any:
            commits.add(draft.place()[:8])
            return await work(draft)

        return and_noted

    answers = await asyncio.gather(
        *(bench.open.writer.write(noted(work)) for work in works), return_exceptions=True
    )
    assert len(commits) == 1
    return answers


async def serials_by_code(draft: Draft) -> tuple[dict[str, int], dict[str, int]]:
    """Who has, and who had, the first person's codes, as a piece of work sees it."""
    codes = [OLD, NEW, NEWEST]
    return tuple(  # type: ignore[return-value]
        {code: where.serial for code, where in held.items()}
        for held in (await draft.latest(codes), await draft.formerly(codes))
    )


@pytest.mark.parametrize("merged", [False, True])
async def test_a_group_sees_the_change_of_a_code_before_it(honnin: Bench, *, merged: bool) -> None:
    await fill(honnin, 1)
    if merged:
        await honnin.open.merger.merge()

    async def first(draft: Draft) -> None:
        await appended(honnin, draft, OLD, juminhyo_code=NEW)

    async def second(draft: Draft) -> None:
        await appended(honnin, draft, NEW, name="別　人")

    async def back(draft: Draft) -> None:
        await appended(honnin, draft, NEW, juminhyo_code=OLD)

    answers = await together(
        honnin, serials_by_code, first, serials_by_code, second, serials_by_code, back, serials_by_code
    )
    assert answers[::2] == [
        ({OLD: 1}, {}), ({NEW: 2}, {OLD: 2}), ({NEW: 3}, {OLD: 3}), ({OLD: 4}, {NEW: 4}),
    ]  # fmt: skip
    assert await honnin.open.writer.write(serials_by_code) == ({OLD: 4}, {NEW: 4})
    assert [await by_code(honnin, code) for code in (OLD, NEW)] == [[4], [4]]
    await honnin.open.merger.merge()
    assert await contents(honnin.open.index) == await expected(honnin)


@pytest.mark.parametrize("merged", [False, True])
async def test_a_group_sees_what_becomes_of_whoever_had_another_code_before(
    honnin: Bench, *, merged: bool
) -> None:
    await fill(honnin, 1)
    await recode(honnin, OLD, NEW)
    if merged:
        await honnin.open.merger.merge()

    async def moves(draft: Draft) -> None:
        await appended(honnin, draft, NEW, name="別　人")

    async def back(draft: Draft) -> None:
        await appended(honnin, draft, NEW, juminhyo_code=OLD)

    answers = await together(honnin, serials_by_code, moves, serials_by_code, back, serials_by_code)
    assert answers[::2] == [({NEW: 2}, {OLD: 2}), ({NEW: 3}, {OLD: 3}), ({OLD: 4}, {NEW: 4})]


async def test_what_failed_changed_no_code(honnin: Bench) -> None:
    await fill(honnin, 1)

    async def fails(draft: Draft) -> None:
        await appended(honnin, draft, OLD, juminhyo_code=NEW)
        raise ValueError

    answers = await together(honnin, fails, serials_by_code)
    assert answers[1] == ({OLD: 1}, {})


async def test_a_group_in_which_somebody_else_had_the_code_is_wrong(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await recode(honnin, OLD, NEW)

    async def takes(draft: Draft) -> None:
        await appended(honnin, draft, code_of(2, 0), juminhyo_code=OLD)

    async def leaves(draft: Draft) -> None:
        await appended(honnin, draft, OLD, juminhyo_code=code_of(2, 1))

    answers = await together(honnin, takes, leaves, serials_by_code)
    assert isinstance(answers[-1], IntegrityError)
    assert answers[-1].code == "index.code_twice"


# What becomes of memory and file.

STEP = st.one_of(
    st.tuples(st.just("recode"), st.integers(0, 7)),
    st.tuples(st.just("recode"), st.integers(0, 7)),
    st.tuples(st.just("move"), st.integers(0, 7)),
    st.tuples(st.just("merge"), st.just(0)),
    st.tuples(st.just("kill"), st.just(0)),
    st.tuples(st.just("rebuild"), st.just(0)),
    st.tuples(st.just("expire"), st.integers(0, 7)),
)


class Codes:
    """A register of three, and beside it which codes each of their versions has, the first of them first."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.lives = {number: [(1, code_of(number, 0))] for number in (1, 2, 3)}

    def _picked(self, pick: int) -> list[tuple[int, str]]:
        return self.lives[pick % 3 + 1]

    async def recode(self, pick: int) -> None:
        """Another code, which may be one that they had."""
        life, number = self._picked(pick), pick % 3 + 1
        serial, old = life[-1]
        others = [code for turn in range(3) if (code := code_of(number, turn)) != old]
        new = others[pick % 2]
        await append(self.bench, old, juminhyo_code=new)
        life.append((serial + 1, new))

    async def move(self, pick: int) -> None:
        life = self._picked(pick)
        serial, code = life[-1]
        await append(self.bench, code, address=f"山口県山口市滝町{serial}番")
        life.append((serial + 1, code))

    async def merge(self, _: int) -> None:
        await self.bench.open.merger.merge()

    async def kill(self, _: int) -> None:
        await killed(self.bench)
        assert not self.bench.rebuilt

    async def rebuild(self, _: int) -> None:
        await self.bench.stop()
        without_file(self.bench)
        await self.bench.start()

    async def expire(self, pick: int) -> None:
        """The oldest row leaves the truth, where there is another; long after it came, so that the file has it."""
        life = self._picked(pick)
        if len(life) > 1:
            await self.bench.open.merger.merge()
            gone = life.pop(0)
            held = (await rows(self.bench)).values()
            await remove(self.bench, *(stored.id for stored in held if _said(stored) == gone))

    async def check(self) -> None:
        """Each code finds whoever has or had it, by their newest version, and nobody else."""
        newest = {code: life[-1] for life in self.lives.values() for _, code in life}
        asked = [code_of(number, turn) for number in (1, 2, 3) for turn in range(3)]
        for code in asked:
            found = await self.bench.open.reader.by_code(code, on=FOREVER - 1)
            assert [_said(stored) for stored in found] == ([newest[code]] if code in newest else [])
        latest = await self.bench.open.index.latest(asked)
        assert {code: where.serial for code, where in latest.items()} == {
            life[-1][1]: life[-1][0] for life in self.lives.values()
        }

    async def check_file(self) -> None:
        """After a merge the projection says the same, and is the one that the truth alone would make."""
        await self.bench.open.merger.merge()
        former = {
            code: life[-1][0] for life in self.lives.values() for _, code in life if code != life[-1][1]
        }
        asked = [code_of(number, turn) for number in (1, 2, 3) for turn in range(3)]
        formerly = await self.bench.open.index.formerly(asked)
        assert {code: where.serial for code, where in formerly.items()} == former
        assert await contents(self.bench.open.index) == await expected(self.bench)


def _said(stored: Stored) -> tuple[int, str]:
    return stored.row.serial, stored.row.juminhyo_code


@settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(steps=st.lists(STEP, min_size=4, max_size=8))
async def test_whatever_happens_every_code_finds_whoever_had_it(
    honnin: Bench, steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        in_small_steps(patched, 2)
        folder = tmp_path_factory.mktemp("codes") / "state"
        folder.mkdir()
        service = type(honnin.service)("honnin", clock=honnin.clock)
        bench = Bench(honnin.config, folder, honnin.clock, service)
        await bench.start()
        try:
            await fill(bench, 1, 2, 3)
            model = Codes(bench)
            for name, argument in steps:
                await getattr(model, name)(argument)
                await model.check()
            await model.check_file()
        finally:
            await bench.stop()
            await service.close()
