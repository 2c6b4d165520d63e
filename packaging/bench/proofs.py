"""Proofs out of a large tree: that an entry is in it, and that it continues a smaller one, each read from the encrypted file.

    proofs.py [--leaves 1000000] [--asks 2000] [--folder F]

The tree's nodes alone, as the journal puts them, over random leaves: what entries there are makes no difference to a proof of one.
10 million leaves are about 2 GB and take some minutes to put down. Each proof is asked for by itself, from random places and sizes,
and checked outside the time taken. Prints one JSON object, in milliseconds and bytes.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from machine import machine

from daemon.audit.journal import Nodes, node_key
from daemon.audit.tree import Tree, consistency_proof, inclusion_proof, load
from daemon.contract.merkle import HASH_SIZE, verify_consistency, verify_inclusion
from daemon.store.engine import Table
from daemon.store.sqlite import SqliteEngine

AT_ONCE = 20_000  # leaves in one commit


async def proved(folder: Path, leaves: int, asks: int) -> dict[str, Any]:
    """How long proofs take in a tree of so many leaves."""
    engine = await SqliteEngine.open(folder / "tree.db", os.urandom(32))
    try:
        began = time.perf_counter()
        tree = await _filled(engine, leaves)
        filled = time.perf_counter() - began
        return {
            "leaves": leaves,
            "filled_per_second": round(leaves / filled),
            "bytes_per_leaf": round((folder / "tree.db").stat().st_size / leaves),
            "inclusion": await _taken(asks, lambda: _inclusion(engine, tree, secrets.randbelow(leaves))),
            "consistency": await _taken(
                asks, lambda: _consistency(engine, tree, 1 + secrets.randbelow(leaves))
            ),
        }
    finally:
        await engine.close()


async def _filled(engine: SqliteEngine, leaves: int) -> Tree:
    tree = Tree()
    for some in _hashes(leaves):
        tree, nodes = tree.append(some)
        await engine.apply({Table.TREE: {node_key(node): value for node, value in nodes.items()}})
    await engine.pages.settle()
    return tree


def _hashes(leaves: int) -> Iterator[list[bytes]]:
    for start in range(0, leaves, AT_ONCE):
        count = min(AT_ONCE, leaves - start)
        many = os.urandom(HASH_SIZE * count)
        yield [many[at : at + HASH_SIZE] for at in range(0, len(many), HASH_SIZE)]


Check = Callable[[], None]


async def _inclusion(engine: SqliteEngine, tree: Tree, index: int) -> Check:
    proof = await inclusion_proof(index, tree.size, Nodes(engine))
    leaf = (await engine.get_many(Table.TREE, [key := bytes((0,)) + index.to_bytes(8, "big")]))[key]
    return lambda: verify_inclusion(index, tree.size, leaf, tree.root(), proof)


async def _consistency(engine: SqliteEngine, tree: Tree, size: int) -> Check:
    proof = await consistency_proof(size, tree.size, Nodes(engine))
    before = (await load(size, Nodes(engine))).root()
    return lambda: verify_consistency(size, tree.size, before, tree.root(), proof)


async def _taken(asks: int, ask: Callable[[], Awaitable[Check]]) -> dict[str, float]:
    """Of so many proofs: the middle one, the 99th percentile, the longest."""
    taken = []
    for _ in range(asks):
        began = time.perf_counter()
        check = await ask()
        taken.append((time.perf_counter() - began) * 1000)
        check()
    taken.sort()
    return {
        "median": round(taken[asks // 2], 2), "p99": round(taken[asks * 99 // 100], 2), "longest": round(taken[-1], 2)
    }  # fmt: skip


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--asks", type=int, default=2000)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="bench-", dir=asked.folder) as folder:
        figures = asyncio.run(proved(Path(folder), asked.leaves, asked.asks))
    json.dump({"machine": machine(), **figures}, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
