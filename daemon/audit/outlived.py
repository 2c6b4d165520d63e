"""Entries that outlived their 7 years under a hold, each with the proof that it is in the log still."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from daemon.audit import purged
from daemon.audit.journal import Nodes, leaf_of, sequence
from daemon.audit.tree import inclusion_proof
from daemon.store.engine import Engine, Table

BATCH = 500  # entries in one read


class Outlived(NamedTuple):
    """An entry that is held beyond its time."""

    seq: int
    leaf: bytes
    sealed: bytes
    proof: list[bytes]
    """That it is in the tree of the size that was asked for (RFC 9162 §2.1.3.1)."""


async def outlived(engine: Engine, size: int) -> AsyncIterator[Outlived]:
    """Every entry before the purged end that a hold keeps, in order, with its proof in the tree of `size` entries."""
    state = await purged.load(engine)
    first = b""
    while pairs := await engine.apart.scan(
        Table.LOG, first=first, last=sequence(state.purged.end), limit=BATCH
    ):
        for key, value in pairs:
            seq = int.from_bytes(key, "big")
            if seq < state.purged.done or state.holds.holder(seq) is not None:
                yield Outlived(seq, *leaf_of(value), await inclusion_proof(seq, size, Nodes(engine)))
        first = pairs[-1][0] + b"\x00"
