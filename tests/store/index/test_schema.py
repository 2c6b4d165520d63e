"""How versions lie in the file, and that every way through it is one that an index leads."""

import re
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.register.checks import SEXES
from daemon.register.effect import FOREVER
from daemon.register.kana import search_key
from daemon.register.transitions import Standing
from daemon.register.wanted import Keys, Named, Wanted
from daemon.store.index import SHAPE, Version, conditions, finding, owners, renewal, spans, writing
from daemon.store.index.owners import Key
from daemon.store.index.plan import Way, guesses
from daemon.store.index.schema import FILL, STANDINGS, aliases_of, packed, put, row_of
from daemon.store.index.version import Alias, Kind
from daemon.store.pages import PageKey, Pages
from tests.store.index.lives import LIVES, Fact, People, facts
from tests.store.index.test_finding import database, filled

ALL = Wanted(
    on=20200110,
    standings=(Standing.PRESENT, Standing.OUT),
    kana=Named(("あ",)),
    name=Named(("山",), whole=True),
    birth=(19890107, 19890120),
    municipality="35203",
    town="001",
    address="滝町",
)


def test_every_standing_has_a_number_of_its_own() -> None:
    assert STANDINGS.keys() == set(Standing)
    assert len(set(STANDINGS.values())) == len(STANDINGS)


@given(st.text())
def test_packing_is_its_own_inverse(text: str) -> None:
    assert packed(packed(text)) == text


@given(st.text("あいかんゖぁ"), st.text("あいかんゖぁ"))
def test_packed_kana_take_a_byte_a_sound_and_begin_as_they_did(one: str, other: str) -> None:
    assert len(packed(search_key(one)).encode()) == len(search_key(one))
    assert packed(one + other).startswith(packed(one))
    assert (packed(one) < packed(other)) == (one < other)


@pytest.mark.parametrize("past", [False, True])
@pytest.mark.parametrize("way", [*Way, None])
def test_an_index_leads_each_way_and_narrows_by_more_than_the_standing(
    way: Way | None, *, past: bool
) -> None:
    if past and way in (Way.PLACE, Way.TOWN):
        assert way not in {guess.way for guess in guesses(ALL, past=past)}
        return
    with database() as connection:
        for branch in finding.branches(ALL, way, past=past):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {branch.sql}", branch.values).fetchall()
            steps = [step for *_, step in plan]
            assert not [step for step in steps if step.startswith("SCAN") or "MULTI-INDEX OR" in step]
            led = re.search(r"(today|past)_\w+ \((.*)\)", steps[0]) or re.search(
                r"alias_(?:key|place)()? \((.*)\)", steps[0]
            )
            assert led is not None, steps
            assert way is None or " AND " in led[2]


def test_further_names_of_one_version_are_looked_up_by_that_version() -> None:
    with database() as connection:
        (branch,) = finding.branches(ALL, Way.TOWN, past=False)
        plan = connection.execute(f"EXPLAIN QUERY PLAN {branch.sql}", branch.values).fetchall()
        looked_up = [step for *_, step in plan if step.startswith("SEARCH a ")]
        assert len(looked_up) == 2
        assert all("PRIMARY KEY (version=? AND kind=? AND key" in step for step in looked_up)


@pytest.mark.parametrize("key", Key)
def test_an_index_leads_to_whoever_has_a_key(key: Key) -> None:
    with database() as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT {owners.SQL[key]}", ("[1]",)).fetchall()
        steps = [step for *_, step in plan if not step.startswith("SCAN json_each")]
        assert not [step for step in steps if step.startswith("SCAN") and "CONSTANT" not in step]
        index = "alias_key (kind=? AND key=?)" if key is Key.FORMER_CODE else f"by_{key} ({key}=?)"
        assert [step for step in steps if step.endswith(index)]


def test_every_sex_of_a_row_is_asked_where_none_is() -> None:
    assert {str(sex) for sex in conditions.SEXES} == SEXES


def a_version() -> Version:
    keys = Keys(("あ",), ("山",), (19890107, 19890107), "1", "35203", "001000", "滝町")
    return People().next(1, Fact(keys, Standing.PRESENT, 20200101, delay=0, number=""))


def state(connection: sqlite3.Connection) -> list[list[tuple[object, ...]]]:
    """What is in the file, but for ids and the horizon."""
    asked = (
        "SELECT row, person, serial, since, until, aka FROM versions ORDER BY row",
        "SELECT v.row, a.kind, a.key, a.former FROM aliases AS a JOIN versions AS v ON v.id = a.version ORDER BY 1, 2, 3",
        "SELECT * FROM counts WHERE n != 0",
    )
    return [connection.execute(sql).fetchall() for sql in asked]


