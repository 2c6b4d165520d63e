"""A log that was set back takes back from the second disk what it lacks: all of it, or nothing."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.days import day_in, key_of_day
from daemon.audit.entry import Header, header_of
from daemon.audit.journal import leaf_of
from daemon.audit.spool import Spool
from daemon.clock import day_of
from daemon.config import Spooled
from daemon.contract.console import Reason
from daemon.contract.keys import CarryOut
from daemon.contract.peer import Outcome
from daemon.crypto.seal import class_of
from daemon.errors import StateError
from daemon.open import Parts
from daemon.register.rows import Register
from daemon.store.engine import Table
from daemon.store.sqlite import SqliteEngine
from tests.audit.exporting import taken
from tests.audit.exports import checked
from tests.commands.notices.test_notices import notice
from tests.hsm.kit import HOLDERS
from tests.set_back import LOST, Place, ask, due, place, sealed, serving, sign

__all__ = ["place"]


@pytest.fixture
def second_disk(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second disk with the log once more."""
    place.spool = Spooled(folder=tmp_path_factory.mktemp("second") / "spool")
    return place.spool.folder


async def stored(parts: Parts) -> dict[bytes, bytes]:
    return dict(await parts.engine.scan(Table.LOG, limit=10_000))


async def test_what_the_second_disk_has_is_taken_back_and_no_epoch_is_needed(
    place: Place, second_disk: Path, tmp_path: Path
) -> None:
    kept = await place.filled(0, 0)
    place.copy()
    signed = await place.filled(3, LOST)
    bench = place.bench()
    before = await stored(await bench.start())
    await bench.stop()
    place.put_back()
    async with place.running() as scene:
        status = await scene.until(serving)
        assert (status.epoch, status.fault) == (None, "")
        # The rows are those of the copy, and nobody is shown anybody before two people have said that this is known.
        await scene.until(lambda status: Reason.ROWS_DIFFER in status.reasons)
        assert scene.app._parts is not None
        with pytest.raises(StateError, match=r"store\.rows_differ"):
            scene.app._parts.nightly.require_whole()
        headers = await scene.entries()
        now = await stored(scene.app._parts)
        assert {key: now[key] for key in before} == before
        parts = scene.app._parts
        for name in {class_of(leaf_of(value)[1]) for value in now.values()}:
            assert parts.dependents.dependents(name) == await parts.dependents.confirm(name)
        assert [each.action for each in headers[signed : signed + 2]] == [
            Action.LOG_REATTACHED,
            Action.REGISTER_STARTED,
        ]
        assert headers[signed].counts == {"first": kept, "end": signed}
        assert {each.epoch for each in headers} == {1}
        (verdict,) = await scene.client.send([notice("n3")])
        assert verdict.outcome is Outcome.APPLIED  # its row is not there: it can come again
        await scene.until(lambda _: scene.app._parts is not None and scene.app._parts.signer.signed > signed)
    assert (await place.service.witness()).epoch == 1
    bench = place.bench()
    parts = await bench.start()
    folder = await taken(bench, tmp_path / "export")
    assert checked(folder).manifest.epoch == 1
    assert [each.action for each in await entries_in(parts)].count(Action.LOG_REATTACHED) == 1
    await bench.stop()


async def test_a_kill_while_it_is_taken_back_goes_on_where_it_was(place: Place, second_disk: Path) -> None:
    kept = await place.filled(0, 0)
    place.copy()
    signed = await place.filled(3, LOST)
    place.put_back()
    place.patch.setattr("daemon.audit.reattaching.BATCH", 7)
    commits = 0
    applied = SqliteEngine.apply

    async def third(engine: SqliteEngine, changes: Any) -> None:
        nonlocal commits
        commits += 1
        if commits == 3:
            raise StateError("store.disk_full")
        await applied(engine, changes)

    place.patch.setattr(SqliteEngine, "apply", third)
    bench = place.bench()
    with pytest.raises(StateError, match=r"store\.disk_full"):
        await bench.start()
    place.patch.setattr(SqliteEngine, "apply", applied)
    parts = await bench.start()
    assert (due(parts), parts.journal.tree.size) == (True, signed)
    await parts.writer.log(Act(Action.KEY_MADE, "test"))
    headers = await entries_in(parts)
    assert headers[signed].counts == {"first": kept, "end": signed}
    assert await parts.signer.sign() is not None
    # What each day and month counts is as if nothing had happened.
    day = key_of_day(day_of(place.clock.now()))
    counted = day_in(await parts.engine.get_many(Table.META, [day]), day)
    assert counted is not None
    assert (counted.first, counted.end) == (0, signed + 2)
    assert counted.figures[Action.KEY_MADE][0] == sum(each.action is Action.KEY_MADE for each in headers)
    assert parts.journal.today(place.clock.now())[Action.KEY_MADE] == counted.figures[Action.KEY_MADE][0]
    await bench.stop()


