"""A kill at any step of a rotation: nothing that was acknowledged is lost, and it goes on to its end by itself."""

import asyncio
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.store.kills import Kills
from tests.store.turning import done, fill, found, in_small_steps, lying, move, newcomer, rows

EVERY = {"live": 4, "store": 37, "index": 31}
PAUSE = 0.03  # seconds between notices: a rotation in steps so small must still get ahead of them


async def revived(bench: Bench, folder: Path) -> Bench:
    """The register as it starts again in a folder that a kill left."""
    again = Bench(bench.config, folder, bench.clock, bench.service)
    await again.start()
    return again


@pytest.mark.parametrize("kind", ["live", "store", "index"])
async def test_killed_at_any_step(
    honnin: Bench, kind: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_steps(monkeypatch, 7)
    await fill(honnin, *range(1, 30))
    kills = Kills(honnin.state, tmp_path_factory.mktemp("copies"), EVERY[kind])
    with monkeypatch.context() as patched:
        kills.install(patched)
        kills.acknowledged = {newcomer(number).juminhyo_code for number in range(1, 30)}
        kills.on = True
        await honnin.open.rotations.start(kind)
        number = 30
        while honnin.open.rotations.progress():
            await fill(honnin, number)
            kills.acknowledged.add(newcomer(number).juminhyo_code)
            await move(honnin, number - 20, 2)
            number += 1
            await asyncio.sleep(PAUSE)
        kills.on = False
    assert len(kills.taken) > 4, (len(kills.taken), kills.steps)
    for folder, acknowledged in kills.taken:
        again = await revived(honnin, folder)
        try:
            await check(again, kind, acknowledged, number)
        finally:
            await again.stop()


async def check(bench: Bench, kind: str, acknowledged: set[str], number: int) -> None:
    """Everything acknowledged is there, once; a search finds it; and the rotation comes to its end."""
    await done(bench)
    people = await found(bench)
    assert acknowledged <= set(people)
    assert set(people.values()) == {1}
    versions = await rows(bench)
    assert set(people) == {stored.row.juminhyo_code for stored in versions.values()}
    await fill(bench, number + 1)
    assert (await found(bench)).total() == len(people) + 1
    assert not list(bench.state.glob("*.next*"))
    assert (
        bench.open.dependents.dependents(f"{kind}.1") == 0 == await bench.open.dependents.confirm(f"{kind}.1")
    )
    if kind == "live":
        assert "live.1" not in await lying(bench)