@settings(deadline=None, max_examples=40)
@given(LIVES, st.lists(st.integers(1, 6), min_size=1))
def test_a_file_of_whole_people_is_the_file_that_grew(lives: list[list[Fact]], batches: list[int]) -> None:
    with database() as grown, database() as whole:
        people, number = filled(grown, lives, batches), 0
        for life in people.lives.values():
            versions = [version for version, _ in life]
            for version, (until, is_open) in zip(versions, spans(versions), strict=True):
                number += 1
                put(whole, "versions", [row_of(number, version, until, open_=is_open)])
                put(whole, "aliases", aliases_of(number, version))
        for statement in FILL:
            whole.execute(statement)
        assert state(whole) == state(grown)
        for connection in (whole, grown):
            beyond = "SELECT count(*) FROM versions WHERE NOT open AND until > (SELECT day FROM horizon)"
            assert connection.execute(beyond).fetchone() == (0,)


@pytest.mark.parametrize("codes", [(), ("00000000001",)], ids=["one code", "two codes"])
@pytest.mark.parametrize(
    ("names", "aka"), [((), 0), ((True, True), 1), ((True, False), 2)], ids=["none", "former", "current"]
)
def test_a_row_says_whether_its_further_names_are_worth_a_look(
    names: tuple[bool, ...], aka: int, codes: tuple[str, ...]
) -> None:
    with database() as connection:
        aliases = tuple(Alias(Kind.NAME, f"{n}", former) for n, former in enumerate(names))
        aliases += tuple(Alias(Kind.CODE, code, former=True) for code in codes)
        put(connection, "versions", [row_of(1, a_version()._replace(aliases=aliases), FOREVER, open_=True)])
        assert connection.execute("SELECT aka FROM versions").fetchone() == (aka,)


async def test_a_file_of_before_is_as_a_new_one_once_it_is_written_anew(tmp_path: Path) -> None:
    key, old, new = PageKey(bytes(32)), tmp_path / "old.db", tmp_path / "new.db"
    first = Version(
        bytes(16), b"p" * 16, 1, "00000000019", "", Standing.PRESENT, 20200101, 20200101, "あい", "山田", 19890107, 19890107, "1",
        "35203", "001001", "滝町1",
    )  # fmt: skip
    versions = [
        first,
        first._replace(row=b"r" * 16, serial=2, since=20200102, told=20200102, address="滝町2"),
    ]
    pages = await Pages.open(old, key, SHAPE)

    def before(connection: sqlite3.Connection) -> None:
        connection.execute("DROP INDEX by_person")
        connection.execute("CREATE INDEX by_person ON versions (person, serial)")
        writing.take_in(connection, versions=versions[:1])

    await pages.write(before)
    await pages.close()
    await renewal.renew(old, new, key.raw, versions=versions[1:], removed=(), commit=2)
    shape = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"
    pages = await Pages.open(new, key, SHAPE)
    (counted,) = await pages.read(
        lambda one: one.execute("SELECT count(*), sum(open) FROM versions").fetchall()
    )
    held = set(await pages.read(lambda one: one.execute(shape).fetchall()))
    await pages.close()
    assert counted == (2, 1)
    with database() as fresh:
        assert held == set(fresh.execute(shape).fetchall())


@settings(deadline=None, max_examples=60)
@given(LIVES, st.data())
def test_versions_come_and_rows_go_in_one_piece(lives: list[list[Fact]], data: st.DataObject) -> None:
    with database() as grown, database() as whole:
        people = filled(grown, lives, [100])
        gone = people.remove(data.draw(st.sampled_from(sorted(people.lives))))
        new = people.next(data.draw(st.integers(1, len(lives))), data.draw(facts()))
        writing.take_in(grown, versions=[new], removed=[gone])
        writing.take_in(whole, versions=[version for life in people.lives.values() for version, _ in life])
        assert state(grown) == state(whole)


@pytest.mark.parametrize("sql", [writing.COUNT, writing.SUCCEED, writing.HORIZON])
def test_to_bring_in_one_more_version_no_row_of_its_person_is_read(sql: str) -> None:
    with database() as connection:
        plan = [
            step
            for *_, step in connection.execute(
                f"EXPLAIN QUERY PLAN {sql}", ("[]", 1, 0)[: max(n for n in (1, 2, 3) if f"?{n}" in sql)]
            )
        ]
    read = [step for step in plan if step.startswith(("SEARCH versions", "SCAN versions"))]
    assert [step for step in read if "by_person" in step]
    assert all("COVERING INDEX by_person" in step or "INTEGER PRIMARY KEY" in step for step in read)
