"""The projection after a kill, a deletion, a restore and damage: always level with the truth before anyone searches."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.audit.act import Act
from daemon.audit.entry import Action
from daemon.register.codes import juminhyo_digit
from daemon.register.rows import HonninRecord
from daemon.store.engine import Table
from daemon.store.index import Index, Version, Wanted, projected
from tests.commands.test_notices import DAY, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN
from tests.store.turning import done

EVERYONE = Wanted(("present",), 20261124)


def newcomer(number: int) -> HonninRecord:
    base = f"{number:010}"
    return replace(HONNIN, juminhyo_code=base + juminhyo_digit(base), kojin_bango="", reason="12")


async def fill(bench: Bench, *numbers: int) -> None:
    for number in numbers:
        await send(bench, notice(f"n{number}", newcomer(number)))


async def contents(bench: Bench) -> set[tuple[object, ...]]:
    return {tuple(row) for row in await bench.open.index._reader.execute_fetchall("SELECT * FROM versions")}


async def expected(bench: Bench) -> set[tuple[object, ...]]:
    """What a projection made from the decrypted truth alone would hold."""
    rows = await bench.open.engine.scan(Table.ROWS, limit=10_000)
    versions = [projected(bench.open.reader._codec.open(row, sealed)) for row, sealed in rows]
    last = {v.person: max(w.serial for w in versions if w.person == v.person) for v in versions}
    return {
        (v.row, v.person, v.serial, int(v.serial == last[v.person]), v.code, v.kana, v.birth_min, v.birth_max,
         v.standing, v.departs)
        for v in versions
    }  # fmt: skip


async def test_a_projection_that_was_deleted_is_rebuilt(honnin: Bench) -> None:
    await fill(honnin, 1, 2, 3)
    await send(honnin, notice("m", replace(newcomer(1), reason="31", address="山口県山口市", event_date=DAY)))
    before = await contents(honnin)
    await honnin.stop()
    for file in honnin.state.glob("index.db*"):
        file.unlink()
    await honnin.start()
    assert await contents(honnin) == before == await expected(honnin)
    assert honnin.rebuilt[-1] == (4, 4)


async def test_a_kill_between_truth_and_projection_is_made_good(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)
    index = honnin.open.index
    monkeypatch.setattr(index, "commit", index.rollback)
    await fill(honnin, 2, 3)
    assert len(await contents(honnin)) == 1
    await honnin.stop()
    honnin.rebuilt.clear()
    await honnin.start()
    assert await contents(honnin) == await expected(honnin)
    assert len(await contents(honnin)) == 3
    assert not honnin.rebuilt


async def test_a_projection_ahead_of_a_restored_truth_drops_what_is_ahead(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.stop()
    kept = {file.name: file.read_bytes() for file in honnin.state.glob("register.db*")}
    await honnin.start()
    await fill(honnin, 2)
    await honnin.stop()
    for file in honnin.state.glob("register.db*"):
        file.unlink()
    for name, content in kept.items():
        (honnin.state / name).write_bytes(content)
    await honnin.start()
    assert await contents(honnin) == await expected(honnin)
    assert len(await contents(honnin)) == 1


async def test_a_projection_of_another_truth_is_not_believed(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.open.engine.apply({Table.META: {b"truth": bytes(16)}})
    await honnin.open.index._writer.execute("UPDATE versions SET kana = 'x'")
    await honnin.stop()
    await honnin.start()
    assert await contents(honnin) == await expected(honnin)
    assert honnin.rebuilt


async def test_too_far_behind_means_a_rebuild(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.catchup.KEPT_CHANGES", 2)
    await fill(honnin, 1, 2, 3)
    await honnin.open.index._writer.execute("UPDATE position SET head = 0")
    await honnin.stop()
    await honnin.start()
    assert honnin.rebuilt
    assert await contents(honnin) == await expected(honnin)


async def test_only_what_is_new_to_a_search_is_listed(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await send(honnin, notice("m", replace(newcomer(1), reason="31", address="山口県山口市", event_date=DAY)))
    listed = await honnin.open.engine.scan(Table.CHANGES, limit=100)
    assert [len(ids) for _, ids in listed] == [16, 16, 16]
    await honnin.open.rotations.start("live")
    await done(honnin)
    assert await honnin.open.engine.scan(Table.CHANGES, limit=100) == listed


async def test_many_commits_that_touch_no_person_are_no_reason_to_rebuild(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.groups.KEPT_CHANGES", 8)
    monkeypatch.setattr("daemon.store.groups.MOVED_PAST", 2)
    monkeypatch.setattr("daemon.store.catchup.KEPT_CHANGES", 8)
    await fill(honnin, 1)
    for _ in range(30):
        await honnin.open.writer.log(Act(Action.KEY_MADE, "test"))
    assert not await honnin.open.engine.scan(Table.CHANGES, limit=9)
    await honnin.stop()
    await honnin.start()
    assert not honnin.rebuilt
    assert await contents(honnin) == await expected(honnin)


@pytest.mark.parametrize("damage", [b"", b"not a database at all", bytes(8192)])
async def test_an_unreadable_projection_is_thrown_away(honnin: Bench, damage: bytes) -> None:
    await fill(honnin, 1, 2)
    await honnin.stop()
    for file in honnin.state.glob("index.db*"):
        file.unlink()
    (honnin.state / "index.db").write_bytes(damage)
    await honnin.start()
    assert len(await honnin.open.index.find(EVERYONE, limit=9)) == 2


async def test_a_projection_under_another_key_is_thrown_away(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.stop()
    for file in honnin.state.glob("index.db*"):
        file.unlink()
    other = await Index.open(honnin.state / "index.db", bytes(32))
    await other.close()
    await honnin.start()
    assert len(await contents(honnin)) == 1


async def test_rebuilding_goes_in_batches_and_says_how_far_it_is(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.catchup.BATCH", 2)
    await fill(honnin, 1, 2, 3, 4, 5)
    await honnin.stop()
    for file in honnin.state.glob("index.db*"):
        file.unlink()
    await honnin.start()
    assert honnin.rebuilt == [(2, 5), (4, 5), (5, 5)]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.permutations(range(6)))
async def test_versions_may_come_in_any_order(honnin: Bench, order: list[int]) -> None:
    index = honnin.open.index
    await index.begin()
    await index.clear()
    for number in order:
        await index.add([_version(number)])
    await index.commit()
    latest = await index._reader.execute_fetchall(
        "SELECT person, serial FROM versions WHERE latest ORDER BY person"
    )
    assert [tuple(row) for row in latest] == [(b"a" * 16, 3), (b"b" * 16, 3)]


def _version(number: int) -> Version:
    person = (b"a" if number % 2 else b"b") * 16
    return Version(bytes([number]) * 16, person, number // 2 + 1, f"{number:011}", "k", 1, 2, "present", 0)
