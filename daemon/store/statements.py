"""What the truth asks of SQLite, on a connection's own thread.

Each step of a statement lets go of the interpreter's lock. A step that reads has it back before anybody else takes it; one
that puts a row takes longer, and then waits a switch interval for it while the event loop computes: 2,000 rows would take
seconds. So many rows go in with one statement.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from daemon.errors import IntegrityError, StateError
from daemon.store.engine import PLACED, Changes, Table, place_of

T = TypeVar("T")
K = TypeVar("K", bytes, int)
_Find = Callable[[sqlite3.Connection, Table, Sequence[Sequence[K]]], dict[bytes, bytes]]

SIZES = (256, 64, 16, 5, 4, 3, 2, 1)
"""Rows in one statement: few enough texts that each stays prepared. One search's entry puts a few rows into each of three tables."""

# The table's name in a statement comes from the enum of tables, never from outside.


def get(connection: sqlite3.Connection, *, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """The values of those `keys` that exist, all of one moment."""
    return _at_one_moment(connection, table, keys, _found)


def get_together(
    connection: sqlite3.Connection, *, table: Table, keys: Sequence[bytes]
) -> dict[bytes, bytes]:
    """As `get`, for many keys whose pages have to be decrypted: each statement is one step, so that it asks once for the lock."""
    return _at_one_moment(connection, table, keys, _found_together)


def get_placed(connection: sqlite3.Connection, *, table: Table, places: Sequence[int]) -> dict[bytes, bytes]:
    """What lies at these places, by key; many pages have to be decrypted, so each statement is one step."""
    return _at_one_moment(connection, table, places, _found_placed)


def scan(
    connection: sqlite3.Connection,
    *,
    table: Table,
    first: bytes,
    last: bytes | None,
    limit: int,
    reverse: bool,
) -> list[tuple[bytes, bytes]]:
    """Up to `limit` pairs with first ≤ key < last, in order of their keys (from the end if `reverse`)."""
    bounds: list[tuple[str, object]] = [("key >= ?", first)]
    if last is not None:
        bounds.append(("key < ?", last))
    if table in PLACED:
        bounds += [("id >= ?", place_of(first))] + ([("id <= ?", place_of(last))] if last is not None else [])
    within = " AND ".join(bound for bound, _ in bounds)
    place = "id" if table in PLACED else "NULL"
    order = f"{'id' if table in PLACED else 'key'} {'DESC' if reverse else 'ASC'}"
    sql = f"SELECT key, value, {place} FROM {table} WHERE {within} ORDER BY {order} LIMIT ?"  # noqa: S608
    found = connection.execute(sql, (*(given for _, given in bounds), limit)).fetchall()
    if any(place is not None and place != place_of(key) for key, _, place in found):
        # Who asks for such a key does not find it, so it must not be passed off as there.
        raise IntegrityError("store.altered")
    return [(key, value) for key, value, _ in found]


def count(connection: sqlite3.Connection, *, table: Table) -> int:
    """How many keys there are; looks at each."""
    ((number,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608
    return int(number)


def apply(connection: sqlite3.Connection, *, changes: Changes) -> None:
    """Put and delete, inside the transaction that is open."""
    for table, pairs in changes.items():
        _put(connection, table, pairs)
        _delete(connection, table, [key for key, value in pairs.items() if value is None])


def _at_one_moment(
    connection: sqlite3.Connection, table: Table, keys: Sequence[K], find: _Find[K]
) -> dict[bytes, bytes]:
    parts = list(_parts(keys))
    if len(parts) == 1:
        return find(connection, table, parts)
    connection.execute("BEGIN")
    try:
        return find(connection, table, parts)
    finally:
        connection.execute("COMMIT")


def _found_together(
    connection: sqlite3.Connection, table: Table, parts: Sequence[Sequence[bytes]]
) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for part in parts:
        among, given = _among(table, part)
        found |= _in_one_step(connection, table, among, given)
    return found


def _found_placed(
    connection: sqlite3.Connection, table: Table, parts: Sequence[Sequence[int]]
) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for part in parts:
        found |= _in_one_step(connection, table, f"id IN ({_marks('?', part)})", part)
    return found


def _in_one_step(
    connection: sqlite3.Connection, table: Table, where: str, given: Sequence[object]
) -> Iterator[tuple[bytes, bytes]]:
    pairs = "group_concat(hex(key) || ':' || hex(value), ' ')"
    sql = f"SELECT {pairs} FROM {table} WHERE {where}"  # noqa: S608
    for pair in (connection.execute(sql, given).fetchone()[0] or "").split():
        key, _, value = pair.partition(":")
        yield bytes.fromhex(key), bytes.fromhex(value)


def _found(
    connection: sqlite3.Connection, table: Table, parts: Sequence[Sequence[bytes]]
) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for part in parts:
        among, given = _among(table, part)
        sql = f"SELECT key, value FROM {table} WHERE {among}"  # noqa: S608
        found |= dict(connection.execute(sql, given).fetchall())
    return found


def _put(connection: sqlite3.Connection, table: Table, pairs: Mapping[bytes, bytes | None]) -> None:
    # In the order of their keys, so that a page which takes in several is worked on once.
    rows = sorted((key, value) for key, value in pairs.items() if value is not None)
    for part in _parts(rows):
        if table in PLACED:
            _place(connection, table, part)
            continue
        values = _marks("(?, ?)", part)
        sql = f"INSERT INTO {table} VALUES {values} ON CONFLICT (key) DO UPDATE SET value = excluded.value"  # noqa: S608
        connection.execute(sql, [cell for row in part for cell in row])


def _place(connection: sqlite3.Connection, table: Table, rows: Sequence[tuple[bytes, bytes]]) -> None:
    """Put each value where its key says; StateError where another key has that place."""
    values = _marks("(?, ?, ?)", rows)
    same = "ON CONFLICT (id) DO UPDATE SET value = excluded.value WHERE key = excluded.key"
    sql = f"INSERT INTO {table} VALUES {values} {same}"  # noqa: S608
    put = connection.execute(sql, [cell for key, value in rows for cell in (place_of(key), key, value)])
    if put.rowcount != len(rows):
        raise StateError("store.id_taken")


def _delete(connection: sqlite3.Connection, table: Table, keys: Sequence[bytes]) -> None:
    for part in _parts(keys):
        among, given = _among(table, part)
        connection.execute(f"DELETE FROM {table} WHERE {among}", given)  # noqa: S608


def _among(table: Table, keys: Sequence[bytes]) -> tuple[str, list[object]]:
    """That a row has one of `keys`, and the values for its marks."""
    marks = _marks("?", keys)
    if table in PLACED:
        return f"id IN ({marks}) AND key IN ({marks})", [*map(place_of, keys), *keys]
    return f"key IN ({marks})", [*keys]


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """`items` in runs of the sizes above."""
    start = 0
    for size in SIZES:
        while len(items) - start >= size:
            yield items[start : start + size]
            start += size


def _marks(mark: str, items: Sequence[object]) -> str:
    return ", ".join([mark] * len(items))
