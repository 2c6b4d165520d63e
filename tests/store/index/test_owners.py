"""Who has a code, and who had it: in memory, in the file, and while something changes between the two."""

import sqlite3

import pytest

from daemon.errors import IntegrityError
from daemon.register.wanted import Named, Wanted
from daemon.store.index import Index, Version
from daemon.store.index.version import Alias, Kind
from tests.store.index.facts import PRESENT, TODAY, after_the_file, before_the_file, fact, rows
from tests.store.index.lives import People, code_of


async def test_two_people_with_one_code_are_an_error_and_what_is_no_code_is_nobody(index: Index) -> None:
    people = People()
    one = people.next(1, fact())
    other: Version = people.next(2, fact())._replace(code=one.code)
    await index.absorb([one, other], 1)
    with pytest.raises(IntegrityError) as refused:
        await index.latest([one.code])
    assert refused.value.code == "index.code_twice"
    assert await index.latest(["", "x", "１２３４５６７８９０１", "0" * 12]) == {}
    assert await index.by_code("1") == await index.by_number("") == await index.by_number("0" * 12) == []


@pytest.mark.parametrize("merged", range(4))
async def test_a_code_that_two_people_had_is_an_error_wherever_they_are(index: Index, merged: int) -> None:
    people = People()
    for person in (1, 2):
        shared = Alias(Kind.CODE, code_of(3, 0), former=True)
        index.take([people.next(person, fact())._replace(aliases=(shared,))], person)
        if merged & person:
            await index.merge()
    with pytest.raises(IntegrityError) as refused:
        await index.formerly([code_of(9, 0), code_of(3, 0)])
    assert refused.value.code == "index.code_twice"
    assert len(await index.by_code(code_of(3, 0))) == 2
    assert await index.formerly(["", "x", "１２３４５６７８９０１", "0" * 12]) == {}


@pytest.mark.parametrize("before", [True, False])
async def test_whoever_changes_their_code_while_they_are_looked_up_is_found(
    index: Index, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    people = People()
    first, second = people.next(1, fact()), people.next(1, fact(since=20200106, code=1))
    await index.absorb([first, second], 1)
    back = people.next(1, fact(since=20200107, code=0))

    async def changes() -> None:
        index.take([back], 2)
        await index.merge()

    (before_the_file if before else after_the_file)(index, monkeypatch, changes)
    # They have it, had it, and get it back: whatever is seen of that, it is they.
    (found,) = await index.by_code(first.code)
    assert found.person == first.person


async def test_a_code_that_was_changed_finds_its_person_in_memory_and_in_the_file(index: Index) -> None:
    people = People()
    first, second = people.next(1, fact()), people.next(1, fact(since=20200106, code=1))
    a_name = Wanted(on=TODAY, standings=PRESENT, name=Named((first.code,)), former=True)
    await index.absorb([first], 1)
    assert await index.formerly([first.code, second.code]) == {}
    index.take([second], 2)
    for _ in ("in memory", "in the file"):
        formerly = await index.formerly([first.code, second.code])
        assert {code: where.row for code, where in formerly.items()} == {first.code: second.row}
        assert list(await index.latest([first.code, second.code])) == [second.code]
        assert [each.row for each in await index.by_code(first.code)] == [second.row]
        assert await rows(index, a_name) == []
        await index.merge()


async def test_a_former_code_goes_with_the_last_row_that_held_it(index: Index) -> None:
    people = People()
    life = [people.next(1, fact(since=20200105 + n, code=code)) for n, code in enumerate((0, 1, 1, 2))]
    codes = [code_of(1, which) for which in range(3)]

    def names(connection: sqlite3.Connection) -> list[tuple[int]]:
        return connection.execute("SELECT DISTINCT aka FROM versions").fetchall()

    await index.absorb(life[:3], 1)
    index.take(life[3:], 2)
    for removed, left in ((life[1:2], codes[:2]), (life[:1], codes[1:2]), (life[2:3], [])):
        index.forget([version.row for version in removed], 3)
        await index.merge()
        assert sorted(await index.formerly(codes)) == left
        assert [bool(await index.by_code(code)) for code in codes] == [
            code in left or code == codes[2] for code in codes
        ]
        assert await index.pages.read(names) == [(0,)]
