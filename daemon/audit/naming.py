"""Checkpoints that something outside names: they are kept for as long as the log, whatever else is thinned out."""

from collections.abc import Iterable
from enum import StrEnum

from daemon.audit.journal import sequence
from daemon.errors import StateError
from daemon.store.draft import Draft
from daemon.store.engine import Table


class Why(StrEnum):
    """What names it."""

    EXPORT = "export"
    """An export for an auditor ends with it."""
    RECEIPT = "receipt"
    """A receipt that was given out refers to it."""


async def name(draft: Draft, size: int, why: Why) -> None:
    """Keep the checkpoint of `size`, from this commit on; StateError `log.checkpoint_gone` where there is none."""
    if not await draft.get_many(Table.CHECKPOINTS, [sequence(size)]):
        raise StateError("log.checkpoint_gone")
    draft.put(Table.NAMED, _key(size, why), b"")


async def bound(draft: Draft, sizes: Iterable[int]) -> set[int]:
    """Those of `sizes` whose checkpoint must stay: named, or time-stamped."""
    by_name = {_key(size, why): size for size in sizes for why in Why}
    by_size = {sequence(size): size for size in by_name.values()}
    named = await draft.get_many(Table.NAMED, list(by_name))
    stamped = await draft.get_many(Table.TIMESTAMPS, list(by_size))
    return {by_name[key] for key in named} | {by_size[key] for key in stamped}


def size_of(key: bytes) -> int:
    """The size of the checkpoint that a key of `Table.NAMED` names."""
    return int.from_bytes(key[:8], "big")


def _key(size: int, why: Why) -> bytes:
    return sequence(size) + why.encode()
