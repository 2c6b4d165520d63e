"""What tests of rotations share: people to fill a register with, and waiting for a rotation's end."""

import asyncio
from collections import Counter

import pytest
from msgspec.structs import replace

from daemon.audit.entry import Header, header_of
from daemon.audit.journal import leaf_of
from daemon.crypto.seal import class_of
from daemon.register.codes import juminhyo_digit
from daemon.register.order import Counts
from daemon.register.rows import HonninRecord
from daemon.register.transitions import Standing
from daemon.register.wanted import Wanted
from daemon.store.engine import Table
from daemon.store.rows import Stored
from tests.commands.notices.test_notices import DAY, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN

EVERYONE = Wanted(on=20261124, standings=(Standing.PRESENT,))


def in_small_steps(patch: pytest.MonkeyPatch, few: int) -> None:
    """Let rotations do only a few values or rows in a step, and use several buckets for them."""
    for name in ("reseal.BATCH", "rekey.BATCH", "gathering.READ", "staging.PER_BUCKET", "rebuild.TAKEN"):
        patch.setattr(f"daemon.store.{name}", few)
    patch.setattr("daemon.store.gathering.STAGED", 2 * few)
    patch.setattr("daemon.store.gathering.NOTED", 3)


def newcomer(number: int) -> HonninRecord:
    base = f"{number:010}"
    return replace(HONNIN, juminhyo_code=base + juminhyo_digit(base), kojin_bango="", reason="12")


async def tell(bench: Bench, name: str, record: HonninRecord) -> None:
    """The next notice about someone, with the count that is due."""
    code = record.juminhyo_code
    found = (await bench.open.index.latest([code])).get(code)
    counts: Counts = {}
    if found is not None:
        sealed = await bench.open.engine.get_many(Table.ROWS, [found.row])
        counts = bench.open.reader._codec.open(found.row, sealed[found.row]).counts
    await send(bench, notice(name, record, seq=counts.get(int(record.municipality), 0) + 1))


async def fill(bench: Bench, *numbers: int) -> None:
    await send(bench, *(notice(f"n{number}", newcomer(number)) for number in numbers))


async def move(bench: Bench, number: int, serial: int) -> None:
    """One more notice about someone: the version before is superseded."""
    moved = replace(newcomer(number), reason="31", event_date=DAY, address=f"山口県山口市滝町{serial}番")
    await tell(bench, f"m{number}-{serial}", moved)


async def done(bench: Bench, *kinds: str) -> None:
    """Wait until no rotation of these kinds (or none at all) runs."""
    async with asyncio.timeout(20):
        while any(not kinds or run.kind in kinds for run in bench.open.rotations.progress()):
            await asyncio.sleep(0.01)


async def rows(bench: Bench) -> dict[bytes, Stored]:
    """Every version as the truth holds it, opened."""
    pairs = await bench.open.engine.scan(Table.ROWS, limit=100_000)
    return {row: bench.open.reader._codec.open(row, sealed) for row, sealed in pairs}


async def found(bench: Bench) -> Counter[str]:
    """The codes of everyone whom a search finds."""
    return Counter(
        stored.row.juminhyo_code for stored in await bench.open.reader.find(EVERYONE, limit=10_000)
    )


async def lying(bench: Bench, table: Table = Table.ROWS) -> Counter[str]:
    """How many values of `table` state which class."""
    return Counter(class_of(value) for _, value in await bench.open.engine.scan(table, limit=100_000))


async def headers(bench: Bench) -> list[Header]:
    """The public part of every entry."""
    return [
        header_of(leaf_of(value)[0]) for _, value in await bench.open.engine.scan(Table.LOG, limit=100_000)
    ]
