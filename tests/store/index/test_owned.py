"""Whose a 住民票コード or a 個人番号 is, while numbers go back and forth between people and rows leave the truth: against a scan."""

import asyncio
import dataclasses
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.store.index import Index, Latest, Version
from tests.store.index.conftest import KEY, TRUTH
from tests.store.index.facts import TODAY, fact
from tests.store.index.lives import People, code_of, person_id

NUMBERS = ("111111111111", "222222222222", "333333333333")
CODES = [code_of(person, which) for person in range(1, 5) for which in range(3)]
PERSON = st.integers(1, 4)
TOLD = st.tuples(
    PERSON,
    st.sampled_from(["", *NUMBERS]),
    st.sampled_from([0, 0, 1, 2]),
    st.sampled_from([TODAY, TODAY + 5]),
)
"""Of a version: whose it is, their number, which of their codes they have, and its first day."""
TAKE = st.tuples(st.just("take"), st.lists(TOLD, min_size=1, max_size=4))
STEP = st.one_of(
    TAKE,
    TAKE,
    st.tuples(st.just("oldest"), PERSON),
    st.tuples(st.just("newest"), PERSON),
    st.tuples(st.just("merge"), st.none()),
)


class Owned:
    """An index, and beside it all lives."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.people = People()
        self.commit = 0
        self.gone: set[bytes] = set()
        """Rows that left the truth,"""
        self.unsure: set[bytes] = set()
        """and the people who are not asked for until a merge has taken these out: what was before shows only then."""

    async def take(self, told: list[tuple[int, str, int, int]]) -> None:
        self.commit += 1
        self.index.take([self._next(*one) for one in told], self.commit)

    async def oldest(self, person: int) -> None:
        """Long after it came, so that the file has it."""
        if person in self.people.lives:
            await self.merge(None)
            self._forget(person, self.people.remove(person))

    async def newest(self, person: int) -> None:
        """As if it had never been told."""
        if life := self.people.lives.get(person):
            version, _ = life.pop()
            if not life:
                del self.people.lives[person]
            self._forget(person, version.row)

    async def merge(self, _: None) -> None:
        """Whoever asks meanwhile hears the same."""
        await asyncio.gather(self.index.merge(), self.agrees())
        self.unsure.clear()

    async def agrees(self) -> None:
        """Each key finds whom it must, each once, and nothing that left the truth."""
        last = [life[-1][0] for life in self.people.lives.values()]
        held = {version.code: version for version in last}
        formerly = self.people.formerly()
        for number in NUMBERS:
            expected = [version for version in last if version.number == number]
            self._are(await self.index.by_number(number), expected)
        for code in CODES:
            self._are(
                await self.index.by_code(code), [each[code] for each in (held, formerly) if code in each]
            )
        for found, expected_by in (
            (await self.index.latest(CODES), held),
            (await self.index.formerly(CODES), formerly),
        ):
            for code in CODES:
                self._are(
                    [found[code]] if code in found else [], [expected_by[code]] if code in expected_by else []
                )

    def _next(self, person: int, number: str, which: int, since: int) -> Version:
        return self.people.next(person, dataclasses.replace(fact(code=which, since=since), number=number))

    def _forget(self, person: int, row: bytes) -> None:
        self.commit += 1
        self.gone.add(row)
        self.unsure.add(person_id(person))
        self.index.forget([row], self.commit)

    def _are(self, found: list[Latest], expected: list[Version]) -> None:
        assert not self.gone & {one.row for one in found}
        sure = sorted(one.row for one in found if one.person not in self.unsure)
        assert sure == sorted(one.row for one in expected if one.person not in self.unsure)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, min_size=3, max_size=12))
async def test_each_key_finds_who_has_it_in_their_newest_version(steps: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        index = await Index.open(Path(folder) / "index.db", KEY)
        try:
            await index.start(TRUTH, 0)
            owned = Owned(index)
            for name, argument in (*steps, ("merge", None)):
                await getattr(owned, name)(argument)
                await owned.agrees()
        finally:
            await index.close()
