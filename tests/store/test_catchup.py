"""The projection after a kill, a deletion, a restore and damage: always level with the truth before anyone searches."""

import shutil

import pytest
from msgspec.structs import replace

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.register.wanted import Named, Wanted
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.index import Index
from tests.commands.notices.test_notices import DAY, notice, send
from tests.conftest import Bench
from tests.store.projection import contents, expected
from tests.store.turning import EVERYONE, done, fill, found, move, newcomer, rows, tell


async def renamed(bench: Bench, number: int, *names: str) -> None:
    """Notices one after the other, each of which gives the person another name."""
    for name in names:
        record = replace(newcomer(number), reason="32", name=name, event_date=DAY)
        await tell(bench, f"r{number}-{name}", record)


async def remove(bench: Bench, *ids: bytes) -> None:
    """Rows leave the truth."""

    async def work(draft: Draft) -> None:
        for row in ids:
            draft.delete(Table.ROWS, row)

    await bench.open.writer.write(work)


async def killed(bench: Bench) -> None:
    """The register starts again on the files as a kill would leave them now."""
    left = bench.state.with_name(bench.state.name + "-left")
    shutil.copytree(bench.state, left)
    await bench.stop()
    shutil.rmtree(bench.state)
    left.rename(bench.state)
    bench.rebuilt.clear()
    await bench.start()


async def is_level(bench: Bench) -> bool:
    await bench.open.merger.merge()
    return await contents(bench.open.index) == await expected(bench)


def former(name: str) -> Wanted:
    return Wanted(on=EVERYONE.on, standings=EVERYONE.standings, former=True, name=Named((name,), whole=True))


def without_file(bench: Bench) -> None:
    for file in bench.state.glob("index.db*"):
        file.unlink()


async def test_a_projection_that_was_deleted_is_rebuilt(honnin: Bench) -> None:
    await fill(honnin, 1, 2, 3)
    await move(honnin, 1, 2)
    await renamed(honnin, 2, "甲　一", "乙　一")
    assert await is_level(honnin)
    await honnin.stop()
    without_file(honnin)
    await honnin.start()
    assert await is_level(honnin)
    assert honnin.rebuilt[-1] == (6, 6)
    assert not list(honnin.state.glob("*.next*"))


