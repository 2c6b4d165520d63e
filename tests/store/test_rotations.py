"""Rotations of every kind: everything comes under the new generation while the register works, and it is on record."""

import asyncio
from datetime import timedelta

import pytest

from daemon.audit.action import Action
from daemon.commands.caller import Role
from daemon.commands.people import Account
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring, load
from daemon.errors import ConflictError, InputError, StateError
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.jobs import Work
from daemon.store.plans import File
from daemon.store.reseal import Reseal
from tests.conftest import Bench
from tests.store.turning import done, fill, found, headers, lying, move, rows

KINDS = ("live", "store", "index", "secret")
ROTATION = {Action.KEY_ROTATION_STARTED, Action.KEY_ROTATION_DONE}
ACCOUNT = Account(
    id="op1", name="名前", department="市町課", roles=[Role.OPERATOR], affairs=[], password="$argon2id$"
)


async def hire(bench: Bench) -> None:
    async def work(draft: Draft) -> None:
        bench.open.people.put(draft, ACCOUNT)

    await bench.open.writer.write(work)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_rotation_changes_keys_and_nothing_else(honnin: Bench, kind: str) -> None:
    await fill(honnin, *range(1, 40))
    await move(honnin, 3, 2)
    await hire(honnin)
    before = await rows(honnin), await found(honnin)
    assert await honnin.open.rotations.start(kind) == f"{kind}.2"
    await done(honnin)
    assert (await rows(honnin), await found(honnin)) == before
    assert honnin.open.dependents.dependents(f"{kind}.1") == 0
    assert await honnin.open.dependents.confirm(f"{kind}.1") == 0
    assert (
        await honnin.open.dependents.confirm(f"{kind}.2")
        == honnin.open.dependents.dependents(f"{kind}.2")
        > 0
    )
    await honnin.stop()
    await honnin.start()
    assert (await rows(honnin), await found(honnin)) == before
    assert not list(honnin.state.glob("*.next*"))


@pytest.mark.parametrize("kind", KINDS)
async def test_without_the_old_key_everything_still_opens(
    honnin: Bench, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1, 2, 3)
    await hire(honnin)
    before = await rows(honnin), await found(honnin)
    await honnin.open.rotations.start(kind)
    await done(honnin)
    await honnin.stop()
    working = honnin.service.unwrap

    async def destroyed(names: list[str]) -> dict[str, bytes]:
        return {name: key for name, key in (await working(names)).items() if name != f"{kind}.1"}

    monkeypatch.setattr(honnin.service, "unwrap", destroyed)
    await honnin.start()
    assert (await rows(honnin), await found(honnin)) == before
    assert not honnin.rebuilt  # of the index too it is the copy that is read, not one that was built again
    await fill(honnin, 4)
    assert len(await rows(honnin)) == 4


@pytest.mark.parametrize("kind", KINDS)
async def test_start_and_end_are_entries(honnin: Bench, kind: str) -> None:
    await fill(honnin, 1, 2, 3)
    await hire(honnin)
    await honnin.open.rotations.start(kind)
    await done(honnin)
    started, ended = [each for each in await headers(honnin) if each.action in ROTATION]
    assert started.action is Action.KEY_ROTATION_STARTED
    assert started.counts[kind] == 2
    assert started.counts["rows"] > 0
    assert ended.action is Action.KEY_ROTATION_DONE
    assert ended.counts == {kind: 1, "rows": 0}


