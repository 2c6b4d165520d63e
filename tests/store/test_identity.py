"""The file in use stays the one that was opened: whatever is done to it under us is seen before the next commit, and that one is none."""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from daemon.errors import IntegrityError
from daemon.store.connection import connector
from daemon.store.engine import Table
from daemon.store.files import successor
from daemon.store.pages import PageKey, Pages
from daemon.store.sqlite import SHAPE, SqliteEngine

KEY = b"k" * 32
OLD, NEW = PageKey(KEY, "k.1"), PageKey(b"n" * 32, "k.2")


def key(number: int) -> bytes:
    return number.to_bytes(8, "big")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    opened = await SqliteEngine.open(tmp_path / "register.db", KEY)
    for number in range(50):
        await opened.apply({Table.LOG: {key(number): os.urandom(3000)}})
    await opened.pages.settle()
    yield opened
    await opened.close()


def unlinked(file: Path) -> None:
    file.unlink()


def renamed(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))


def replaced_by_a_copy(file: Path) -> None:
    shutil.copy2(file, file.with_name("copy"))
    file.with_name("copy").rename(file)


def wal(change: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda file: change(file.with_name(file.name + "-wal"))


def shm(change: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda file: change(file.with_name(file.name + "-shm"))


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def older_copy_written_over(file: Path) -> None:
    """As `cp older register.db`: the same inode."""
    shutil.copyfile(file.with_name("older.db"), file)


def written_with_the_key(file: Path) -> None:
    other = connector(file, KEY, ())
    other.execute("UPDATE log SET value = x'00' WHERE key = ?", (key(1),))
    other.close()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (unlinked, "store.file_gone"),
        (renamed, "store.file_gone"),
        (replaced_by_a_copy, "store.file_replaced"),
        (cut, "store.file_cut"),
        (wal(unlinked), "store.file_gone"),
        (wal(replaced_by_a_copy), "store.file_replaced"),
        (wal(cut), "store.file_cut"),
        (shm(unlinked), "store.file_gone"),
        (shm(replaced_by_a_copy), "store.file_replaced"),
        (written_with_the_key, "store.foreign_write"),
    ],
    ids=lambda what: getattr(what, "__qualname__", what),
)
async def test_whatever_is_done_to_the_file_in_use_is_seen_and_nothing_is_committed(
    engine: SqliteEngine, change: Callable[[Path], None], code: str
) -> None:
    await engine.look()
    change(engine.pages.file)
    with pytest.raises(IntegrityError, match=code.replace(".", r"\.")):
        await engine.apply({Table.LOG: {key(99): b"lost"}})
    with pytest.raises(IntegrityError):
        await engine.look()
    if code != "store.file_cut":  # what was cut cannot be read
        assert await engine.own.get_many(Table.LOG, [key(99)]) == {}


async def test_an_older_copy_written_over_the_file_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "register.db"
    engine = await SqliteEngine.open(file, KEY)
    await engine.apply({Table.LOG: {key(1): bytes(3000)}})
    await engine.pages.settle()
    await engine.look()
    shutil.copyfile(file, tmp_path / "older.db")
    for number in range(2, 9):
        await engine.apply({Table.LOG: {key(number): bytes(3000)}})
    await engine.pages.settle()
    await engine.look()
    older_copy_written_over(file)
    with pytest.raises(IntegrityError, match=r"store\.file_cut"):
        await engine.look()
    await engine.close()


async def test_our_own_writing_moving_and_exchanging_is_no_alarm(tmp_path: Path) -> None:
    file = tmp_path / "register.db"
    engine = SqliteEngine(await Pages.open(file, OLD, SHAPE))
    for turn in range(3):
        for number in range(40):
            await engine.apply({Table.LOG: {key(number): os.urandom(3000 - 900 * turn)}})
        await engine.pages.settle()
        await engine.apply({Table.LOG: {key(number): None for number in range(39)}})
        await engine.apart.scan(Table.LOG, limit=10)
        await engine.look()
    other = SqliteEngine(await Pages.open(successor(file), NEW, SHAPE))
    await other.apply({Table.META: {b"a": b"b"}})
    await other.close()
    await engine.pages.replace(NEW)
    await engine.look()
    await engine.apply({Table.META: {b"c": b"d"}})
    await engine.look()
    assert await engine.get_many(Table.META, [b"a", b"c"]) == {b"a": b"b", b"c": b"d"}
    await engine.close()


async def test_who_only_reads_beside_us_is_no_alarm(engine: SqliteEngine) -> None:
    """As a backup does."""
    other = connector(engine.pages.file, KEY, ("query_only = ON",))
    assert other.execute("SELECT count(*) FROM log").fetchone() == (50,)
    other.close()
    await engine.look()
    await engine.apply({Table.LOG: {key(99): b"kept"}})


async def test_a_file_that_was_deleted_can_be_had_from_the_process_that_has_it_open(
    engine: SqliteEngine, tmp_path: Path
) -> None:
    """What docs/OPERATIONS.md tells maintenance to do before anything else."""
    file = engine.pages.file
    await engine.apply({Table.LOG: {key(99): b"in the WAL alone"}})
    for part in (file, file.with_name(file.name + "-wal")):
        part.unlink()
    with pytest.raises(IntegrityError, match=r"store\.file_gone"):
        await engine.look()
    (tmp_path / "saved").mkdir()
    for link in list(Path("/proc/self/fd").iterdir()):
        with suppress(FileNotFoundError):
            target = str(link.readlink()).removesuffix(" (deleted)")
            if target in {str(file), f"{file}-wal"}:
                shutil.copyfile(link, tmp_path / "saved" / Path(target).name)
    saved = await SqliteEngine.open(tmp_path / "saved" / file.name, KEY)
    assert await saved.count(Table.LOG) == 51
    await saved.close()
