"""Bringing the projection level with the truth: catch up, or throw away and rebuild.

Three cases at start: the index is level or behind by commits that the truth still lists (read those rows); it is
ahead (the truth was restored) or follows another truth or is too far behind (rebuild); it could not be read at all
and is new (rebuild).
"""

import logging
from collections.abc import Callable

from daemon.store.engine import Engine, Table
from daemon.store.index import Index, projected
from daemon.store.rows import ROW_ID, RowCodec
from daemon.store.truth import KEPT_CHANGES, Truth

log = logging.getLogger(__name__)

BATCH = 2000  # rows or commits in one step
BREATH = 100  # rows opened before others on the loop get their turn

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


async def level(index: Index, engine: Engine, truth: Truth, codec: RowCodec, progress: Progress) -> None:
    """Return when the projection holds exactly what the truth holds."""
    position = await index.position()
    follows = position is not None and position[0] == truth.id
    behind = truth.head - position[1] if position is not None and follows else -1
    if 0 <= behind <= KEPT_CHANGES:
        await catch_up(index, engine, truth, codec, truth.head - behind)
    else:
        await _rebuild(index, engine, truth, codec, progress)


async def catch_up(index: Index, engine: Engine, truth: Truth, codec: RowCodec, position: int) -> int:
    """Take in what changed after commit `position`; up to which commit `index` has come then."""
    head = truth.head
    first = (position + 1).to_bytes(8, "big")
    while changes := await engine.apart.scan(Table.CHANGES, first=first, limit=BATCH):
        ids = list(dict.fromkeys(row for _, ids in changes for row in _split(ids)))
        await index.begin()
        await _take_in(index, codec, await engine.apart.get_many(Table.ROWS, ids))
        position = int.from_bytes(changes[-1][0], "big")
        await index.move_to(truth.id, position)
        await index.commit()
        log.info("index caught up", extra={"count": len(ids), "commit": position})
        first = (position + 1).to_bytes(8, "big")
    if position < head:
        await index.begin()
        await index.move_to(truth.id, head)
        await index.commit()
    return max(position, head)


async def _rebuild(index: Index, engine: Engine, truth: Truth, codec: RowCodec, progress: Progress) -> None:
    total, done, first = await engine.count(Table.ROWS), 0, b""
    if total:
        log.warning("index rebuilds", extra={"count": total})
    await index.begin()
    await index.clear()
    while rows := await engine.scan(Table.ROWS, first=first, limit=BATCH):
        await _take_in(index, codec, dict(rows))
        done, first = done + len(rows), rows[-1][0] + b"\x00"
        progress(done, total)
    await index.move_to(truth.id, truth.head)
    await index.commit()


async def _take_in(index: Index, codec: RowCodec, rows: dict[bytes, bytes]) -> None:
    pairs = list(rows.items())
    for start in range(0, len(pairs), BREATH):
        await index.add(projected(codec.open(row, sealed)) for row, sealed in pairs[start : start + BREATH])


def _split(ids: bytes) -> list[bytes]:
    return [ids[start : start + ROW_ID] for start in range(0, len(ids), ROW_ID)]
