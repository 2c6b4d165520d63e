"""The leakage report can find what it looks for, and finds nothing in the register's own files."""

import hashlib
import importlib
import sqlite3
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from daemon.rehearsal.dice import Dice
from daemon.store.connection import connector

BENCH = Path(__file__).parents[2] / "packaging" / "bench"
PAGE = 4096
PEOPLE = 20_000
TODAY = date(2026, 11, 24)


def bench(name: str) -> ModuleType:
    """A module of the benches, which find each other beside them."""
    if str(BENCH) not in sys.path:
        sys.path.append(str(BENCH))
    return importlib.import_module(name)


copies, files, guess, names, pages, questions, stats, tokens = (
    bench(f"leak_{name}")
    for name in ("copy", "files", "guess", "names", "pages", "questions", "stats", "tokens")
)


def noise(seed: str, count: int) -> list[bytes]:
    """Pages of random bytes, the same for the same seed."""
    whole = hashlib.shake_256(seed.encode()).digest(count * PAGE)
    return [whole[at : at + PAGE] for at in range(0, len(whole), PAGE)]


@pytest.fixture(scope="module")
def people() -> Sequence[Any]:
    return list(tokens.subjects(1, PEOPLE, TODAY))


@pytest.fixture(scope="module")
def plain(people: Sequence[Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of tokens, in a file that anyone can read."""
    file: Path = tmp_path_factory.mktemp("tokens") / "tokens.db"
    tokens.build(file, people, b"k" * 32)
    return file


# What the statistics say.


@pytest.mark.parametrize(
    ("freedom", "critical", "tail"),
    [(1, 3.841459, 0.05), (15, 24.995790, 0.05), (255, 310.457388, 0.01), (255, 330.519744, 0.001)],
)
def test_chi_square_has_the_critical_values_of_the_tables(freedom: int, critical: float, tail: float) -> None:
    assert stats.chi_square_tail(critical, freedom) == pytest.approx(tail, rel=1e-4)


@given(st.floats(0, 1000))
def test_chi_square_with_two_degrees_is_exponential(statistic: float) -> None:
    expected = 2.718281828459045 ** (-statistic / 2)
    assert stats.chi_square_tail(statistic, 2) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_shares_have_the_intervals_and_tails_of_the_books() -> None:
    assert stats.wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert stats.binomial_tail(60, 100, 0.5) == pytest.approx(0.02844, abs=1e-5)
    assert stats.normal_tail(1.96) == pytest.approx(0.05, abs=1e-4)
    assert stats.line([(0, 1), (1, 3), (2, 5)]) == pytest.approx((2, 1))


# Pages.


def test_random_pages_are_taken_for_random() -> None:
    alarms = sum(not pages.uniformity(noise(f"noise {number}", 24)).uniform for number in range(20))
    assert alarms == 0
    assert pages.repeated_blocks(noise("noise", 200)) == (200 * 256, 0)
    assert not pages.repeated_strings(noise("noise", 200))


def test_a_plain_database_is_found_out(plain: Path) -> None:
    images = list(files.pages_of(plain.read_bytes()))[:400]
    found = pages.uniformity(images)
    assert not found.uniform
    assert found.suspects
    assert found.compressed < 0.9
    assert pages.repeated_blocks(images)[1] > 0


def test_ecb_is_found_out(plain: Path) -> None:
    cipher = Cipher(algorithms.AES(b"k" * 32), modes.ECB())  # noqa: S305 - what must not be
    encryptor = cipher.encryptor()
    images = [encryptor.update(page) for page in list(files.pages_of(plain.read_bytes()))[:400]]
    assert pages.repeated_blocks(images)[1] > 0
    assert not pages.uniformity(images).uniform


def test_one_keystream_for_all_pages_is_found_out(plain: Path) -> None:
    def encrypted(page: bytes) -> bytes:
        return Cipher(algorithms.AES(b"k" * 32), modes.CTR(bytes(16))).encryptor().update(page)

    images = [encrypted(page) for page in list(files.pages_of(plain.read_bytes()))[:400]]
    assert not pages.uniformity(images).uniform


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: b"\x05\x00\x00\x00" + page[4:],
        lambda page: page[:-8] + b"personal",
        lambda page: bytes(byte & 0x7F if at % 9 == 0 else byte for at, byte in enumerate(page)),
    ],
    ids=["header", "trailer", "one bit in nine bytes"],
)
def test_little_that_is_not_random_is_found_out(spoil: object) -> None:
    assert callable(spoil)
    assert not pages.uniformity([spoil(page) for page in noise("spoilt", 120)]).uniform


def test_one_bad_page_among_many_is_named() -> None:
    images = noise("one bad page", 200)
    images[77] = bytes(PAGE)
    found = pages.uniformity(images)
    assert not found.uniform
    assert found.suspects == (77,)


# Files.


def test_a_log_tells_its_transactions_and_pages(tmp_path: Path) -> None:
    file = tmp_path / "register.db"
    (tmp_path / "index.db").write_bytes(b"")
    with closing(connector(file, b"p" * 32, ["wal_autocheckpoint = 0"])) as database:
        database.execute("CREATE TABLE one (value BLOB)")
        before = files.picture(tmp_path)
        for number in range(5):
            database.execute("INSERT INTO one VALUES (?)", (bytes([number]) * 64,))
        after = files.picture(tmp_path, before)
        wal = files.read_wal(tmp_path / "register.db-wal")
        assert len(wal.commits) == 1 + 5
        assert sum(wal.commits) == len(wal.frames)
        assert files.pages_in_shm(tmp_path / "register.db-shm") == len(wal.frames)
        assert files.changed(before, after) == {("register.db", wal.frames[-1].page)}
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        # What was moved from the log into the file is the same to a reader.
        assert files.picture(tmp_path)["register.db"].marks == after["register.db"].marks
        assert files.read_wal(tmp_path / "register.db-wal").frames == ()


# Thieves.


def hour(label: str, *changed: int) -> object:
    return guess.Hour(label, frozenset(("index.db", number) for number in changed), notices=len(changed))


def test_a_thief_learns_pages_that_tell() -> None:
    dice = Dice(1, "thief")
    kinds = {"a": (100, 140), "b": (300, 340)}
    told = [hour(label, dice.between(*kinds[label]), dice.between(1, 50)) for label in "ab" * 60]
    found = guess.which(told, dice)
    assert max(one.accuracy for one in found.values()) > 0.9
    assert questions.Answer("", 0, "", found[16], len(guess.GRAINS)).leaks


@pytest.mark.parametrize("grain", guess.GRAINS)
def test_a_thief_is_right_half_the_time_where_no_page_tells(grain: int) -> None:
    """Neither more often, nor less: a thief who is wrong too often knows something too."""
    hits = tries = 0
    for seed in range(12):
        dice = Dice(seed, "thief")
        mute = [
            hour(label, *(dice.between(1, 300) for _ in range(dice.between(0, 5)))) for label in "ab" * 50
        ]
        found = guess.which(mute, dice)[grain]
        hits, tries = hits + found.hits, tries + found.tries
        assert not questions.Answer("", 0, "", found, len(guess.GRAINS)).leaks
    assert hits / tries == pytest.approx(0.5, abs=0.05)


def test_a_thief_knows_somebody_again_by_their_page() -> None:
    dice = Dice(2, "thief")
    first = [hour("", number, dice.between(1000, 1010)) for number in range(40)]
    same = [hour("", number, dice.between(1000, 1010)) for number in range(40)]
    others = [hour("", 500 + number, dice.between(1000, 1010)) for number in range(40)]
    assert guess.again(first, same, dice).accuracy > 0.9
    assert guess.again(first, others, dice).p > 0.01


def test_a_thief_counts() -> None:
    hours = [hour("", *range(number)) for number in range(1, 40)]
    assert guess.counted(hours, lambda one: len(one.changed), lambda one: one.notices) == pytest.approx(0)


# Names.


def test_tokens_give_surnames_away(people: Sequence[Any], plain: Path) -> None:
    rows, public = tokens.read(plain), names.statistics()
    surnames = [person.surname for person in people]
    writings, both = [row[0] for row in rows], [row[:2] for row in rows]
    rank = names.recovered(names.by_rank(writings, public), writings, surnames)
    joint = names.recovered(names.together(both, public), writings, surnames)
    chance = names.by_chance(surnames, public)
    assert chance.people < 0.025
    assert rank.people > 3 * chance.people
    assert joint.people > rank.people
    assert joint.by_rank[10] > chance.by_rank[10] + 3


def test_shorter_tokens_give_fewer_surnames_away(people: Sequence[Any], plain: Path) -> None:
    public, surnames = names.statistics(), [person.surname for person in people]
    writings = [row[0] for row in tokens.read(plain)]

    def share(bits: int) -> float:
        short = [tokens.cut(writing, bits) for writing in writings]
        return float(names.recovered(names.by_rank(short, public), short, surnames).people)

    assert share(256) >= share(12) > share(4)
    assert share(12) > names.by_chance(surnames, public).people
    assert tokens.planned(100_000) == range(9, 16)


def test_our_pages_give_nothing_to_match(people: Sequence[Any], plain: Path, tmp_path: Path) -> None:
    file = tmp_path / "index.db"
    with closing(sqlite3.connect(plain)) as table, closing(connector(file, b"p" * 32, [])) as ours:
        ours.execute("CREATE TABLE people (surname, reading, municipality)")
        ours.execute("BEGIN")
        ours.executemany(
            "INSERT INTO people VALUES (?, ?, ?)",
            table.execute("SELECT surname, reading, municipality FROM people"),
        )
        ours.execute("COMMIT")
        ours.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    images = list(files.pages_of(file.read_bytes()))
    assert len(images) > 400
    assert pages.uniformity(images).uniform
    strings = pages.repeated_strings(images)
    guessed = names.by_rank(list(strings.elements()), names.statistics())
    assert not guessed
    assert pages.repeated_strings(files.pages_of(plain.read_bytes()))


async def test_the_whole_report_over_a_real_register(tmp_path: Path) -> None:
    leakage, report = bench("leakage"), bench("leak_report")
    asked = Namespace(people=600, hours=8, beside=2, tokens=1000, seed=1)
    found = await leakage.measure(asked, tmp_path)
    assert found.copy.uniform
    assert found.copy.entries >= 600
    assert abs(found.guessed_people - 600) < 200
    assert found.kept_anew == 0
    assert found.in_place == 0
    searched = [answer for answer in found.answers if answer.question.startswith("searched")]
    assert searched
    assert not any(answer.leaks for answer in searched)
    text = report.table(found)
    assert "like random bytes" in text
    assert "NO" not in text
