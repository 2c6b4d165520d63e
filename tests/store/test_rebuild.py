"""Building the projection anew: what comes out, beside notices and searches, and through kills, full disks and leftovers."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace as changed
from pathlib import Path
from random import Random  # noqa: TID251 - seeded by hypothesis
from sqlite3 import Connection

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.errors import IntegrityError
from daemon.register.dates import of_day
from daemon.store import files
from daemon.store.builder import Builder
from daemon.store.catchup import Sources
from daemon.store.closing import closed_on_error
from daemon.store.index import SHAPE, Index, Version, known_of, projected
from daemon.store.opening import level
from daemon.store.pages import PageKey, Pages
from daemon.store.plans import IndexFile
from daemon.store.rebuild import Finish, Rebuild, clear
from daemon.store.rows import OWN, Stored, row_id
from daemon.store.staging import Staging, people_of, place
from daemon.store.truth import Truth
from tests.conftest import NOON, Bench
from tests.register.people import honnin_row
from tests.store.projection import Contents, contents, expected
from tests.store.test_catchup import remove, renamed
from tests.store.turning import fill, found, in_small_steps, move, newcomer, rows

KEY = PageKey(bytes(32), "index.1")


def sources(bench: Bench) -> Sources:
    plan = bench.open.rotations._plans["index"]
    assert isinstance(plan, IndexFile)
    return plan.sources


async def nothing(finish: Finish) -> None:
    """An exchange that never takes place."""
    await finish()


async def begun(bench: Bench, *, total: int = 100) -> Rebuild:
    """A rebuild beside the register, which only finishes its file."""
    index = bench.open.index
    return await Rebuild.begin(index, sources(bench), nothing, key=index.pages.key, total=total)


async def built(bench: Bench) -> Contents:
    """What the finished file holds."""
    index = bench.open.index
    copy = await Index.open(files.successor(index.pages.file), index.pages.key.raw)
    try:
        return await contents(copy)
    finally:
        await copy.close()


async def schema_of(file: Path, key: PageKey) -> set[tuple[object, ...]]:
    pages = await Pages.open(file, key, SHAPE)

    def read(connection: Connection) -> set[tuple[object, ...]]:
        ((version,),) = connection.execute("PRAGMA user_version").fetchall()
        return {(version,), *connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()}

    try:
        return await pages.read(read)
    finally:
        await pages.close()


def life(number: int, changes: Sequence[tuple[str, int]]) -> list[Stored]:
    """The versions of one person: each with a name, and a day in November on which it begins."""
    lived, person = [], bytes([number * 37 % 256]) * 16
    for serial, (name, day) in enumerate(changes, start=1):
        row = replace(
            honnin_row(name=name, kana=f"{name}かな"),
            serial=serial,
            event_date=of_day(NOON.date().replace(day=day)),
            juminhyo_code=f"{number:011}",
            reason="21" if name == "去" else "32",
        )
        lived.append(Stored(row_id(person, bytes([number, serial]) + bytes(OWN - 2)), person, row))
    return lived


LIVES = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["甲", "乙", "丙", "去"]), st.integers(1, 30)), min_size=1, max_size=4
    ),
    max_size=12,
)


def in_order(lived: list[Stored]) -> list[Version]:
    versions: list[Version] = []
    for stored in lived:
        versions.append(projected(stored, known_of(versions[-1]) if versions else None))
    return versions


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=LIVES, order=st.randoms(use_true_random=False))
async def test_however_versions_come_the_file_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, lives: list[list[tuple[str, int]]], order: Random
) -> None:
    folder = tmp_path_factory.mktemp("files")
    people = [life(number, changes) for number, changes in enumerate(lives, start=1)]
    async with AsyncExitStack() as stack:
        merged = await Index.open(folder / "merged.db", KEY.raw)
        stack.push_async_callback(merged.close)
        await merged.start(b"t", 0)
        shuffled = [version for lived in people for version in in_order(lived)]
        order.shuffle(shuffled)
        for at, version in enumerate(shuffled):
            merged.take([version], at)
            if at % 3 == 0:
                await merged.merge()
        await merged.merge()
        loose = [projected(stored) for lived in people for stored in lived]
        order.shuffle(loose)
        await build(folder / "built.db", loose)
        other = await Index.open(folder / "built.db", KEY.raw)
        stack.push_async_callback(other.close)
        assert await contents(other) == await contents(merged)
        assert await other.position() == (b"t", 7)
    assert await schema_of(folder / "built.db", KEY) == await schema_of(folder / "merged.db", KEY)


async def build(file: Path, loose: list[Version]) -> None:
    """Write a file from versions that come in no order."""
    staging = await Staging.begin(file, KEY, truth=b"t", head=0, total=40_000)
    async with closed_on_error(staging):
        assert staging.progress.buckets > 1
        for at in range(0, len(loose), 5):
            await staging.put(loose[at : at + 5], first=b"", whole=False)
        builder = await Builder.begin(file, KEY)
        async with closed_on_error(builder):
            for bucket in range(staging.progress.buckets):
                await builder.add(await people_of(await staging.bucket(bucket)), mark=bucket)
            await builder.finish(b"t", 7)
    await staging.close()


async def test_a_file_that_is_not_finished_is_no_projection(tmp_path: Path) -> None:
    builder = await Builder.begin(tmp_path / "new.db", KEY)
    await builder.add([in_order(life(1, [("甲", 1), ("乙", 2)]))], mark=3)
    await builder.close()
    again = await Builder.resume(tmp_path / "new.db", KEY)
    assert again is not None
    assert again.marked == 3
    await again.add([in_order(life(2, [("甲", 1)]))], mark=4)
    await again.finish(b"t", 1)
    with pytest.raises(IntegrityError):
        await Builder.resume(tmp_path / "new.db", PageKey(bytes(31) + b"x"))
    assert await Builder.resume(tmp_path / "new.db", KEY) is None


async def test_everything_that_changes_meanwhile_is_in_it(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_steps(monkeypatch, 4)
    monkeypatch.setattr("daemon.store.rebuild.TAKEN", 50)
    await fill(honnin, *range(1, 30))
    await renamed(honnin, 3, "甲　一")
    work, number = await begun(honnin), 100
    while await work.step():
        await fill(honnin, number)
        await move(honnin, number - 95, 2)
        await renamed(honnin, number, "乙　二", "丙　三")
        if number < 104:
            first = min(row for row, each in (await rows(honnin)).items() if each.row.serial == 1)
            await remove(honnin, first)
        number += 1
        await asyncio.sleep(0.02)
    await work.close()
    assert number > 110
    assert await built(honnin) == await expected(honnin)


async def test_searches_never_find_fewer_while_it_runs(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_steps(monkeypatch, 4)
    monkeypatch.setattr("daemon.store.merging.REST", 0.01)
    await fill(honnin, *range(1, 30))
    everyone = {newcomer(number).juminhyo_code: 1 for number in range(1, 30)}
    await honnin.open.rotations.start("index")
    searches = number = 0
    while honnin.open.rotations.progress():
        number += 1
        await move(honnin, number % 29 + 1, number // 29 + 2)
        for _ in range(3):
            assert await found(honnin) == everyone
            searches += 1
            await asyncio.sleep(0.005)
    assert searches > 5
    assert honnin.open.index.pages.key.name == "index.2"
    await honnin.open.merger.merge()
    assert await contents(honnin.open.index) == await expected(honnin)


@pytest.mark.parametrize("steps", [1, 4, 9, 14, 18, 22, 28, 32, 36, 60])
async def test_it_goes_on_from_where_it_was_left(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    in_small_steps(monkeypatch, 4)
    await fill(honnin, *range(1, 20))
    work = await begun(honnin, total=19)
    for _ in range(steps):
        await work.step()
    left = work.left()
    await work.close()
    await fill(honnin, *range(20, 28))
    await renamed(honnin, 1, "甲　一", "乙　一")
    work = await begun(honnin, total=19)
    assert work.left() <= left + 8
    while await work.step():
        pass
    await work.close()
    assert await built(honnin) == await expected(honnin)
    assert not place(files.successor(honnin.open.index.pages.file)).exists()


async def test_what_is_left_of_another_truth_is_not_believed(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_steps(monkeypatch, 4)
    await fill(honnin, *range(1, 10))
    for steps in (3, 12, 100):
        work = await begun(honnin)
        for _ in range(steps):
            await work.step()
        await work.close()
        truth = sources(honnin).truth
        monkeypatch.setattr(truth, "id", bytes([steps]) * 16)
        work = await begun(honnin)
        assert work.left() == 100
        await work.close()
        clear(files.successor(honnin.open.index.pages.file))


async def test_what_was_left_too_long_ago_begins_anew(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_steps(monkeypatch, 4)
    await fill(honnin, *range(1, 10))
    work = await begun(honnin)
    await work.step()
    await work.step()
    await work.close()
    for number in range(10, 14):
        await fill(honnin, number)
    honnin.open.store.truth.listed = honnin.open.store.truth.head - 1
    work = await begun(honnin)
    assert work.left() == 100
    while await work.step():
        pass
    await work.close()
    assert await built(honnin) == await expected(honnin)


@pytest.mark.parametrize("name", [".next", ".next.staged"])
@pytest.mark.parametrize("steps", [3, 14, 100])
async def test_damaged_leftovers_are_thrown_away(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch, name: str, steps: int
) -> None:
    in_small_steps(monkeypatch, 4)
    await fill(honnin, *range(1, 10))
    work = await begun(honnin)
    for _ in range(steps):
        await work.step()
    await work.close()
    damaged = honnin.state / f"index.db{name}"
    damaged.write_bytes(b"no database" * 1000)
    work = await begun(honnin)
    while await work.step():
        pass
    await work.close()
    assert await built(honnin) == await expected(honnin)


async def test_a_start_that_is_killed_while_building_goes_on(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_steps(monkeypatch, 4)
    await fill(honnin, *range(1, 30))
    before = await expected(honnin)
    # As if the file followed another truth: it is not believed.
    source = changed(sources(honnin), truth=Truth(bytes(16), honnin.open.store.truth.head))

    class Killed(Exception):  # noqa: N818
        """It was."""

    def kill(done: int, total: int) -> None:
        if done > 20:
            raise Killed

    seen: list[int] = []
    with pytest.raises(Killed):
        await level(honnin.open.index, source, kill, total=29)
    await level(honnin.open.index, source, lambda done, _: seen.append(done), total=29)
    assert seen[0] > 15
    assert await contents(honnin.open.index) == before