async def test_what_is_written_lies_under_the_newest_at_once(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    honnin.open.rotations._share = 0.05
    await honnin.open.rotations.start("live")
    await fill(honnin, 3)
    row = next(
        each for each in (await rows(honnin)).values() if each.row.juminhyo_code.startswith("0000000003")
    )
    sealed = (await honnin.open.engine.get_many(Table.ROWS, [row.id]))[row.id]
    assert sealed[2:8] == b"live.2"
    await done(honnin)
    assert await lying(honnin) == {"live.2": 3}


async def test_notices_and_searches_go_on_meanwhile(honnin: Bench) -> None:
    await fill(honnin, *range(1, 60))
    for kind in KINDS:
        await honnin.open.rotations.start(kind)
    number = 60
    while honnin.open.rotations.progress():
        await fill(honnin, number)
        await move(honnin, number, 2)
        number += 1
        assert (await found(honnin)).total() == number - 1
        await asyncio.sleep(0)
    assert number > 62
    assert set(await lying(honnin)) == {"live.2", "expire.2176"}
    await honnin.stop()
    await honnin.start()
    assert (await found(honnin)).total() == number - 1
    assert len(await rows(honnin)) == 59 + 2 * (number - 60)


async def test_a_row_that_changes_while_it_is_sealed_anew_keeps_its_change(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1, 2)
    working = Reseal._anew

    async def meanwhile(work: Reseal, stale: dict[bytes, bytes]) -> dict[bytes, bytes]:
        fresh = await working(work, stale)
        await move(honnin, 1, 2)
        return fresh

    monkeypatch.setattr(Reseal, "_anew", meanwhile)
    await honnin.open.rotations.start("live")
    await done(honnin)
    assert await lying(honnin) == {"live.2": 2, "expire.2176": 1}
    assert [v.successor_on is None for v in (await rows(honnin)).values() if v.row.serial == 1].count(
        False
    ) == 1


async def test_a_cursor_that_was_lost_costs_another_pass_and_nothing_else(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, *range(1, 12))
    await honnin.stop()
    await honnin.service.make(["live.2"])
    await honnin.start()
    await done(honnin)
    await honnin.open.engine.apply({Table.META: {b"rotation:live:at": b"\xf0"}})
    await honnin.open.rotations.start("live")
    await done(honnin)
    assert await lying(honnin) == {"live.3": 11}


async def test_a_count_that_is_off_stops_the_rotation_and_is_mended_by_a_restart(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await honnin.open.engine.apply({Table.META: {b"under:rows:live.1": (7).to_bytes(8, "big")}})
    await honnin.stop()
    await honnin.start()
    await honnin.open.rotations.start("live")
    async with asyncio.timeout(10):
        while not honnin.open.rotations.progress()[0].paused:
            await asyncio.sleep(0.01)
    await honnin.stop()
    await honnin.start()
    await done(honnin)
    assert await lying(honnin) == {"live.2": 2}
    assert honnin.open.dependents.dependents("live.1") == 0


async def test_again_and_again(honnin: Bench) -> None:
    await fill(honnin, 1, 2, 3)
    for generation in range(2, 5):
        for kind in KINDS:
            assert await honnin.open.rotations.start(kind) == f"{kind}.{generation}"
        await done(honnin)
    assert await lying(honnin) == {"live.4": 3}
    assert (honnin.open.engine.pages.key.name, honnin.open.index.pages.key.name) == ("store.4", "index.4")


async def test_one_of_a_kind_at_a_time(honnin: Bench) -> None:
    await fill(honnin, 1)
    honnin.open.rotations._share = 0.05
    await honnin.open.rotations.start("live")
    with pytest.raises(ConflictError, match=r"key\.rotation_runs"):
        await honnin.open.rotations.start("live")
    await done(honnin)
    assert await honnin.open.rotations.start("live") == "live.3"


@pytest.mark.parametrize("kind", ["seal", "log", "expire", "", "live.1"])
async def test_other_kinds_are_not_rotated_here(honnin: Bench, kind: str) -> None:
    with pytest.raises(InputError, match=r"key\.not_rotatable"):
        await honnin.open.rotations.start(kind)
    assert not honnin.open.rotations.progress()


async def test_with_the_token_away_nothing_begins(honnin: Bench) -> None:
    await fill(honnin, 1)
    honnin.service.token.away = True
    with pytest.raises(StateError):
        await honnin.open.rotations.start("live")
    assert not honnin.open.rotations.progress()
    assert not ROTATION & {each.action for each in await headers(honnin)}
    honnin.service.token.away = False
    assert await honnin.open.rotations.start("live") == "live.2"
    await done(honnin)


async def test_once_begun_it_needs_no_token(honnin: Bench) -> None:
    await fill(honnin, *range(1, 30))
    for kind in KINDS:
        await honnin.open.rotations.start(kind)
    honnin.service.token.away = True
    await done(honnin)
    assert await lying(honnin) == {"live.2": 29}


@pytest.mark.parametrize("kind", ["store", "index"])
async def test_without_room_for_a_second_file_no_key_is_made(honnin: Bench, kind: str) -> None:
    await fill(honnin, 1)
    plan = honnin.open.rotations._plans[kind]
    assert isinstance(plan, File)
    floor = plan.floor
    size = honnin.state.joinpath("register.db").stat().st_size
    object.__setattr__(plan, "free", lambda: floor + size // 2)
    with pytest.raises(StateError, match=r"store\.no_room"):
        await honnin.open.rotations.start(kind)
    assert f"{kind}.2" not in {info.name for info in (await honnin.service.keys()).keys}


@pytest.mark.parametrize("kind", ["store", "index"])
async def test_a_disk_that_fills_pauses_it_and_nothing_else(
    honnin: Bench, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.rotations.AGAIN", 0.02)
    await fill(honnin, 1, 2)
    await honnin.open.rotations.start(kind)
    plan = honnin.open.rotations._plans[kind]
    object.__setattr__(plan, "free", lambda: 0)
    async with asyncio.timeout(10):
        while not honnin.open.rotations.progress()[0].paused:
            await asyncio.sleep(0.01)
    await fill(honnin, 3)
    object.__setattr__(plan, "free", lambda: 10**15)
    await done(honnin)
    assert honnin.open.dependents.dependents(f"{kind}.1") == 0
    assert (await found(honnin)).total() == 3


async def test_progress_says_how_far_and_how_fast(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.reseal.BATCH", 5)
    honnin.open.rotations._share = 1.0
    await fill(honnin, *range(1, 21))
    seen = []
    working = honnin.open.writer.write

    async def slow(work: Work[None]) -> None:
        honnin.clock.advance(timedelta(seconds=1))
        seen.extend(honnin.open.rotations.progress())
        await working(work)

    await honnin.open.rotations.start("live")
    monkeypatch.setattr(honnin.open.writer, "write", slow)
    await done(honnin)
    assert [(each.kind, each.old, each.new, each.total) for each in seen[:1]] == [
        ("live", "live.1", "live.2", 20)
    ]
    assert [each.done for each in seen[:4]] == [0, 5, 10, 15]
    assert seen[2].per_second == pytest.approx(10 / 3, rel=0.5)
    assert seen[2].seconds_left == pytest.approx(3, rel=0.5)


async def test_a_generation_that_was_made_and_never_used_is_used(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await honnin.service.make(["live.2", "store.2", "index.2"])
    await honnin.stop()
    await honnin.start()
    await done(honnin)
    assert await lying(honnin) == {"live.2": 2}
    assert (honnin.open.engine.pages.key.name, honnin.open.index.pages.key.name) == ("store.2", "index.2")
    assert [each.action in ROTATION for each in await headers(honnin)].count(True) == 6


async def test_a_first_generation_is_wanted_only_where_there_is_none(honnin: Bench) -> None:
    await honnin.open.rotations.start("live")
    await done(honnin)
    ring = Keyring()
    assert await load(ring, honnin.service, classes.wanted(honnin.clock.now().date())) == []
    assert ring.generations("live") == ["live.2", "live.1"]
    ring.forget("live.2")
    assert ring.newest("live") == "live.1"
    ring.forget("live.1")
    with pytest.raises(StateError, match=r"key\.not_loaded"):
        ring.newest("live")
