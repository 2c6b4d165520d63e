"""A copy of the truth that was left: used only where it is of this truth and of no later commit."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from daemon.store import rekey
from daemon.store.engine import Table
from daemon.store.pages import PageKey, Pages
from daemon.store.rekey import CURSOR, Cursor
from daemon.store.sqlite import SHAPE, SqliteEngine
from daemon.store.truth import Truth
from tests.conftest import Bench
from tests.store.turning import done, fill, found

KEY = PageKey(bytes(32), "store.2")
TRUTH = Truth(b"t" * 16, 10)
LEFT = Cursor(TRUTH.id, head=10, table=2, first=b"k", done=7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "register.db.next"


async def left(file: Path, cursor: Cursor, key: PageKey = KEY) -> None:
    """A copy that had come as far as `cursor`."""
    engine = SqliteEngine(await Pages.open(file, key, SHAPE))
    await engine.apply(
        {Table.META: {CURSOR: msgspec.msgpack.encode(cursor)}, Table.ROWS: {b"r" * 16: b"copied"}}
    )
    await engine.close()


@pytest.mark.parametrize(
    ("cursor", "key", "used"),
    [
        (LEFT, KEY, True),
        (replace(LEFT, head=9), KEY, True),
        (replace(LEFT, head=11), KEY, False),
        (replace(LEFT, truth=b"u" * 16), KEY, False),
        (LEFT, PageKey(bytes([1]) * 32, "store.3"), False),
    ],
)
async def test_only_a_copy_of_this_truth_and_no_later_commit_is_gone_on_with(
    file: Path,
    cursor: Cursor,
    key: PageKey,
    used: bool,  # noqa: FBT001
) -> None:
    await left(file, cursor, key)
    copy, at = await rekey._open(file, KEY, TRUTH)
    assert at == (cursor if used else Cursor(TRUTH.id))
    assert await copy.count(Table.ROWS) == int(used)
    await copy.close()


async def test_a_file_that_nobody_wants_any_more_is_deleted_at_start(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.stop()
    for name in ("register.db", "index.db"):
        await left(honnin.state / f"{name}.next", LEFT)
    await honnin.start()
    assert not list(honnin.state.glob("*.next*"))


async def test_a_copy_from_before_the_rotation_is_not_believed(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await left(honnin.state / "register.db.next", LEFT)
    await honnin.open.rotations.start("store")
    await done(honnin)
    assert (await found(honnin)).total() == 2
    assert await honnin.open.engine.count(Table.ROWS) == 2
