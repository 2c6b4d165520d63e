"""What the truth asks of SQLite, on a connection's own thread.

Each step of a statement lets go of the interpreter's lock. A step that reads has it back before anybody else takes it; one
that puts a row takes longer, and then waits a switch interval for it while the event loop computes: 2,000 rows would take
seconds. So many rows go in with one statement.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from daemon.store.engine import Changes, Table

T = TypeVar("T")
_Find = Callable[[sqlite3.Connection, Table, Sequence[Sequence[bytes]]], dict[bytes, bytes]]

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
    order = "DESC" if reverse else "ASC"
    bound = "" if last is None else "AND key < ?"
    sql = f"SELECT key, value FROM {table} WHERE key >= ? {bound} ORDER BY key {order} LIMIT ?"  # noqa: S608
    given = (first, limit) if last is None else (first, last, limit)
    return connection.execute(sql, given).fetchall()


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
    connection: sqlite3.Connection, table: Table, keys: Sequence[bytes], find: _Find
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
        pairs = "group_concat(hex(key) || ':' || hex(value), ' ')"
        sql = f"SELECT {pairs} FROM {table} WHERE key IN ({_marks('?', part)})"  # noqa: S608
        for pair in (connection.execute(sql, part).fetchone()[0] or "").split():
            key, _, value = pair.partition(":")
            found[bytes.fromhex(key)] = bytes.fromhex(value)
    return found


def _found(
    connection: sqlite3.Connection, table: Table, parts: Sequence[Sequence[bytes]]
) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for part in parts:
        sql = f"SELECT key, value FROM {table} WHERE key IN ({_marks('?', part)})"  # noqa: S608
        found |= dict(connection.execute(sql, part).fetchall())
    return found


def _put(connection: sqlite3.Connection, table: Table, pairs: Mapping[bytes, bytes | None]) -> None:
    # In the order of their keys, so that a page which takes in several is worked on once.
    rows = sorted((key, value) for key, value in pairs.items() if value is not None)
    for part in _parts(rows):
        values = _marks("(?, ?)", part)
        sql = f"INSERT INTO {table} VALUES {values} ON CONFLICT (key) DO UPDATE SET value = excluded.value"  # noqa: S608
        connection.execute(sql, [cell for row in part for cell in row])


def _delete(connection: sqlite3.Connection, table: Table, keys: Sequence[bytes]) -> None:
    for part in _parts(keys):
        connection.execute(f"DELETE FROM {table} WHERE key IN ({_marks('?', part)})", part)  # noqa: S608


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """`items` in runs of the sizes above."""
    start = 0
    for size in SIZES:
        while len(items) - start >= size:
            yield items[start : start + size]
            start += size


def _marks(mark: str, items: Sequence[object]) -> str:
    return ", ".join([mark] * len(items))
