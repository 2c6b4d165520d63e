"""The other way to search over sealed rows, for comparison: a column of keyed hashes beside them (blind indexes).

Equal values have equal tokens, so whoever has the file can count them. CipherSweet and Acra do this; CipherSweet cuts
its tokens short, so that several values share one (`planned`). The people are invented, their names as frequent as the
public statistics say.
"""

import hashlib
import hmac
import math
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon.rehearsal.ages import Ages
from daemon.rehearsal.dice import Dice, Table
from daemon.rehearsal.names import Names
from daemon.rehearsal.places import POPULATION_2020

COLUMNS = ("surname", "reading", "given", "birth", "municipality")
_NONCE = 12  # bytes


@dataclass(frozen=True)
class Subject:
    """An invented person, as far as the tokens tell."""

    surname: str
    reading: str
    given: str
    birth: str
    municipality: str


def subjects(seed: int, count: int, today: date) -> Iterator[Subject]:
    """`count` people of Yamaguchi, the same for the same seed and day."""
    dice, names, ages = Dice(seed, "subjects"), Names(), Ages(today)
    municipalities = Table(POPULATION_2020.items())
    for _ in range(count):
        age = ages.resident(dice)
        name = names.name(dice, age.sex, age.born.year)
        yield Subject(
            name.family.written,
            name.family.read,
            name.given.written,
            f"{age.born:%Y%m%d}",
            municipalities.draw(dice),
        )


def planned(population: int, columns: int = 1) -> range:
    """Bits that CipherSweet's planner recommends for `columns` columns together, per column, by its stated rule.

    The rows that share a token by coincidence, population / 2^bits, are to be at least 2 and at most √population.
    """
    least, most = math.ceil(math.log2(population) / 2), math.floor(math.log2(population / 2))
    return range(-(-least // columns), most // columns + 1)


def cut(token: bytes, bits: int) -> int:
    """The first `bits` bits of a token: all that a column of shorter tokens would hold."""
    return int.from_bytes(token) >> len(token) * 8 - bits


def build(file: Path, people: Sequence[Subject], key: bytes) -> None:
    """A table of `people` in `file`: a token per column in clear, and the row sealed with AES-256-GCM."""
    aead = AESGCM(hashlib.sha256(key).digest())
    keys = {column: hmac.digest(key, column.encode(), hashlib.sha256) for column in COLUMNS}
    columns = ", ".join(f"{column} BLOB NOT NULL" for column in COLUMNS)
    marks = ", ".join("?" * (len(COLUMNS) + 1))
    with closing(sqlite3.connect(file)) as table:
        table.execute(f"CREATE TABLE people (id INTEGER PRIMARY KEY, {columns}, sealed BLOB NOT NULL) STRICT")
        table.executemany(
            f"INSERT INTO people ({', '.join(COLUMNS)}, sealed) VALUES ({marks})",  # noqa: S608 - our own names
            (_row(aead, keys, person) for person in people),
        )
        for column in COLUMNS:
            table.execute(f"CREATE INDEX people_{column} ON people ({column})")
        table.commit()


def read(file: Path) -> list[tuple[bytes, bytes, bytes]]:
    """What a thief of `file` reads without a key: the tokens of surname, reading and municipality of each row."""
    with closing(sqlite3.connect(file)) as table:
        return list(table.execute("SELECT surname, reading, municipality FROM people ORDER BY id"))


def _row(aead: AESGCM, keys: Mapping[str, bytes], person: Subject) -> tuple[bytes, ...]:
    values = {column: getattr(person, column).encode() for column in COLUMNS}
    nonce = secrets.token_bytes(_NONCE)
    sealed = nonce + aead.encrypt(nonce, b"\n".join(values.values()), None)
    return (*(hmac.digest(keys[column], value, hashlib.sha256) for column, value in values.items()), sealed)
