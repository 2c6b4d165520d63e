"""Receipts of notices go when the key of their year is due, whole years at a time, and none before."""

from collections.abc import Awaitable, Callable

import pytest

from daemon.audit.action import Action
from daemon.crypto.seal import class_of
from daemon.errors import StateError
from daemon.store.draft import Draft
from daemon.store.engine import Table
from tests.conftest import Bench
from tests.peers.nation import arrive
from tests.retention.years import day, log, night, said, until

PEOPLE = 11


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.retention.receipts.BREATH", 0)
    monkeypatch.setattr("daemon.retention.receipts.STEP", 3)


async def years_there(bench: Bench) -> list[str]:
    """The key of each receipt that is there."""
    held = await bench.open.engine.scan(Table.NOTICES, limit=1000)
    return sorted(class_of(value) for _, value in held)


async def told(bench: Bench) -> int:
    """How many the log says are gone."""
    return sum(each.header.counts["notices"] for each in await said(bench, Action.NOTICE_FORGOTTEN))


@pytest.fixture
async def old(honnin: Bench) -> Bench:
    """Notices of two fiscal years, and the night before the first year's key is due."""
    for number in range(PEOPLE):
        await arrive(honnin, number)
    await log(honnin)
    await until(honnin, day("2027-04-01"))
    await arrive(honnin, PEOPLE)
    await log(honnin)
    await until(honnin, day("2034-03-31"))
    await night(honnin)
    return honnin


async def test_they_stay_until_their_year_s_key_is_due_and_the_next_year_s_longer(old: Bench) -> None:
    assert await years_there(old) == ["log.2026"] * PEOPLE + ["log.2027"]
    assert await told(old) == 0
    await until(old, day("2034-04-01"))
    await night(old)
    assert await years_there(old) == ["log.2027"]
    assert await told(old) == PEOPLE
    await old.open.custody.look()
    assert "log.2026" not in {key.name for key in (await old.service.keys()).keys}


async def test_what_a_stop_left_goes_the_next_time(old: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await until(old, day("2034-04-01"))
    real, left = old.open.engine.apply, [4]

    async def failing(changes: object) -> None:
        left[0] -= Table.NOTICES in changes  # type: ignore[operator]
        if left[0] < 2:
            raise OSError(28, "no space")
        await real(changes)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(old.open.engine, "apply", failing)
        with pytest.raises(StateError):
            await night(old)
    some = await told(old)
    assert 0 < some < PEOPLE
    assert len(await years_there(old)) == PEOPLE + 1 - some
    await night(old)
    assert await years_there(old) == ["log.2027"]
    assert await told(old) == PEOPLE


async def test_one_that_is_written_anew_meanwhile_is_of_its_new_year(
    old: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(old, day("2034-04-01"))
    receipts = old.open.purging._receipts
    real = type(receipts)._step
    ((key, _),) = await old.open.engine.scan(Table.NOTICES, limit=1)
    newest = next(
        v for _, v in await old.open.engine.scan(Table.NOTICES, limit=99) if class_of(v) == "log.2027"
    )

    async def meanwhile(self: object, keys: list[bytes], names: list[str]) -> None:
        if key in keys:
            await old.open.writer.write(_put(key, newest))
        await real(self, keys, names)  # type: ignore[arg-type]

    monkeypatch.setattr(type(receipts), "_step", meanwhile)
    await night(old)
    assert key in dict(await old.open.engine.scan(Table.NOTICES, limit=99))
    assert await years_there(old) == ["log.2027"] * 2


def _put(key: bytes, value: bytes) -> Callable[[Draft], Awaitable[None]]:
    async def work(draft: Draft) -> None:
        draft.put(Table.NOTICES, key, value)

    return work
