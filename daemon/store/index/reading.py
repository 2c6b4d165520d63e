"""What is asked of the file beside searches: by person, and how many. Each answer is one value (see `finding`)."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from daemon.store.engine import place_of
from daemon.store.index.version import Latest

_MANY = "(SELECT unhex(value) FROM json_each(?))"
_AT = """SELECT json_group_array(json_array(place, hex(row), hex(person), serial)) FROM versions
    WHERE place IN (SELECT value FROM json_each(?))"""
_LATEST = msgspec.json.Decoder(list[tuple[int, str, str, int]])
_HISTORY = "SELECT json_group_array(json_array(serial, hex(row))) FROM versions WHERE person = ?"
_STATE = "SELECT coalesce((SELECT head FROM position), -1), changes FROM horizon"
_STANDING = """SELECT coalesce(sum(n), 0) FROM counts
    WHERE day <= ? AND standing IN (SELECT value FROM json_each(?))"""
_MOMENTS = msgspec.json.Decoder(list[tuple[str, str, int, int, int]])
_LIVES = f"""SELECT json_group_array(json_array(hex(person), hex(row), serial, since, standing)) FROM versions
    WHERE person IN {_MANY} OR person IN (SELECT person FROM versions WHERE place IN (SELECT value FROM json_each(?)))"""  # noqa: S608


class Moment(NamedTuple):
    """Of one version what tells whether it is in force on a day."""

    row: bytes
    serial: int
    since: int
    standing: int


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


def at(connection: sqlite3.Connection, *, places: Sequence[int]) -> dict[int, Latest]:
    """The versions whose rows lie at these places; those that the file does not hold are left out."""
    answer = connection.execute(_AT, (msgspec.json.encode(places).decode(),)).fetchone()[0]
    return {
        place: Latest(bytes.fromhex(row), bytes.fromhex(person), serial)
        for place, row, person, serial in _LATEST.decode(answer)
    }


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
        asked = [
            msgspec.json.encode(ids).decode()
            for ids in ([person.hex() for person in people], [place_of(row) for row in removed])
        ]
        answer = connection.execute(_LIVES, asked).fetchone()[0] if people or removed else "[]"
    finally:
        connection.execute("ROLLBACK")
    lives: dict[bytes, list[Moment]] = {}
    for person, row, serial, since, standing in _MOMENTS.decode(answer):
        lives.setdefault(bytes.fromhex(person), []).append(
            Moment(bytes.fromhex(row), serial, since, standing)
        )
    return Census(state, count, lives)
