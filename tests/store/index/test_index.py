"""What happens between the two looks of a search, and what else a scan over all lives does not show."""

import sqlite3
from typing import Any

import pytest

from daemon.errors import StateError
from daemon.register.transitions import Standing
from daemon.store.index import Index, renewal
from daemon.store.index.schema import FORMER, packed
from daemon.store.index.version import Kind
from tests.store.index.conftest import TRUTH
from tests.store.index.facts import PRESENT, TODAY, after_the_file, before_the_file, fact, reading, rows
from tests.store.index.lives import Fact, People


async def test_what_the_memory_holds_is_found_at_once_and_once_after_the_merge(index: Index) -> None:
    version = People().next(1, fact())
    index.take([version], 1)
    assert index.waiting == 1
    assert await rows(index, reading("あい")) == [version.row]
    assert await index.merge() == 1
    assert index.waiting == 0
    assert await rows(index, reading("あい")) == [version.row]


async def test_a_merge_between_the_two_looks_of_a_search_hides_nobody(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People()
    old = people.next(1, fact("あい"))
    await index.absorb([old], 1)
    new = people.next(1, fact("いか", since=20200108))
    index.take([new], 2)
    before_the_file(index, monkeypatch, index.merge)
    assert await rows(index, reading("いか")) == [new.row]
    assert await rows(index, reading("あい")) == []


@pytest.mark.parametrize("merged", [False, True])
async def test_someone_whose_newest_version_comes_between_the_two_looks_is_still_proposed(
    index: Index, monkeypatch: pytest.MonkeyPatch, *, merged: bool
) -> None:
    people = People()
    old = people.next(1, fact("あい"))
    await index.absorb([old], 1)
    new = people.next(1, fact("あい", since=20200108))

    async def moves() -> None:
        index.take([new], 2)
        if merged:
            await index.merge()

    before_the_file(index, monkeypatch, moves)
    assert len(await rows(index, reading("あい"))) == 1


async def test_a_version_that_is_twice_succeeded_meanwhile_leaves_its_person_findable(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People()
    await index.absorb([people.next(1, fact("あい"))], 1)
    index.take([people.next(1, fact("かか", since=20200106))], 2)
    newest = people.next(1, fact("あい", since=20200107))

    async def returns() -> None:
        index.take([newest], 3)
        await index.merge()

    before_the_file(index, monkeypatch, returns)
    assert await rows(index, reading("あい")) == [newest.row]


async def test_a_day_that_ends_between_the_two_looks_hides_nobody(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People()
    old = people.next(1, fact("あい"))
    await index.absorb([old], 1)
    new = people.next(1, Fact(fact("かか").keys, Standing.PRESENT, TODAY + 1, delay=6, number=""))

    async def midnight() -> None:
        index.take([new], 2)
        await index.merge()

    before_the_file(index, monkeypatch, midnight)
    assert await rows(index, reading("あい", on=TODAY)) == [old.row]


@pytest.mark.parametrize("merged", [False, True])
async def test_a_departure_ahead_leaves_the_version_before_in_force_until_its_day(
    index: Index, *, merged: bool
) -> None:
    people = People()
    here = people.next(1, fact("あい"))
    gone = people.next(1, fact("あい", since=TODAY + 5, standing=Standing.OUT))
    await index.absorb([here], 1)
    index.take([gone], 2)
    if merged:
        await index.merge()
    for day, expected in ((TODAY, [here.row]), (TODAY + 4, [here.row]), (TODAY + 5, [])):
        assert await rows(index, reading("あい", on=day)) == expected
        assert await index.count(PRESENT, day) == len(expected)


async def test_what_is_succeeded_for_good_leaves_the_family_of_today(index: Index) -> None:
    people = People()
    moved = [people.next(1, fact("あい")), people.next(1, fact("あい", since=20200106, delay=3))]
    leaving = [
        people.next(2, fact("あい")),
        people.next(2, fact("あい", since=TODAY + 5, standing=Standing.OUT)),
    ]
    await index.absorb([*moved, *leaving], 1)

    def family(connection: sqlite3.Connection) -> list[tuple[bytes, int]]:
        return connection.execute("SELECT row, open FROM versions ORDER BY id").fetchall()

    expected = [(moved[0].row, 0), *((version.row, 1) for version in (moved[1], *leaving))]
    assert await index.pages.read(family) == expected


async def test_a_load_larger_than_a_transaction_moves_the_position_last(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.index.index.AT_ONCE", 2)
    people = People()
    versions = [people.next(person, fact("あい")) for person in range(1, 8)]
    write, left = index.pages.write, [2]

    async def cut(work: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise StateError("store.cannot_write")
        return await write(work)

    with monkeypatch.context() as patched:
        patched.setattr(index.pages, "write", cut)
        with pytest.raises(StateError):
            await index.absorb(versions, 9)
    assert await index.position() == (TRUTH, 0)
    await index.absorb(versions, 9)
    assert len(await rows(index, reading("あい"))) == 7
    assert (await index.position(), await index.count(PRESENT, TODAY)) == ((TRUTH, 9), 7)


async def test_the_limit_is_reached_though_many_hits_of_the_file_are_stale(index: Index) -> None:
    people = People()
    await index.absorb([people.next(person, fact("あい")) for person in range(1, 61)], 1)
    index.take([people.next(person, fact("かか", since=20200106)) for person in range(1, 51)], 2)
    assert len(await rows(index, reading("あい"), limit=10)) == 10
    assert len(await rows(index, reading("あい"), limit=11)) == 10
    assert len(await rows(index, reading("かか"), limit=51)) == 50


async def test_the_limit_is_reached_though_many_hits_of_the_memory_are_stale(index: Index) -> None:
    people = People()
    for kana, since, numbers in (("あい", 20200105, range(1, 61)), ("かか", 20200106, range(1, 51))):
        index.take([people.next(person, fact(kana, since=since)) for person in numbers], 1)
    assert len(await rows(index, reading("あい"), limit=10)) == 10
    assert len(await rows(index, reading("あい"), limit=11)) == 10


async def test_a_row_that_left_the_truth_is_in_no_answer_and_leaves_the_file(index: Index) -> None:
    people = People()
    on_disk, in_memory = people.next(1, fact("あい")), people.next(2, fact("あい"))
    await index.absorb([on_disk], 1)
    index.take([in_memory], 2)
    assert await index.count(PRESENT, TODAY) == 2
    index.forget([on_disk.row, in_memory.row], 3)
    for _ in ("before the merge", "after it"):
        assert await rows(index, reading("あい")) == []
        assert await index.history(on_disk.person) == []
        assert await index.latest([on_disk.code, in_memory.code]) == {}
        assert await index.by_number("111111111111") == []
        assert await index.count(PRESENT, TODAY) == 0
        await index.merge()
    held = await index.pages.read(lambda connection: connection.execute("SELECT * FROM versions").fetchall())
    assert held == []


async def test_a_row_whose_removal_is_merged_while_the_file_answers_is_not_proposed(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = People().next(1, fact("あい"))
    await index.absorb([version], 1)
    index.forget([version.row], 2)
    after_the_file(index, monkeypatch, index.merge)
    assert await rows(index, reading("あい")) == []


async def test_a_row_that_leaves_while_its_merge_is_under_way_stays_away(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = People().next(1, fact("あい"))
    index.take([version], 1)
    renew = renewal.renew

    async def forgotten(*given: Any, **named: Any) -> None:
        await renew(*given, **named)
        index.forget([version.row], 2)

    with monkeypatch.context() as patched:
        patched.setattr(renewal, "renew", forgotten)
        await index.merge()
    assert await rows(index, reading("あい")) == []
    await index.merge()
    assert (await rows(index, reading("あい")), index.waiting) == ([], 0)


async def test_a_merge_that_fails_loses_nothing_and_the_next_one_makes_it_good(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People()
    first, second = people.next(1, fact("あい")), people.next(2, fact("あい"))
    index.take([first], 1)

    async def full(*_: object, **__: object) -> None:
        raise StateError("store.cannot_write")

    with monkeypatch.context() as patched:
        patched.setattr(renewal, "renew", full)
        with pytest.raises(StateError):
            await index.merge()
    assert (index.waiting, await index.position()) == (1, (TRUTH, 0))
    index.take([second], 2)
    assert await index.merge() == 2
    assert await index.position() == (TRUTH, 2)
    assert sorted(await rows(index, reading("あい"))) == sorted([first.row, second.row])


async def test_commits_that_do_not_concern_it_come_with_the_next_new_file(index: Index) -> None:
    index.pass_by(7)
    assert await index.merge() == 0
    assert await index.position() == (TRUTH, 0)
    index.take([People().next(1, fact("あい"))], 8)
    index.pass_by(9)
    assert await index.merge() == 1
    assert await index.position() == (TRUTH, 9)


async def test_a_row_that_comes_again_takes_its_own_place(index: Index) -> None:
    people = People()
    first, second = people.next(1, fact("あい")), people.next(1, fact("いか", since=20200107))
    await index.absorb([first, second], 1)
    again = second._replace(kana="かか")
    index.take([again], 2)
    for _ in ("in memory", "in the file"):
        assert await rows(index, reading("かか")) == [second.row]
        assert await index.history(first.person) == [second.row, first.row]
        assert await index.count(PRESENT, TODAY) == 1
        await index.merge()
    assert await rows(index, reading("いか")) == []
    assert await rows(index, reading("あい", former=True)) == [second.row]


async def test_who_is_counted_in_memory_is_counted_on_when_the_file_changes(index: Index) -> None:
    people = People()
    index.take([people.next(person, fact()) for person in range(1, 4)], 1)
    assert await index.count(PRESENT, TODAY) == 3
    await index.absorb([people.next(9, fact())], 1)
    assert await index.count(PRESENT, TODAY) == 4
    batch = index.batch()
    index.take([people.next(1, fact(since=20200106, standing=Standing.DEAD))], 2)
    assert await index.count(PRESENT, TODAY) == 3
    await index.absorb(batch.versions, batch.commit)
    assert await index.count(PRESENT, TODAY) == 3
    index.merged(batch)
    assert (await index.count(PRESENT, TODAY), await index.count((Standing.DEAD,), TODAY)) == (3, 1)


async def test_whoever_has_no_patience_hears_what_is_known(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.index.counting.AT_ONCE", 1)
    people = People()
    await index.absorb([people.next(9, fact())], 1)
    index.take([people.next(person, fact()) for person in range(1, 4)], 2)
    assert [await index.count(PRESENT, TODAY, patience=0) for _ in range(4)] == [1, 2, 3, 4]
    index.take([people.next(1, fact(since=20200106, standing=Standing.DEAD))], 3)
    assert await index.count(PRESENT, TODAY) == 3


async def test_a_former_name_goes_with_a_row_that_was_never_in_the_file(index: Index) -> None:
    people = People()
    first = people.next(1, fact("あい", names=("山田",), code=1))
    second = people.next(1, fact("いか", names=("田田",), since=20200106, code=2))
    index.take([first, second], 1)
    for commit in (2, 3):
        index.forget([first.row], commit)
    await index.merge()
    assert await rows(index, reading("あい", former=True)) == []
    assert await index.formerly([first.code]) == {}
    assert await index.history(first.person) == [second.row]


async def test_a_former_name_goes_with_the_last_row_that_held_it(index: Index) -> None:
    people = People()
    first = people.next(1, fact("あい", names=("山田",)))
    second = people.next(1, fact("いか", names=("山田",), since=20200106))
    third = people.next(1, fact("かか", names=("田田",), since=20200107))
    await index.absorb([first, second], 1)
    index.take([third], 2)
    index.forget([first.row], 3)
    await index.merge()
    assert await rows(index, reading("あい", former=True)) == []
    assert await rows(index, reading("いか", former=True)) == [third.row]
    held = await index.pages.read(
        lambda connection: connection.execute(
            "SELECT v.serial, v.aka, a.kind, a.key FROM versions AS v LEFT JOIN aliases AS a ON a.version = v.id"
        ).fetchall()
    )
    assert sorted(held, key=str) == [
        (2, 0, None, None),
        (3, FORMER, Kind.KANA, packed("いか")),
        (3, FORMER, Kind.NAME, "山田"),
    ]
