"""Where versions wait, between the truth in the order of its random ids and a file in the order of people.

They lie in buckets by the first bits of the person's id, each bucket small enough to be put in order in memory. What was written
is appended: as many versions as fit in memory go in at once, a few to each bucket, in one value. With them stands how far the truth has
been read, and which rows were changed meanwhile; so a kill costs no more than what was in memory.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection

import msgspec
from msgspec.structs import replace

from daemon.errors import IntegrityError
from daemon.store import files
from daemon.store.closing import closed_on_error
from daemon.store.index import Known, Version, known_of, schema, with_former
from daemon.store.pages import PageKey, Pages, Shape

END = ".staged"
"""What follows the name of the file that the versions are for."""
PER_BUCKET = 4096  # versions, about
MOST_BITS = 12
MANY = (
    500  # versions in one value at the most, or sorted into buckets before others on the loop get their turn
)
BREATH = 100  # people put in order before others on the loop get their turn
STEPS = (
    (
        """CREATE TABLE staged (bucket INTEGER NOT NULL, n INTEGER NOT NULL, versions BLOB NOT NULL,
            PRIMARY KEY (bucket, n)) STRICT, WITHOUT ROWID""",
        "CREATE TABLE changed (n INTEGER PRIMARY KEY, row BLOB NOT NULL) STRICT",
        "CREATE TABLE progress (state BLOB NOT NULL) STRICT",
    ),
)
SHAPE = Shape(STEPS, synchronous="NORMAL", cache=4_000)
_VERSIONS: msgspec.msgpack.Decoder[list[Version]] = msgspec.msgpack.Decoder(list[Version])


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """How far reading the truth has come."""

    truth: bytes
    head: int
    """The commit up to which changed rows were noted; those of the first were there before anything was read."""
    bits: int
    """Of a person's id, that say which bucket is theirs."""
    first: bytes = b""
    """The first key not read yet."""
    staged: int = 0
    """Versions."""
    whole: bool = False
    """Whether everything was read."""

    @property
    def buckets(self) -> int:
        return 1 << self.bits


class Staging:
    """The file of what waits."""

    def __init__(self, pages: Pages, progress: Progress) -> None:
        self._pages = pages
        self.progress = progress
        """As it is on the disk."""

    @classmethod
    async def begin(cls, target: Path, key: PageKey, *, truth: bytes, head: int, total: int) -> "Staging":
        """An empty one for `target`, to which about `total` versions will come."""
        files.remove(place(target))
        pages = await Pages.open(place(target), key, SHAPE)
        bits = min((total // PER_BUCKET).bit_length(), MOST_BITS)
        staging = cls(pages, Progress(truth, head, bits))
        async with closed_on_error(pages):
            await pages.write(lambda connection: _keep(connection, staging.progress))
        return staging

    @classmethod
    async def resume(cls, target: Path, key: PageKey) -> "Staging | None":
        """The one that was left; None if there is none, or none that is ours."""
        if not files.exists(place(target)):
            return None
        try:
            pages = await Pages.open(place(target), key, SHAPE)
        except IntegrityError:
            return None
        async with closed_on_error(pages):
            rows = await pages.read(
                lambda connection: connection.execute("SELECT state FROM progress").fetchall()
            )
        if not rows:
            await pages.close()
            return None
        return cls(pages, msgspec.msgpack.decode(rows[0][0], type=Progress))

    async def put(self, versions: Sequence[Version], *, first: bytes, whole: bool) -> None:
        """Let `versions` wait; the truth has been read up to the key `first`, or as a whole."""
        buckets: dict[int, list[Version]] = {}
        shift = 16 - self.progress.bits
        for at in range(0, len(versions), MANY):
            for version in versions[at : at + MANY]:
                buckets.setdefault(int.from_bytes(version.person[:2], "big") >> shift, []).append(version)
            await asyncio.sleep(0)
        progress = replace(
            self.progress, first=first, whole=whole, staged=self.progress.staged + len(versions)
        )
        number = self.progress.staged
        values = []
        for bucket, some in sorted(buckets.items()):
            values += [
                (bucket, number + at, msgspec.msgpack.encode(some[at : at + MANY]))
                for at in range(0, len(some), MANY)
            ]
            await asyncio.sleep(0)

        def write(connection: Connection) -> None:
            schema.put(connection, "staged", values)
            _keep(connection, progress)

        await self._pages.write(write)
        self.progress = progress

    async def bucket(self, number: int) -> list[Version]:
        """What waits in one bucket, in no order; a version may be there twice."""
        sql = "SELECT versions FROM staged WHERE bucket = ? ORDER BY n"
        values = await self._pages.read(lambda connection: connection.execute(sql, (number,)).fetchall())
        versions: list[Version] = []
        for (value,) in values:
            versions += _VERSIONS.decode(value)
            await asyncio.sleep(0)
        return versions

    # Rows that were changed after they were read, or before.

    async def note(self, rows: Sequence[bytes], head: int) -> None:
        """Note that these rows were changed by the commits up to `head`."""
        progress = replace(self.progress, head=head)

        def write(connection: Connection) -> None:
            schema.put(connection, "changed (row)", [(row,) for row in rows])
            _keep(connection, progress)

        await self._pages.write(write)
        self.progress = progress

    async def noted(self, limit: int) -> list[tuple[int, bytes]]:
        """The rows noted first, with their places."""
        sql = "SELECT n, row FROM changed ORDER BY n LIMIT ?"
        return await self._pages.read(lambda connection: connection.execute(sql, (limit,)).fetchall())

    async def drop(self, last: int) -> None:
        """Forget the notes up to a place."""
        await self._pages.write(
            lambda connection: connection.execute("DELETE FROM changed WHERE n <= ?", (last,))
        )

    async def close(self) -> None:
        """Let go of it; it stays for the next time."""
        await self._pages.close()


async def people_of(versions: list[Version]) -> list[list[Version]]:
    """People, each with their versions in order, and each version with all names its person had before."""
    people: dict[bytes, dict[int, Version]] = {}
    for version in versions:
        people.setdefault(version.person, {})[version.serial] = version
    ordered = []
    for number, person in enumerate(sorted(people), start=1):
        ordered.append(_in_order(people[person]))
        if number % BREATH == 0:
            await asyncio.sleep(0)
    return ordered


def _in_order(versions: dict[int, Version]) -> list[Version]:
    known: Known | None = None
    ordered = []
    for serial in sorted(versions):
        version = versions[serial] if known is None else with_former(versions[serial], known)
        known = known_of(version)
        ordered.append(version)
    return ordered


def place(target: Path) -> Path:
    """Where the versions for the file `target` wait."""
    return target.with_name(target.name + END)


def _keep(connection: Connection, progress: Progress) -> None:
    connection.execute("DELETE FROM progress")
    connection.execute("INSERT INTO progress VALUES (?)", (msgspec.msgpack.encode(progress),))
