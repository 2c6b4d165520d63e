"""Any order of notices, rotations, kills and starts against a model that only remembers what was acknowledged."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Bench
from tests.store.kills import Kills
from tests.store.turning import done, fill, found, in_small_steps, lying, move, newcomer, rows

KINDS = ("live", "store", "index", "secret")
STEP = st.one_of(
    st.tuples(st.just("notices"), st.integers(1, 12)),
    st.tuples(st.just("move"), st.integers(0, 50)),
    st.tuples(st.just("rotate"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.integers(0, 15)),
    st.tuples(st.just("kill"), st.integers(0, 40)),
    st.tuples(st.just("restart"), st.just(0)),
)


class Model:
    """The register, and beside it how many versions each person must have."""

    def __init__(self, bench: Bench, copies: Path, kills: Kills) -> None:
        self.bench = bench
        self.copies = copies
        self.kills = kills
        self.versions: dict[int, int] = {}
        self.lives = 0

    async def notices(self, count: int) -> None:
        numbers = range(len(self.versions) + 1, len(self.versions) + 1 + count)
        await fill(self.bench, *numbers)
        self.versions |= dict.fromkeys(numbers, 1)

    async def move(self, pick: int) -> None:
        if self.versions:
            number = pick % len(self.versions) + 1
            self.versions[number] += 1
            await move(self.bench, number, self.versions[number])

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
        """What is read is what was written, and a search finds everyone once."""
        serials: dict[str, list[int]] = {}
        for stored in (await rows(self.bench)).values():
            serials.setdefault(stored.row.juminhyo_code, []).append(stored.row.serial)
        wanted = {newcomer(n).juminhyo_code: list(range(1, count + 1)) for n, count in self.versions.items()}
        assert {code: sorted(each) for code, each in serials.items()} == wanted
        assert await found(self.bench) == dict.fromkeys(wanted, 1)


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
            newest = model.bench.open.people._sealer.newest("live")
            assert {each for each in await lying(model.bench) if each.startswith("live")} <= {newest}
            assert not list(model.bench.state.glob("*.next*"))
        finally:
            await model.bench.stop()
            await model.bench.service.close()
