"""The log by itself: entries appended a second, an export of them made and handed out, and what one costs on the disk.

    audit.py [--entries 200000] [--at-once 256] [--folder F]

A register of this program over a key service with SoftHSM, in one process, and nobody at it: entries of searches, each with its three
sealed fields, as many at once as wait in a busy register; durable means committed with synchronous=FULL. Beside it in the same run: the
same JSON into one plain SQLite table, in commits of the same size; and the same leaves into the tree of pymerkle 7, which keeps
nothing. Prints one JSON object; rates are a second, sizes bytes, `cpu` microseconds of this process for one entry: what a host that is
busy with other things leaves untouched.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from machine import machine
from memory import forget_peak, peak, resident
from pymerkle import InmemoryTree
from stage import key_service, opened

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.journal import leaf_of
from daemon.commands.caller import Caller, Role
from daemon.contract import exports
from daemon.contract.endpoint import Empty
from daemon.contract.exports import ExportPhase, ExportState, FetchFile, OrderExport
from daemon.contract.manifest import NAME, files_of
from daemon.open import Parts
from daemon.store.engine import Table
from tests.hsm.kit import MODULE

AUDITOR = Caller("bench", "測定", "監査", frozenset({Role.AUDITOR}), {}, "T01")
LOOK = 0.05  # seconds
GROUP = 64  # entries in one commit of the yardstick: as many as a group of the register has


def act(number: int) -> Act:
    """A search, as an operator makes one."""
    terms = {"kana": "じゅうみん", "birth": f"19{number % 100:02}0107", "municipality": "35203"}
    sealed = {"terms": terms, "purpose": "旅券の審査", "application": f"R8-{number}"}
    return Act(
        Action.SEARCH_DONE, f"operator:op{number % 20:02}", terminal="T01", affair="passport",
        counts={"hits": number % 50}, sealed=sealed,
    )  # fmt: skip


class Watch:
    """Takes the time, and the processor's, from when it is made."""

    def __init__(self) -> None:
        self._began, self._worked = time.perf_counter(), time.process_time()

    def figures(self, count: int) -> dict[str, float]:
        """Of `count` things done since: how many a second, and the processor's time for one."""
        passed, worked = time.perf_counter() - self._began, time.process_time() - self._worked
        return {"rate": round(count / passed), "cpu": round(worked / count * 1e6, 1)}


async def appended(parts: Parts, count: int, at_once: int) -> dict[str, float]:
    """Entries, each durable before the next of its task is written."""
    numbers = iter(range(count))

    async def write() -> None:
        for number in numbers:
            await parts.writer.log(act(number))

    watch = Watch()
    await asyncio.gather(*(write() for _ in range(at_once)))
    return watch.figures(count)


async def exported(parts: Parts) -> dict[str, Any]:
    """An export of everything: made, and fetched, without a disk at the other end."""
    await parts.signer.sign(at_once=True)
    forget_peak()
    before, making = resident(), Watch()
    state: ExportState = await parts.exports.handlers[exports.ORDER_EXPORT](
        AUDITOR, OrderExport(basis="測定")
    )
    while state.phase is ExportPhase.MAKING:
        await asyncio.sleep(LOOK)
        shown = await parts.exports.handlers[exports.EXPORTS](AUDITOR, Empty())
        state = shown.exports[0]
    if state.phase is not ExportPhase.READY:
        raise SystemExit(f"export: {state.phase} {state.code}")
    entries = state.end - state.first
    made, handing = making.figures(entries), Watch()
    size = await fetched(parts, state.export)
    return {
        "entries": entries, "made": made, "handed_out": handing.figures(entries), "bytes": size,
        "bytes_per_entry": round(size / entries), "memory_more": peak() - before,
    }  # fmt: skip


async def fetched(parts: Parts, export: str) -> int:
    """Every file of it; their bytes."""
    fetch = parts.exports.deliveries[exports.FETCH_FILE]
    manifest = b""
    delivery = await fetch(AUDITOR, FetchFile(export=export, file=NAME))
    async with aclosing(delivery.chunks):
        async for chunk in delivery.chunks:
            manifest += chunk
    size = len(manifest)
    for file in files_of(manifest):
        delivery = await fetch(AUDITOR, FetchFile(export=export, file=file.name))
        async with aclosing(delivery.chunks):
            async for chunk in delivery.chunks:
                size += len(chunk)
    return size


def plain(file: Path, leaves: Sequence[str]) -> dict[str, float]:
    """The same JSON into one table of plain SQLite, synchronous=FULL; rows."""
    with closing(sqlite3.connect(file, isolation_level=None)) as table:
        table.execute("PRAGMA journal_mode=WAL")
        table.execute("PRAGMA synchronous=FULL")
        table.execute("CREATE TABLE log (seq INTEGER PRIMARY KEY, entry TEXT NOT NULL) STRICT")
        watch = Watch()
        for start in range(0, len(leaves), GROUP):
            table.execute("BEGIN")
            table.executemany(
                "INSERT INTO log (entry) VALUES (?)", [(leaf,) for leaf in leaves[start : start + GROUP]]
            )
            table.execute("COMMIT")
        return watch.figures(len(leaves))


def another_tree(leaves: Sequence[str]) -> dict[str, float]:
    """The same leaves into pymerkle's tree, in memory, and its root at the end; leaves."""
    tree = InmemoryTree(algorithm="sha256")
    encoded = [leaf.encode() for leaf in leaves]
    watch = Watch()
    for leaf in encoded:
        tree.append_entry(leaf)
    tree.get_root()
    return watch.figures(len(leaves))


async def leaves_of(parts: Parts, count: int) -> list[str]:
    """What the tree hashes, of the first entries."""
    found: list[str] = []
    first = b""
    while len(found) < count and (pairs := await parts.engine.scan(Table.LOG, first=first, limit=5000)):
        found += [leaf_of(value)[0].decode() for _, value in pairs]
        first = pairs[-1][0] + b"\x00"
    return found[:count]


async def measured(folder: Path, count: int, at_once: int) -> dict[str, Any]:
    """Everything, in one register."""
    with key_service(folder, MODULE, {}):
        async with opened(folder) as register:
            return await _figures(register.parts, folder, count, at_once)


async def _figures(parts: Parts, folder: Path, count: int, at_once: int) -> dict[str, Any]:
    rate = await appended(parts, count, at_once)
    await parts.engine.pages.settle()
    size = (folder / "register.db").stat().st_size
    export = await exported(parts)
    leaves = await leaves_of(parts, count)
    return {
        "machine": machine(), "entries": count, "at_once": at_once, "appended": rate,
        "store_bytes_per_entry": round(size / count), "leaf_bytes": round(sum(map(len, leaves)) / len(leaves)),
        "export": export, "plain_sqlite": plain(folder / "plain.db", leaves),
        "pymerkle": another_tree(leaves),
    }  # fmt: skip


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--at-once", type=int, default=256)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="bench-", dir=asked.folder) as folder:
        result = asyncio.run(measured(Path(folder), asked.entries, asked.at_once))
    json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
