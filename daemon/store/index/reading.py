"""What is asked of the file beside searches: by key, by person, and how many. Each answer is one value (see `finding`)."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from daemon.store.index.schema import packed
from daemon.store.index.version import Kind, Known, Latest

_MANY = "(SELECT unhex(value) FROM json_each(?))"
_KEYED = """SELECT json_group_array(json_array(hex(row), hex(person), serial, code, kana, name,
        json((SELECT json_group_array(json_array(kind, key)) FROM aliases AS a WHERE a.version = v.id))))
    FROM versions AS v INDEXED BY by_{0} WHERE v.open AND v.{0} > 0 AND v.{0} IN (SELECT value FROM json_each(?))
        AND NOT EXISTS (SELECT 1 FROM versions AS n WHERE n.person = v.person AND n.serial > v.serial)"""
_BY = {key: _KEYED.format(key) for key in ("code", "number")}
_HISTORY = "SELECT json_group_array(json_array(serial, hex(row))) FROM versions WHERE person = ?"
_STATE = "SELECT coalesce((SELECT head FROM position), -1), changes FROM horizon"
_STANDING = """SELECT coalesce(sum(n), 0) FROM counts
    WHERE day <= ? AND standing IN (SELECT value FROM json_each(?))"""
_MOMENTS = msgspec.json.Decoder(list[tuple[str, str, int, int, int]])
_LIVES = f"""SELECT json_group_array(json_array(hex(person), hex(row), serial, since, standing)) FROM versions
    WHERE person IN {_MANY} OR person IN (SELECT person FROM versions WHERE row IN {_MANY})"""  # noqa: S608


class Keyed(NamedTuple):
    """Who was found by a key, and the 住民票コード of their newest version."""

    code: str
    latest: Latest


class Moment(NamedTuple):
    """Of one version what tells whether it is in force on a day."""

    row: bytes
    serial: int
    since: int
    standing: int


def keyed(connection: sqlite3.Connection, *, key: str, values: Sequence[int]) -> list[Keyed]:
    """The newest versions of those who have one of these numbers in the column `key`: `code` or `number`."""
    answer = connection.execute(_BY[key], (msgspec.json.encode(values).decode(),)).fetchone()[0]
    found = msgspec.json.decode(
        answer, type=list[tuple[str, str, int, int, str, str, list[tuple[Kind, str]]]]
    )
    return [
        Keyed(
            f"{code:011}",
            Latest(bytes.fromhex(row), bytes.fromhex(person), serial, _known(kana, name, further)),
        )
        for row, person, serial, code, kana, name, further in found
    ]


def position(connection: sqlite3.Connection) -> tuple[bytes, int] | None:
    """Which truth the file follows and up to which commit."""
    row = connection.execute("SELECT truth, head FROM position").fetchone()
    return None if row is None else (row[0], row[1])


def history(connection: sqlite3.Connection, *, person: bytes) -> dict[bytes, int]:
    """The rows of one person, and their serials."""
    answer = connection.execute(_HISTORY, (person,)).fetchone()[0]
    return {
        bytes.fromhex(row): serial for serial, row in msgspec.json.decode(answer, type=list[tuple[int, str]])
    }


def _known(kana: str, name: str, further: Sequence[tuple[Kind, str]]) -> Known:
    keys = [packed(kana), *(packed(key) for kind, key in further if kind is Kind.KANA)]
    names = [name, *(key for kind, key in further if kind is Kind.NAME)]
    return Known(tuple(key for key in keys if key), tuple(key for key in names if key))


class Census(NamedTuple):
    """How many people stand so on a day by the file, and what it holds of those of whom others know better."""

    file: tuple[int, int]
    """Its state: another one after each change."""
    people: int
    lives: dict[bytes, list[Moment]]


def census(
    connection: sqlite3.Connection,
    *,
    standings: Sequence[int],
    on: int,
    people: Sequence[bytes],
    removed: Sequence[bytes],
) -> Census:
    """The census of a day, and the versions of `people` and of those whose rows are `removed`."""
    connection.execute("BEGIN")
    try:
        state = connection.execute(_STATE).fetchone()
        given = (on, msgspec.json.encode(standings).decode())
        count = connection.execute(_STANDING, given).fetchone()[0]
        asked = [msgspec.json.encode([each.hex() for each in ids]).decode() for ids in (people, removed)]
        answer = connection.execute(_LIVES, asked).fetchone()[0] if people or removed else "[]"
    finally:
        connection.execute("ROLLBACK")
    lives: dict[bytes, list[Moment]] = {}
    for person, row, serial, since, standing in _MOMENTS.decode(answer):
        lives.setdefault(bytes.fromhex(person), []).append(
            Moment(bytes.fromhex(row), serial, since, standing)
        )
    return Census(state, count, lives)
