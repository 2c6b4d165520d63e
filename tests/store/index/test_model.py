"""The projection under any order of taking in, forgetting, merging and asking, against a scan over all lives."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.register.transitions import Standing
from daemon.register.wanted import Wanted
from daemon.store.index import Index, Version, known_of, renewal
from tests.store.index.conftest import KEY, TRUTH
from tests.store.index.lives import (
    DAYS,
    SEARCHES,
    STANDINGS,
    Fact,
    People,
    code_of,
    facts,
    person_id,
    row_at,
)

PERSONS = st.integers(1, 6)
CODES = [code_of(person, which) for person in range(1, 7) for which in range(3)]
STEP = st.one_of(
    st.tuples(st.just("take"), st.lists(st.tuples(PERSONS, facts()), min_size=1, max_size=5)),
    st.tuples(st.just("take"), st.lists(st.tuples(PERSONS, facts()), min_size=1, max_size=5)),
    st.tuples(st.just("erase"), PERSONS),
    st.tuples(st.just("expire"), PERSONS),
    st.tuples(st.just("merge"), st.none()),
    st.tuples(st.just("break_off"), st.integers(0, 3)),
    st.tuples(st.just("fail"), st.none()),
    st.tuples(st.just("absorb"), st.lists(st.tuples(PERSONS, facts()), min_size=1, max_size=5)),
    st.tuples(st.just("kill"), st.none()),
    st.tuples(st.just("find"), st.lists(SEARCHES, min_size=1, max_size=4)),
    st.tuples(st.just("count"), st.tuples(st.lists(STANDINGS, min_size=1, max_size=2, unique=True), DAYS)),
)


class Model:
    """An index, and beside it everything that was ever given to it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "index.db"
        self.people = People()
        self.commit = 0
        self.unmerged: list[Version] = []
        self.gone: list[bytes] = []

    async def open(self) -> None:
        self.index = await Index.open(self.file, KEY)
        if await self.index.position() is None:
            await self.index.start(TRUTH, 0)

    async def take(self, given: list[tuple[int, Fact]]) -> None:
        self.commit += 1
        versions = [self.people.next(person, fact) for person, fact in given]
        self.unmerged += versions
        self.index.take(versions, self.commit)

    async def erase(self, person: int) -> None:
        """The whole person, as when their term ends."""
        rows = [version.row for version, _ in self.people.lives.pop(person, [])]
        self.commit += 1
        self.gone += rows
        self.index.forget(rows, self.commit)

    async def expire(self, person: int) -> None:
        """A person's oldest row leaves the truth, long after it came; until the next merge its names may still be proposed."""
        if person in self.people.lives:
            await self.merge()
            self.commit += 1
            self.index.forget([self.people.remove(person)], self.commit)
            await self.merge()

    async def merge(self, _: object = None) -> None:
        waiting = self.index.waiting
        await self.index.merge()
        assert self.index.waiting == 0
        if waiting:
            assert await self.index.position() == (TRUTH, self.commit)
        self.unmerged, self.gone = [], []

    async def break_off(self, turns: int) -> None:
        """A merge under way while more comes, given up after so many turns of the loop."""
        merging = asyncio.ensure_future(self.index.merge())  # noqa: TID251 - a test's own
        for _ in range(turns):
            await asyncio.sleep(0)
        merging.cancel()
        await asyncio.gather(merging, return_exceptions=True)

    async def fail(self, _: None) -> None:
        """No new file can be written for once."""

        async def refused(*_: object, **__: object) -> None:
            raise OSError

        renewal.renew, kept = refused, renewal.renew
        try:
            if self.index.waiting:
                try:
                    await self.index.merge()
                except OSError:
                    return
                raise AssertionError("the merge heard nothing of it")
        finally:
            renewal.renew = kept

    async def absorb(self, given: list[tuple[int, Fact]]) -> None:
        """As into a file that is not in use yet, once what came before is there; the newest first, which must not matter."""
        await self.merge()
        self.commit += 1
        versions = [self.people.next(person, fact) for person, fact in given]
        await self.index.absorb(versions[::-1], self.commit)

    async def kill(self, _: None) -> None:
        """The memory is lost, and made good from the list of changes."""
        await self.index.pages.close()
        await self.open()
        still = [version for version in self.unmerged if version.row not in self.gone]
        await self.index.remember(still, self.commit, removed=self.gone)

    async def find(self, searches: list[Wanted]) -> None:
        for wanted in searches:
            await self.agrees(wanted)

    async def count(self, asked: tuple[list[Standing], int]) -> None:
        standings, on = asked
        assert await self.index.count(standings, on) == self.people.count(standings, on)

    async def agrees(self, wanted: Wanted) -> None:
        """The very people, each once; and with a limit as many as there are below it."""
        expected = self.people.found(wanted)
        hits = await self.index.find(wanted, limit=100)
        assert sorted(map(row_at, hits)) == sorted(expected)
        for limit in range(1, len(expected) + 1):
            part = list(map(row_at, await self.index.find(wanted, limit=limit)))
            assert len(part) == len(set(part)) == limit
            assert set(part) <= expected

    async def everyone(self) -> None:
        """On a few days everyone is counted, and found by the version in force on them."""
        for on in (20200103, 20200107, 20200120):
            wanted = Wanted(on=on, standings=tuple(Standing))
            hits = await self.index.find(wanted, limit=100)
            assert sorted(map(row_at, hits)) == sorted(self.people.found(wanted))
            for standing in (Standing.PRESENT, Standing.OUT):
                assert await self.index.count((standing,), on) == self.people.count((standing,), on)
        await self.whose()

    async def whose(self) -> None:
        """Who has a code, and who had it before."""
        for held, expected in (
            (await self.index.latest(CODES), self.people.newest()),
            (await self.index.formerly(CODES), self.people.formerly()),
        ):
            assert {code: where.row for code, where in held.items()} == {
                code: version.row for code, version in expected.items()
            }
            for code, where in held.items():
                assert tuple(map(set, where.known)) == tuple(map(set, known_of(expected[code])))

    async def check(self) -> None:
        """Everything else that may be asked."""
        newest, before = self.people.newest(), self.people.formerly()
        for code in CODES:
            owners = [each[code].row for each in (newest, before) if code in each]
            assert [each.row for each in await self.index.by_code(code)] == owners
        for number in ("111111111111", "222222222222"):
            expected = {version.row for version in newest.values() if version.number == number}
            assert {each.row for each in await self.index.by_number(number)} == expected
        for person in self.people.lives:
            assert await self.index.history(person_id(person)) == self.people.history(person)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEP, min_size=4, max_size=12))
async def test_it_answers_as_a_scan_over_all_lives_would(steps: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        model = Model(Path(folder))
        await model.open()
        try:
            for name, argument in steps:
                await getattr(model, name)(argument)
                await model.everyone()
            await model.check()
        finally:
            await model.index.close()
