"""Labels of the log's entries after a kill, a purge, a lost file and a rotation: level with the log before anyone asks."""

import shutil
from sqlite3 import Connection

import pytest

from daemon.audit.journal import sequence
from daemon.store.draft import Draft
from daemon.store.engine import Table
from tests.commands.reading.auditing import CODES, WHY, applied, every
from tests.conftest import Bench
from tests.store.turning import done


async def log(bench: Bench, count: int) -> None:
    for _ in range(count):
        await bench.open.writer.log(applied(0, 0))


async def purge(bench: Bench, *seqs: int) -> None:
    async def work(draft: Draft) -> None:
        for seq in seqs:
            draft.delete(Table.LOG, sequence(seq))

    await bench.open.writer.write(work)


async def killed(bench: Bench) -> None:
    left = bench.state.with_name(bench.state.name + "-left")
    shutil.copytree(bench.state, left)
    await bench.stop()
    shutil.rmtree(bench.state)
    left.rename(bench.state)
    await bench.start()


async def in_file(bench: Bench) -> list[int]:
    def read(connection: Connection) -> list[int]:
        return [seq for (seq,) in connection.execute("SELECT DISTINCT seq FROM mentions ORDER BY seq")]

    return await bench.open.index.pages.read(read)


async def found(bench: Bench) -> list[int]:
    lines = await every(bench, subject=CODES[0], action="notice.applied", **WHY)
    return [line.seq for line in lines]


async def test_what_a_kill_takes_from_memory_is_read_from_the_log(honnin: Bench) -> None:
    await log(honnin, 2)
    await honnin.open.merger.merge()
    await log(honnin, 2)
    await killed(honnin)
    assert await found(honnin) == [3, 2, 1, 0]


async def test_what_was_purged_before_a_kill_leaves_the_file_with_the_next_merge(honnin: Bench) -> None:
    await log(honnin, 4)
    await honnin.open.merger.merge()
    await purge(honnin, 1, 2)
    await killed(honnin)
    assert await in_file(honnin) == [0, 1, 2, 3]
    await honnin.open.merger.merge()
    assert await in_file(honnin) == [0, 3]
    assert await found(honnin) == [3, 0]


async def test_a_rotation_and_a_lost_file_bring_all_labels_back(honnin: Bench) -> None:
    await log(honnin, 3)
    await honnin.open.rotations.start("index")
    await done(honnin)
    assert await in_file(honnin) == [0, 1, 2]
    await honnin.stop()
    for file in honnin.state.glob("index.db*"):
        file.unlink()
    await honnin.start()
    assert await found(honnin) == [2, 1, 0]


async def test_too_many_entries_to_catch_up_with_mean_a_rebuild(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log(honnin, 4)
    monkeypatch.setattr("daemon.store.catchup.WORTH_ENTRIES", 3)
    await killed(honnin)
    assert await in_file(honnin) == [0, 1, 2, 3]
