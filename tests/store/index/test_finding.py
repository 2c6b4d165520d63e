"""Every way through the file finds what a scan finds, whatever is asked."""

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlcipher3.dbapi2 as sqlcipher
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from daemon.register.transitions import Standing
from daemon.register.wanted import Named, Wanted
from daemon.store import migrations
from daemon.store.index import finding, writing
from daemon.store.index.plan import Way, guesses
from tests.store.index.facts import fact
from tests.store.index.lives import LIVES, SEARCHES, Fact, People, aimed, row_at


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """The tables of the file, in memory."""
    connection: Any = sqlcipher.connect(":memory:", isolation_level=None)
    try:
        for step in migrations.INDEX:
            for statement in step:
                connection.execute(statement)
        yield connection
    finally:
        connection.close()


def filled(connection: sqlite3.Connection, lives: list[list[Fact]], batches: list[int]) -> People:
    """`lives` taken in, a version of each in turn, in batches of so many."""
    people, turn = People(), 0
    versions = [
        people.next(person, life[serial])
        for serial in range(max(map(len, lives)))
        for person, life in enumerate(lives, start=1)
        if serial < len(life)
    ]
    while versions:
        size, turn = batches[turn % len(batches)], turn + 1
        writing.take_in(connection, versions=versions[:size])
        versions = versions[size:]
    return people


@settings(deadline=None, max_examples=120)
@given(LIVES, st.lists(st.integers(1, 6), min_size=1), st.lists(SEARCHES, max_size=4), st.data())
def test_each_way_finds_what_a_scan_finds(
    lives: list[list[Fact]], batches: list[int], searches: list[Wanted], data: st.DataObject
) -> None:
    searches += data.draw(st.lists(aimed(lives), min_size=4, max_size=8))
    with database() as connection:
        people = filled(connection, lives, batches)
        ((horizon,),) = connection.execute("SELECT day FROM horizon")
        for wanted in searches:
            expected = people.found(wanted)
            assert set(map(row_at, finding.find(connection, wanted=wanted, limit=1000))) == expected
            past = wanted.on < horizon
            for guess in guesses(wanted, past=past):
                hits = finding.answers(connection, finding.branches(wanted, guess.way, past=past), 1000)
                assert set(map(row_at, hits)) == expected, guess


@settings(deadline=None, max_examples=60)
@given(LIVES, st.data())
def test_the_memory_finds_what_the_file_finds_of_newest_versions(
    lives: list[list[Fact]], data: st.DataObject
) -> None:
    newest = [life[:1] for life in lives]
    searches = data.draw(st.lists(aimed(newest), min_size=1, max_size=6))
    with database() as connection:
        people = filled(connection, newest, [100])
        for wanted in searches:
            assert set(map(row_at, finding.look(connection, wanted, 1000))) == people.found(wanted)


KANA, NAME = Named(("かき",)), Named(("住民",))
WHOLE_KANA, WHOLE_NAME = Named(("かきく",), whole=True), Named(("住民",), whole=True)


@pytest.mark.parametrize("former", [False, True])
@pytest.mark.parametrize("narrow", [{}, {"sex": "1"}, {"birth": (19890101, 19891231)}, {"town": "001"}])
@pytest.mark.parametrize(
    "names",
    [
        {"kana": KANA},
        {"name": NAME},
        {"kana": KANA, "name": NAME},
        {"kana": WHOLE_KANA, "name": WHOLE_NAME},
        {"kana": KANA, "name": Named(("山田",))},
        {"kana": Named(("あい",)), "name": NAME},
    ],
)
def test_by_place_a_further_name_finds_whoever_has_it(
    names: dict[str, Any], narrow: dict[str, Any], *, former: bool
) -> None:
    both: dict[str, Any] = {"names": ("山田", "住民")}
    kana = ("あい", "かきく")
    lives = [
        [facts_like(kana, **both)],
        [facts_like(kana, **both, municipality="35201")],
        [facts_like(kana, **both, sex="2", birth=(19900107, 19900107), town="002000")],
        [facts_like(("あい",), names=("山田",))],
        [facts_like(("かきく",), names=("住民",)), facts_like(("あい",), names=("山田",))],
    ]
    wanted = Wanted(
        on=20200110, standings=(Standing.PRESENT,), municipality="35203", former=former, **names, **narrow
    )
    with database() as connection:
        people = filled(connection, lives, [100])
        expected = people.found(wanted)
        assert expected
        for way in (Way.PLACE, *(guess.way for guess in guesses(wanted))):
            hits = finding.answers(connection, finding.branches(wanted, way, past=False), 1000)
            assert set(map(row_at, hits)) == expected, way


def facts_like(kana: tuple[str, ...], **keys: Any) -> Fact:
    """Somebody of 35203 with these readings."""
    given = fact(kana[0], **keys)
    return dataclasses.replace(given, keys=structs.replace(given.keys, kana=kana))
