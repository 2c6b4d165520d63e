"""Any order of notices, changes of code, rotations, kills and starts against a model that only remembers what was acknowledged."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Bench
from tests.store.kills import Kills
from tests.store.recoding import append, code_of, recode
from tests.store.test_commitment import agrees, recounts
from tests.store.turning import EVERYONE, done, fill, found, in_small_steps, lying, move, rows

KINDS = ("live", "store", "index", "secret")
STEP = st.one_of(
    st.tuples(st.just("notices"), st.integers(1, 12)),
    st.tuples(st.just("move"), st.integers(0, 50)),
    st.tuples(st.just("recode"), st.integers(0, 50)),
    st.tuples(st.just("rotate"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.integers(0, 15)),
    st.tuples(st.just("kill"), st.integers(0, 40)),
    st.tuples(st.just("restart"), st.just(0)),
)


class Model:
    """The register, and beside it the 住民票コード of each version that a person must have."""

    def __init__(self, bench: Bench, copies: Path, kills: Kills) -> None:
        self.bench = bench
        self.copies = copies
        self.kills = kills
        self.codes: dict[int, list[str]] = {}
        self.lives = 0

    async def notices(self, count: int) -> None:
        numbers = range(len(self.codes) + 1, len(self.codes) + 1 + count)
        await fill(self.bench, *numbers)
        self.codes |= {number: [code_of(number, 0)] for number in numbers}

    async def move(self, pick: int) -> None:
        if self.codes:
            number = pick % len(self.codes) + 1
            codes = self.codes[number]
            codes.append(codes[-1])
            if len(set(codes)) == 1:
                await move(self.bench, number, len(codes))
            else:
                await append(self.bench, codes[-1], address=f"山口県山口市滝町{len(codes)}番")

    async def recode(self, pick: int) -> None:
        if self.codes:
            number = pick % len(self.codes) + 1
            codes = self.codes[number]
            codes.append(code_of(number, len(codes)))
            await recode(self.bench, *codes[-2:])

    async def rotate(self, pick: int) -> None:
        running = {run.kind for run in self.bench.open.rotations.progress()}
        if KINDS[pick] not in running:
            await self.bench.open.rotations.start(KINDS[pick])

    async def wait(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def kill(self, steps: int) -> None:
        """After so many more calls to a database, or a little while, the folder is what a kill would leave."""
        self.kills.folder, self.kills.every, self.kills.steps = self.bench.state, max(steps, 1), 0
        self.kills.on = True
        async with asyncio.timeout(5):
            while not self.kills.taken and self.bench.open.rotations.progress():
                await asyncio.sleep(0)
        async with self.kills.still():
            if not self.kills.taken:
                self.kills.take()
            self.kills.on = False
        (folder, _), *_ = self.kills.taken
        self.kills.taken.clear()
        await self.bench.stop()
        self.lives += 1
        self.kills.copies = self.copies / f"life{self.lives}"
        self.bench = Bench(self.bench.config, folder, self.bench.clock, self.bench.service)
        await self.bench.start()

    async def restart(self, _: int) -> None:
        await self.bench.stop()
        await self.bench.start()

    async def check(self) -> None:
        """What is read is what was written, and a search finds everyone once, as does every code that they had; so says the sum."""
        assert await recounts(self.bench)
        held = sorted((each.row.juminhyo_code, each.row.serial) for each in (await rows(self.bench)).values())
        lives = self.codes.values()
        assert held == sorted((code, serial) for codes in lives for serial, code in enumerate(codes, start=1))
        assert await found(self.bench) == {codes[-1]: 1 for codes in lives}
        for codes in (codes for codes in lives if len(set(codes)) > 1):
            for code in set(codes):
                (stored,) = await self.bench.open.reader.by_code(code, on=EVERYONE.on)
                assert (stored.row.juminhyo_code, stored.row.serial) == (codes[-1], len(codes))


@settings(
    max_examples=7,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(steps=st.lists(STEP, min_size=3, max_size=10))
async def test_whatever_happens_what_was_acknowledged_is_there(
    honnin: Bench, steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, copies = tmp_path_factory.mktemp("model"), tmp_path_factory.mktemp("copies")
    with pytest.MonkeyPatch.context() as patched:
        in_small_steps(patched, 4)
        kills = Kills(folder, copies / "life0")
        kills.install(patched)
        model = Model(
            Bench(honnin.config, folder, honnin.clock, type(honnin.service)("honnin", clock=honnin.clock)),
            copies,
            kills,
        )
        await model.bench.start()
        try:
            for name, argument in steps:
                await getattr(model, name)(argument)
                await model.check()
            await done(model.bench)
            await model.check()
            assert await agrees(model.bench)
            newest = model.bench.open.people._sealer.newest("live")
            assert {each for each in await lying(model.bench) if each.startswith("live")} <= {newest}
            assert not list(model.bench.state.glob("*.next*"))
        finally:
            await model.bench.stop()
            await model.bench.service.close()
