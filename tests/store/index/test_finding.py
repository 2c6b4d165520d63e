"""Every way through the file finds what a scan finds, whatever is asked."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.register.wanted import Wanted
from daemon.store import migrations
from daemon.store.index import finding, writing
from daemon.store.index.plan import guesses
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
