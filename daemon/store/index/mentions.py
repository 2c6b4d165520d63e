"""How labels of the log's entries lie in `index.db`: in blocks of the log, so that old ones go from the front as entries do.

A label is found by a look into every block. New labels all go into the last block or two: however long the log is, what a merge
changes stays small.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

BLOCK_BITS = 16
"""A block is 65,536 entries."""
AT_ONCE = 400  # labels in one statement


class Labelled(NamedTuple):
    """An entry has a label."""

    label: int
    """64 bits, signed."""
    seq: int


class LogChange(NamedTuple):
    """What a group did to the log, as far as the projection follows it."""

    labelled: Sequence[Labelled] = ()
    gone: Sequence[int] = ()
    """Entries that were deleted, or sealed anew: none of the labels that they had counts. Before `labelled`."""
    size: int = 0
    """All entries before this one are in then; 0 where that stays as it was."""
    floor: int = 0
    """Entries below this one were deleted, but for some; 0 where none was."""


UNCHANGED = LogChange()
"""Nothing was done."""

_FIND = """SELECT DISTINCT seq FROM json_each(?1) AS blocks CROSS JOIN json_each(?2) AS wanted CROSS JOIN mentions
    WHERE mentions.block = blocks.value AND mentions.label = wanted.value"""
_BLOCKS = """WITH RECURSIVE blocks (block) AS (SELECT min(block) FROM mentions UNION ALL
        SELECT (SELECT min(block) FROM mentions WHERE block > blocks.block) FROM blocks WHERE block IS NOT NULL)
    SELECT json_group_array(block) FROM blocks WHERE block IS NOT NULL"""
_DROP = """DELETE FROM mentions WHERE block IN (SELECT DISTINCT value >> ?2 FROM json_each(?1))
    AND seq IN (SELECT value FROM json_each(?1))"""


def take_in(connection: sqlite3.Connection, *, changes: Sequence[LogChange]) -> None:
    """Bring `changes` in, in their order. In a transaction; what is in already may come again."""
    for change in changes:
        if change.gone:
            connection.execute(_DROP, (msgspec.json.encode(change.gone).decode(), BLOCK_BITS))
        for start in range(0, len(change.labelled), AT_ONCE):
            part = change.labelled[start : start + AT_ONCE]
            sql = f"INSERT OR IGNORE INTO mentions VALUES {','.join(['(?,?,?)'] * len(part))}"  # noqa: S608 - marks only
            values = [value for label, seq in part for value in (seq >> BLOCK_BITS, label, seq)]
            connection.execute(sql, values)
        connection.execute(
            "UPDATE entries SET size = max(size, ?), floor = max(floor, ?)", (change.size, change.floor)
        )


def find(connection: sqlite3.Connection, *, labels: Sequence[int]) -> list[int]:
    """The entries with one of these labels, in no order."""
    ((blocks,),) = connection.execute(_BLOCKS).fetchall()
    wanted = msgspec.json.encode(labels).decode()
    return [seq for (seq,) in connection.execute(_FIND, (blocks, wanted)).fetchall()]


def below(connection: sqlite3.Connection, *, floor: int) -> list[int]:
    """The entries below `floor` that have any label."""
    rows = connection.execute(
        "SELECT DISTINCT seq FROM mentions WHERE block <= ? AND seq < ?", (floor >> BLOCK_BITS, floor)
    )
    return [seq for (seq,) in rows.fetchall()]


def position(connection: sqlite3.Connection) -> LogChange:
    """How far the file has come."""
    ((size, floor),) = connection.execute("SELECT size, floor FROM entries").fetchall()
    return LogChange((), (), size, floor)
