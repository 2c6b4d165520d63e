"""The second disk beside a log that is purged: it gets what is new, and what is purged is not missed there."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.audit import spooling
from daemon.audit.journal import sequence
from daemon.audit.spool import Spool
from daemon.config import Spooled
from daemon.store.engine import Table
from tests.conftest import Bench
from tests.retention.years import AFTER, day, hold, log, night, state, until


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "LOOK", 0.02)


async def second(bench: Bench, folder: Path) -> list[tuple[int, bytes]]:
    """What lies on the second disk, once it is level."""
    async with asyncio.timeout(20):
        while bench.open.spooling is None or bench.open.spooling.code:
            await asyncio.sleep(0.01)
    return list(Spool(folder, bench.config.register, bench.open.journal.sealer).read(0))


async def truth(bench: Bench, first: int) -> list[tuple[int, bytes]]:
    pairs = await bench.open.engine.scan(Table.LOG, first=sequence(first), limit=1000)
    return [(int.from_bytes(key, "big"), value) for key, value in pairs]


async def test_a_new_second_disk_begins_where_the_log_does(honnin: Bench, tmp_path: Path) -> None:
    await log(honnin, 9)
    await hold(honnin, 2, 3, "2040-01-01")
    await until(honnin, AFTER)
    await night(honnin)
    honnin.config = replace(honnin.config, spool=Spooled(folder=tmp_path / "second"))
    await until(honnin, day("2033-11-26"))
    await log(honnin, 2)
    begin = (await state(honnin)).purged.end
    assert begin == 9
    assert await second(honnin, tmp_path / "second") == await truth(honnin, begin)


async def test_one_that_missed_a_purge_goes_on_and_the_next_purge_changes_nothing_there(
    honnin: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "second"
    honnin.config = replace(honnin.config, spool=Spooled(folder=folder, days=366))
    await until(honnin, day("2026-11-25"))
    await second(honnin, folder)
    await log(honnin, 9)
    assert await second(honnin, folder) == await truth(honnin, 0)
    honnin.config = replace(honnin.config, spool=None)
    await until(honnin, day("2027-03-01"))
    await log(honnin, 3)
    await hold(honnin, 10, 10, "2040-01-01")
    await until(honnin, day("2033-11-26"))
    await night(honnin)
    assert (await state(honnin)).purged.end == 9
    honnin.config = replace(honnin.config, spool=Spooled(folder=folder, days=366))
    await until(honnin, day("2033-11-27"))
    await log(honnin, 2)
    assert [pair for pair in await second(honnin, folder) if pair[0] >= 9] == await truth(honnin, 9)
    await until(honnin, day("2034-03-02"))
    await second(honnin, folder)
    await night(honnin)
    end = (await state(honnin)).purged.end
    assert end > 10
    assert [pair for pair in await second(honnin, folder) if pair[0] >= end] == await truth(honnin, end)