async def test_what_a_kill_takes_from_memory_is_read_again(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await renamed(honnin, 1, "甲　一")
    await honnin.open.merger.merge()
    await renamed(honnin, 1, "乙　一", "丙　一")
    await fill(honnin, 3)
    await renamed(honnin, 3, "丁　一")
    assert honnin.open.index.waiting == 4
    await killed(honnin)
    assert not honnin.rebuilt
    assert honnin.open.index.waiting == 4
    assert await is_level(honnin)
    for name in ("住民太郎", "甲一", "乙一", "丙一"):
        assert len(await honnin.open.reader.find(former(name), limit=9)) >= 1, name


async def test_a_kill_between_truth_and_memory_is_made_good(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)

    async def cut(*_: object) -> None:
        """The kill comes first."""

    monkeypatch.setattr(honnin.open.merger, "follow", cut)
    await fill(honnin, 2, 3)
    assert (await found(honnin)).total() == 1
    await killed(honnin)
    assert await is_level(honnin)
    assert (await found(honnin)).total() == 3
    assert not honnin.rebuilt


async def test_a_row_that_leaves_the_truth_leaves_every_answer_at_once(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await move(honnin, 1, 2)
    await honnin.open.merger.merge()
    await fill(honnin, 3)
    gone = [
        stored
        for stored in (await rows(honnin)).values()
        if stored.row.juminhyo_code < newcomer(3).juminhyo_code
    ]
    two = [each for each in gone if each.row.juminhyo_code == newcomer(2).juminhyo_code]
    old = [each for each in gone if each.successor_on is not None]
    in_memory = [s for s in (await rows(honnin)).values() if s.row.juminhyo_code == newcomer(3).juminhyo_code]
    await remove(honnin, *(each.id for each in (*two, *old, *in_memory)))
    assert set(await found(honnin)) == {newcomer(1).juminhyo_code}
    for stored in (*two, *in_memory):
        assert await honnin.open.reader.history(stored.person) == []
        assert await honnin.open.reader.by_code(stored.row.juminhyo_code, on=EVERYONE.on) == []
    assert [each.row.serial for each in await honnin.open.reader.history(old[0].person)] == [2]
    assert await is_level(honnin)


async def test_a_row_that_left_the_truth_leaves_the_file_after_a_kill_too(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await honnin.open.merger.merge()
    ids = [
        row
        for row, each in (await rows(honnin)).items()
        if each.row.juminhyo_code == newcomer(2).juminhyo_code
    ]
    await remove(honnin, *ids)
    await killed(honnin)
    assert not honnin.rebuilt
    assert set(await found(honnin)) == {newcomer(1).juminhyo_code}
    assert await is_level(honnin)


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
    assert await is_level(honnin)
    assert (await found(honnin)).total() == 1


async def test_a_projection_of_another_truth_is_not_believed(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.open.engine.apply({Table.META: {b"truth": bytes(16)}})
    await honnin.stop()
    await honnin.start()
    assert honnin.rebuilt
    assert await is_level(honnin)


async def test_a_projection_by_other_rules_is_made_anew(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left by a program that made other keys, it would lose whoever is found by a key that comes out differently now."""
    with monkeypatch.context() as earlier:
        earlier.setattr("daemon.store.truth.RULES", 0)
        earlier.setattr("daemon.register.keys.folded", lambda text: text)
        await honnin.stop()
        await honnin.start()
        await fill(honnin, 1)
        await honnin.open.merger.merge()
        await honnin.stop()
    honnin.rebuilt.clear()
    await honnin.start()
    assert honnin.rebuilt
    assert await is_level(honnin)
    assert len(await honnin.open.reader.find(former("住民太郎"), limit=9)) == 1


async def test_too_far_behind_means_a_rebuild(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.groups.KEPT_CHANGES", 0)
    monkeypatch.setattr("daemon.store.groups.UNLISTED", 1)
    await fill(honnin, 1)
    await fill(honnin, 2)
    # As if another file had been there, which held them.
    honnin.open.merger.merged = honnin.open.store.truth.head
    await fill(honnin, 3)
    await killed(honnin)
    assert honnin.rebuilt
    assert await is_level(honnin)


async def test_more_changes_than_are_worth_it_mean_a_rebuild(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.catchup.WORTH", 2)
    await fill(honnin, 1, 2)
    await killed(honnin)
    assert not honnin.rebuilt
    await fill(honnin, 3, 4, 5)
    await killed(honnin)
    assert honnin.rebuilt
    assert await is_level(honnin)


async def test_only_what_is_new_to_a_search_is_listed(honnin: Bench) -> None:
    await fill(honnin, 1)
    await fill(honnin, 2)
    await move(honnin, 1, 2)
    listed = await honnin.open.engine.scan(Table.CHANGES, limit=100)
    assert [len(ids) for _, ids in listed] == [16, 16, 16]
    await honnin.open.rotations.start("live")
    await done(honnin)
    assert await honnin.open.engine.scan(Table.CHANGES, limit=100) == listed


async def test_many_commits_that_touch_no_person_are_no_reason_to_rebuild(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.groups.KEPT_CHANGES", 8)
    monkeypatch.setattr("daemon.store.groups.UNLISTED", 1)
    await fill(honnin, 1)
    await honnin.open.merger.merge()
    for _ in range(30):
        await honnin.open.writer.log(Act(Action.KEY_MADE, "test"))
    assert not await honnin.open.engine.scan(Table.CHANGES, limit=9)
    await killed(honnin)
    assert not honnin.rebuilt
    assert await is_level(honnin)


@pytest.mark.parametrize("damage", [b"", b"not a database at all", bytes(8192)])
async def test_an_unreadable_projection_is_thrown_away(honnin: Bench, damage: bytes) -> None:
    await fill(honnin, 1, 2)
    await honnin.stop()
    without_file(honnin)
    (honnin.state / "index.db").write_bytes(damage)
    await honnin.start()
    assert (await found(honnin)).total() == 2


async def test_a_projection_under_another_key_is_thrown_away(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.stop()
    without_file(honnin)
    other = await Index.open(honnin.state / "index.db", bytes(32))
    await other.close()
    await honnin.start()
    assert (await found(honnin)).total() == 1
    assert await is_level(honnin)


async def test_a_start_says_how_far_building_has_come(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.gathering.READ", 2)
    await fill(honnin, 1, 2, 3, 4, 5)
    await honnin.stop()
    without_file(honnin)
    await honnin.start()
    assert [total for _, total in honnin.rebuilt] == [5] * len(honnin.rebuilt)
    assert [shown for shown, _ in honnin.rebuilt] == sorted(shown for shown, _ in honnin.rebuilt)
    assert honnin.rebuilt[0][0] < 5
    assert honnin.rebuilt[-1] == (5, 5)


async def test_an_empty_register_starts_with_nothing_to_build(honnin: Bench) -> None:
    assert not honnin.rebuilt
    assert await contents(honnin.open.index) == set() == await expected(honnin)


async def test_people_are_named_as_a_notice_in_the_same_commit_left_them(honnin: Bench) -> None:
    first = newcomer(1)
    await send(
        honnin,
        notice("a", first),
        notice("b", replace(first, reason="32", name="甲　一", event_date=DAY), seq=2),
        notice("c", replace(first, reason="32", name="乙　一", event_date=DAY), seq=3),
    )
    assert [each.row.serial for each in await honnin.open.reader.find(former("住民太郎"), limit=9)] == [3]
    assert await is_level(honnin)
