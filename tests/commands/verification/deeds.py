"""What somebody with the page key does to a register of nine people, one of whom moved, behind its back."""

from collections.abc import Awaitable, Callable

from daemon.store.connection import connector
from daemon.store.engine import Table, place_of
from tests.conftest import Bench
from tests.store.turning import move


def behind(bench: Bench, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Change the open file from another connection, as someone does who has the page key."""
    pages = bench.open.engine.pages
    connection = connector(pages.file, pages.key.raw, [])
    for sql, given_ in statements:
        assert connection.execute(sql, given_).rowcount == 1
    connection.close()


def row_is(row: bytes, blob: bytes) -> tuple[str, tuple[object, ...]]:
    return "UPDATE rows SET value = ? WHERE key = ?", (blob, row)


async def lie(bench: Bench, table: Table = Table.ROWS) -> dict[bytes, bytes]:
    return dict(await bench.open.engine.scan(table, limit=10_000))


async def removed(bench: Bench) -> None:
    row, *_ = await lie(bench)
    behind(bench, ("DELETE FROM rows WHERE key = ?", (row,)))


async def rolled_back(bench: Bench) -> None:
    before = await lie(bench)
    await move(bench, 2, 3)
    (row,) = [row for row, blob in (await lie(bench)).items() if before.get(row, blob) != blob]
    behind(bench, row_is(row, before[row]))


async def swapped(bench: Bench) -> None:
    (one, first), (two, second), *_ = (await lie(bench)).items()
    behind(bench, row_is(one, second), row_is(two, first))


async def added(bench: Bench) -> None:
    _, blob = next(iter((await lie(bench)).items()))
    row = b"\x7f" * 16
    behind(bench, ("INSERT INTO rows VALUES (?, ?, ?)", (place_of(row), row, blob)))


async def misplaced(bench: Bench) -> None:
    row, *_ = await lie(bench)
    behind(bench, ("UPDATE rows SET id = id + 1 WHERE key = ?", (row,)))


async def altered(bench: Bench) -> None:
    (row, blob), *_ = (await lie(bench)).items()
    behind(bench, row_is(row, blob[:-1] + bytes([blob[-1] ^ 1])))


DEEDS = [removed, rolled_back, swapped, added, misplaced, altered]
Deed = Callable[[Bench], Awaitable[None]]
