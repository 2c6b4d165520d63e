"""Writing the file of a projection anew as a whole, with what the memory holds taken in. The file in use is never changed.

Whoever has two copies of the file, a day or an hour apart, could tell from the pages that changed between them which names and
which municipalities the notices of that day were about: an index lies in the order of what it finds. Of a file that is written anew
every page differs, whatever changed. Its tables and indexes are copied as they lie, in one statement a table, so that millions of
versions take seconds.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from daemon.store import files, migrations
from daemon.store.connection import MAC, Connection, connector
from daemon.store.index import mentions, writing
from daemon.store.index.mentions import LogChange
from daemon.store.index.schema import INDEXES, TABLES
from daemon.store.index.version import Version

COPIED = ("versions", "aliases", "counts", "mentions")
AT_ONCE = 300  # versions in one step: about as many as the cache holds the pages of
BREATH = 2_000  # versions put in order before others on the loop get their turn
CACHE = 160_000  # KiB of pages: a version changes some twenty, and each that does not stay here is enciphered again
GIVES_WAY = 10
"""By so much nicer is the thread that writes than others: on a day with many notices they need both cores."""
# No journal: a copy that was not finished is thrown away. `files.replace` brings it to the disk before it counts.
PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE}")


async def renew(
    old: Path,
    new: Path,
    key: bytes,
    *,
    versions: Sequence[Version],
    removed: Sequence[bytes],
    commit: int,
    bereft: Collection[bytes] = (),
    log: Sequence[LogChange] = (),
) -> None:
    """Write `new`: what `old` holds, with `versions` and without the rows `removed`; everything up to `commit` is in then, and `log`.

    `bereft` are those of the people whose rows were removed who are not to be found by them in `old`.

    Both under `key`. Takes a thread of its own for as long as it lasts; nobody may write to `old` meanwhile.
    """
    files.remove(new)
    connection = Connection(partial(connector, new, key, PRAGMAS), iter_chunk_size=1)
    try:
        await connection
        await connection.run(_give_way)
        await connection.run(partial(_copy, old=old, key=key))
        # In one transaction, which leaves to the cache when a page that is changed again and again is enciphered and written.
        await connection.run(lambda new: new.execute("BEGIN").fetchall())
        ordered = await _by_person(versions)
        for start in range(0, len(ordered), AT_ONCE):
            some = ordered[start : start + AT_ONCE]
            await connection.run(partial(writing.take_in, versions=some))
        # Last, so that what only these rows held goes from whatever came before.
        await connection.run(
            partial(writing.take_in, versions=(), removed=removed, bereft=bereft, commit=commit)
        )
        await connection.run(partial(mentions.take_in, changes=log))
        await connection.run(lambda new: new.execute("COMMIT").fetchall())
    except BaseException:
        await connection.close()
        files.remove(new)
        raise
    await connection.close()
    # Here, where nobody waits: the exchange itself must be short.
    await asyncio.to_thread(files.sync, new)


async def _by_person(versions: Sequence[Version]) -> list[Version]:
    """Those of one person side by side, as they came, and people in the order in which they were taken in the last time.

    So pages are met again while the cache holds them. Sorting them all at once would keep the event loop for a tenth of a second.
    """
    alike: dict[int, list[Version]] = {}
    for number, version in enumerate(versions, start=1):
        alike.setdefault(version.person[0], []).append(version)
        if number % BREATH == 0:
            await asyncio.sleep(0)
    ordered: list[Version] = []
    for first in sorted(alike):
        ordered += sorted(alike[first], key=lambda version: version.person)
        await asyncio.sleep(0)
    return ordered


def _give_way(_: sqlite3.Connection) -> None:
    thread = threading.get_native_id()
    # Where the system forbids it the file comes a little sooner, and everything else a little later.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + GIVES_WAY)


def _copy(connection: sqlite3.Connection, *, old: Path, key: bytes) -> None:
    # For a file that is attached there is no other way to say it before it is read.
    connection.execute(f"PRAGMA cipher_default_hmac_algorithm = {MAC}")
    connection.execute("ATTACH ? AS old KEY ?", (str(old), f"x'{key.hex()}'"))
    connection.execute("BEGIN")
    for statement in (*TABLES, *INDEXES):
        connection.execute(statement)
    for table in COPIED:
        # Into an empty table with the same indexes: SQLite copies all of them entry by entry, in their order.
        connection.execute(f"INSERT INTO main.{table} SELECT * FROM old.{table}")  # noqa: S608 - our own tables
    connection.execute("UPDATE main.horizon SET (day, changes) = (SELECT day, changes FROM old.horizon)")
    connection.execute("UPDATE main.entries SET (size, floor) = (SELECT size, floor FROM old.entries)")
    connection.execute("INSERT INTO main.position SELECT * FROM old.position")
    connection.execute(migrations.mark(len(migrations.INDEX)))
    connection.execute("COMMIT")
    connection.execute("DETACH old")