async def test_a_second_disk_that_lacks_something_or_has_another_log_gives_nothing(
    place: Place, second_disk: Path
) -> None:
    await place.filled(0, 0)
    place.copy()
    await place.filled(3, LOST)
    place.put_back()
    (segment,) = second_disk.iterdir()
    whole = segment.read_bytes()
    for damaged in (whole[:-1], whole[: len(whole) // 2], whole[:-40] + bytes(40), b""):
        segment.write_bytes(damaged)
        async with place.running() as scene:
            status = await scene.until(sealed)
            assert status.fault == "log.cut"
    segment.write_bytes(whole)
    async with place.running() as scene:
        await scene.until(serving)


async def test_what_a_purge_or_a_hold_did_elsewhere_is_not_taken_back_by_entries_alone(
    place: Place, second_disk: Path
) -> None:
    await place.filled(0, 0)
    place.copy()
    bench = place.bench()
    parts = await bench.start()
    async with asyncio.timeout(10):
        while parts.spooling is not None and parts.spooling.code:
            await asyncio.sleep(0.01)
    await parts.writer.log(Act(Action.LOG_HOLD_PLACED, "test", counts={"hold": 1}))
    await parts.signer.sign()
    await bench.stop()
    place.put_back()
    async with place.running() as scene:
        assert (await scene.until(sealed)).fault == "log.cut"


async def entries_in(parts: Parts) -> list[Header]:
    return [header_of(leaf_of(value)[0]) for value in (await stored(parts)).values()]


async def test_what_cannot_be_taken_back_stays_there_for_people_when_a_new_epoch_begins(
    place: Place, second_disk: Path
) -> None:
    await place.filled(0, 0)
    place.copy()
    await place.filled(3, LOST)
    signed = await place.filled(LOST + 3, 0)
    place.put_back()
    (segment,) = second_disk.iterdir()
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-1])  # the last entries are missing there, too
    async with place.running() as scene:
        await scene.until(sealed)
        await scene.app._epochs.carry_out(CarryOut((await sign(scene, await ask(scene), *HOLDERS[:2])).id))
        await scene.until(serving)
        assert scene.app._parts is not None
        spooling = scene.app._parts.spooling
        assert spooling is not None
        async with asyncio.timeout(20):
            while spooling.code:
                await asyncio.sleep(0.05)
        size = scene.app._parts.journal.tree.size
    kept = second_disk / f"{segment.name}.lost-2"
    assert whole.startswith(kept.read_bytes())
    assert len(whole) - 1000 < kept.stat().st_size < len(whole)
    # The spool itself goes on as the log does.
    bench = place.bench()
    parts = await bench.start()
    assert parts.journal.tree.size >= size
    assert parts.journal.tree.size < signed
    again = Spool(second_disk, Register.HONNIN, parts.journal.sealer)
    assert dict(again.read(0)) == {
        int.from_bytes(key, "big"): value for key, value in (await stored(parts)).items()
    }
    await bench.stop()


async def test_entries_that_do_not_give_the_signed_root_are_not_taken_back(
    place: Place, second_disk: Path
) -> None:
    kept = await place.filled(0, 0)
    place.copy()
    await place.filled(3, 3)
    bench = place.bench()
    sealer = (await bench.start()).journal.sealer
    await bench.stop()
    spool = Spool(second_disk, Register.HONNIN, sealer)
    values = [value for _, value in spool.read(kept)]
    leaf, secret = leaf_of(values[-1])
    other = leaf.replace(b'"terminal":""', b'"terminal":"X"')
    assert other != leaf
    values[-1] = msgspec.msgpack.encode((other, secret))
    spool.cut(kept)
    day = day_of(place.clock.now())
    spool.append(day, kept, spool.record(day, kept, values))
    place.put_back()
    async with place.running() as scene:
        assert (await scene.until(sealed)).fault == "log.cut"
