"""A disk that fails, and pages that do not verify: each has its code, nothing is half done, and what passes passes by itself."""

import os
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.store.closing import closed_on_error
from daemon.store.connection import PAGE, connector
from daemon.store.engine import Table
from daemon.store.faults import Faults, told
from daemon.store.sqlite import SqliteEngine
from tests.store.small_disk import MIB, SmallDisk, small_disk

KEY = b"k" * 32
VALUE = 3000  # bytes


def key(number: int) -> bytes:
    return number.to_bytes(8, "big")


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("SQLITE_FULL", StateError, "store.disk_full"),
        ("SQLITE_READONLY", StateError, "store.disk_failing"),
        ("SQLITE_READONLY_DBMOVED", StateError, "store.disk_failing"),
        ("SQLITE_CANTOPEN", StateError, "store.disk_failing"),
        ("SQLITE_IOERR_WRITE", StateError, "store.disk_failing"),
        ("SQLITE_IOERR_FSYNC", StateError, "store.disk_failing"),
        ("SQLITE_CORRUPT", IntegrityError, "store.damaged"),
        ("SQLITE_NOTADB", IntegrityError, "store.damaged"),
    ],
)
def test_what_sqlite_says_has_a_code_of_ours(name: str, kind: type[JukuraError], code: str) -> None:
    error = sqlcipher.OperationalError("text")
    error.sqlite_errorname = name
    faults = Faults()
    with pytest.raises(kind, match=code.replace(".", r"\.")), faults:
        raise error
    assert (faults.damage is not None) == (kind is IntegrityError)


@pytest.mark.parametrize(
    "error", [ValueError("x"), StateError("store.too_slow"), sqlcipher.OperationalError("x")]
)
def test_what_is_no_fault_of_the_disk_stays_what_it_is(error: Exception) -> None:
    assert told(error) is None
    with pytest.raises(type(error)) as raised, Faults():
        raise error
    assert raised.value is error


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 8 * MIB) as made:
        made.fill(but=3 * MIB)
        yield made


async def write_until(engine: SqliteEngine, code: str) -> int:
    """How many commits there were until one failed."""
    written = 0
    with suppress(StateError):
        while True:
            await engine.apply(both(written))
            written += 1
    with pytest.raises(StateError, match=code):
        await engine.apply(both(written))
    return written


def both(number: int) -> dict[Table, dict[bytes, bytes | None]]:
    """Values of two tables that belong together."""
    return {table: {key(number): os.urandom(VALUE)} for table in (Table.LOG, Table.TREE)}


async def counts(engine: SqliteEngine) -> list[int]:
    return [await engine.count(table) for table in (Table.LOG, Table.TREE)]


async def fails_and_passes(file: Path, code: str, mend: Callable[[], None]) -> None:
    """Each commit fails whole, reads go on, and once it is mended everything does, as after a restart."""
    engine = await SqliteEngine.open(file, KEY)
    written = await write_until(engine, code)
    assert written > 50
    for _ in range(3):
        with pytest.raises(StateError, match=code):
            await engine.apply(both(written))
        assert await counts(engine) == [written, written]
    await engine.look()
    mend()
    await engine.apply(both(written))
    await engine.look()
    await engine.close()
    engine = await SqliteEngine.open(file, KEY)
    assert await counts(engine) == [written + 1, written + 1]
    await engine.close()


async def test_a_full_disk_fails_each_commit_whole_and_passes_without_a_restart(disk: SmallDisk) -> None:
    await fails_and_passes(disk.folder / "register.db", "store.disk_full", disk.free_again)


async def test_a_disk_that_takes_nothing_more_fails_each_commit_whole_and_passes(tmp_path: Path) -> None:
    """The kernel refuses to write past a size: as with a quota, or a disk that fails, SQLite hears of an error of its writing."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, most))
    try:
        await fails_and_passes(
            tmp_path / "register.db",
            "store.disk_failing",
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (before, most)),
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


async def test_a_file_that_cannot_be_opened_for_want_of_room_is_not_one_that_does_not_verify(
    disk: SmallDisk,
) -> None:
    disk.fill()
    with pytest.raises(StateError, match=r"store\.disk_(full|failing)"):
        await SqliteEngine.open(disk.folder / "register.db", KEY)
    disk.free_again()
    await (await SqliteEngine.open(disk.folder / "register.db", KEY)).close()


async def test_a_key_that_does_not_fit_is_one(tmp_path: Path) -> None:
    await (await SqliteEngine.open(tmp_path / "register.db", KEY)).close()
    with pytest.raises(IntegrityError, match=r"store\.cannot_open"):
        connector(tmp_path / "register.db", b"x" * 32, ())


# Pages that do not verify.


@pytest.fixture
async def damaged(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    """A file in use of which most pages were changed under it."""
    file = tmp_path / "register.db"
    engine = await SqliteEngine.open(file, KEY)
    for number in range(200):
        await engine.apply(both(number))
    await engine.pages.settle()
    pages = file.stat().st_size // PAGE
    with file.open("r+b") as raw:
        for page in range(50, pages):
            raw.seek(page * PAGE + 100)
            raw.write(b"\0")
    yield engine
    await engine.close()


async def test_a_page_that_does_not_verify_is_told_and_remembered(damaged: SqliteEngine) -> None:
    await damaged.look()
    with pytest.raises(IntegrityError, match=r"store\.damaged"):
        await damaged.apart.scan(Table.TREE, limit=1000)
    with pytest.raises(IntegrityError, match=r"store\.damaged"):
        await damaged.look()


async def test_a_file_that_was_cut_while_nobody_had_it_open_does_not_verify(tmp_path: Path) -> None:
    file = tmp_path / "register.db"
    engine = await SqliteEngine.open(file, KEY)
    for number in range(200):
        await engine.apply(both(number))
    await engine.close()
    os.truncate(file, file.stat().st_size // PAGE // 2 * PAGE)
    with pytest.raises(IntegrityError):
        await opened_and_read(file)


async def opened_and_read(file: Path) -> None:
    engine = await SqliteEngine.open(file, KEY)
    async with closed_on_error(engine):
        await engine.scan(Table.TREE, limit=1000)
    await engine.close()
