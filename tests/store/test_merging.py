"""When the projection's memory goes into its file, what a file that cannot take it means, and that nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.errors import IntegrityError, StateError
from daemon.store.engine import Table
from daemon.store.index import Version
from daemon.store.index.mentioned import Mentioned
from daemon.store.merging import Merger
from daemon.tasks import Tasks
from tests.conftest import Bench
from tests.store.projection import contents, expected
from tests.store.turning import done, fill, found, move

HEAD = 100


class Memory:
    """An index that only counts, and whose file may refuse."""

    def __init__(self) -> None:
        self.waiting = 0
        self.mentioned = Mentioned(None)  # type: ignore[arg-type]
        self.commit = HEAD
        self.merges: list[int] = []
        self.refuses: Exception | None = None

    async def remember(
        self, versions: Sequence[object], commit: int, *, removed: Sequence[bytes] = ()
    ) -> None:
        self.waiting, self.commit = self.waiting + len(versions) + len(removed), commit

    @property
    def waiting_entries(self) -> int:
        return len(self.mentioned)

    def pass_by(self, commit: int) -> None:
        self.commit = commit

    async def merge(self) -> int:
        await asyncio.sleep(0)
        if self.refuses is not None:
            raise self.refuses
        self.merges.append(self.waiting)
        self.waiting = 0
        return self.merges[-1]


def merger(memory: Memory) -> Merger:
    return Merger(memory, HEAD, HEAD - 1)  # type: ignore[arg-type]


@asynccontextmanager
async def running(merger: Merger) -> AsyncIterator[None]:
    tasks = Tasks()
    tasks.start(merger.run(), name="index.merge")
    try:
        yield
    finally:
        await tasks.stop(within=1)


async def merged(memory: Memory, count: int) -> None:
    async with asyncio.timeout(2):
        while len(memory.merges) < count:
            await asyncio.sleep(0.001)


async def test_many_are_merged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.merging.MERGED", 5)
    memory = Memory()
    follower = merger(memory)
    async with running(follower):
        await follower.follow(HEAD + 1, [object()] * 4, [])  # type: ignore[list-item]
        await asyncio.sleep(0.02)
        assert memory.merges == []
        await follower.follow(HEAD + 2, [], [b"r"])
        await merged(memory, 1)
    assert memory.merges == [5]


async def test_a_few_are_merged_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.merging.REST", 0.02)
    memory = Memory()
    follower = merger(memory)
    async with running(follower):
        await follower.follow(HEAD + 1, [object()], [])  # type: ignore[list-item]
        await merged(memory, 1)
    assert memory.merges == [1]


async def test_commits_that_concern_nobody_cost_no_new_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.merging.REST", 0.005)
    memory = Memory()
    follower = merger(memory)
    async with running(follower):
        for commit in range(1, 20):
            await follower.follow(HEAD + commit, [], [])
        await asyncio.sleep(0.03)
    assert memory.merges == []
    assert memory.commit == HEAD + 19
    assert follower.merged == HEAD - 1


async def test_a_merge_of_nothing_does_not_say_that_the_file_has_come_further() -> None:
    memory = Memory()
    follower = merger(memory)
    await follower.follow(HEAD + 1, [], [])
    await follower.merge()
    assert (memory.merges, follower.merged) == ([0], HEAD - 1)


async def test_what_waits_at_the_start_is_seen_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.merging.MERGED", 5)
    memory = Memory()
    memory.waiting = 5
    follower = merger(memory)
    async with running(follower):
        await merged(memory, 1)
    assert follower.merged == HEAD


async def test_the_end_does_not_wait_for_a_new_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.merging.MERGED", 1)
    memory = Memory()
    began = asyncio.Event()

    async def long() -> int:
        began.set()
        await asyncio.sleep(60)
        return 1

    monkeypatch.setattr(memory, "merge", long)
    follower = merger(memory)
    async with running(follower):
        await follower.follow(HEAD + 1, [object()], [])  # type: ignore[list-item]
        await began.wait()
        async with asyncio.timeout(1):
            await follower.close()
    assert follower.merged == HEAD - 1


@pytest.mark.parametrize(
    "error", [sqlcipher.OperationalError("database or disk is full"), OSError(28, "full")]
)
async def test_what_a_full_disk_refuses_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("daemon.store.merging.REST", 0.005)
    monkeypatch.setattr("daemon.store.merging.AGAIN", 0.02)
    memory = Memory()
    memory.refuses = error
    follower = merger(memory)
    async with running(follower):
        await follower.follow(HEAD + 1, [object()], [])  # type: ignore[list-item]
        await asyncio.sleep(0.05)
        assert memory.waiting == 1
        memory.refuses = None
        await merged(memory, 1)
    assert memory.merges == [1]


async def test_without_room_for_one_more_file_none_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.merging.REST", 0.005)
    monkeypatch.setattr("daemon.store.merging.AGAIN", 0.02)
    memory, room = Memory(), asyncio.Event()

    def require_room() -> None:
        if not room.is_set():
            raise StateError("store.no_room")

    follower = Merger(memory, HEAD, HEAD - 1, require_room=require_room)  # type: ignore[arg-type]
    async with running(follower):
        await follower.follow(HEAD + 1, [object()], [])  # type: ignore[list-item]
        await asyncio.sleep(0.05)
        assert (memory.waiting, memory.merges) == (1, [])
        room.set()
        await merged(memory, 1)
    assert memory.merges == [1]


async def test_a_file_that_is_damaged_ends_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.merging.REST", 0.005)
    memory = Memory()
    memory.refuses = sqlcipher.DatabaseError("database disk image is malformed")
    follower, failed, tasks = (
        merger(memory),
        list[str](),
        Tasks(on_failure=lambda name, _: failed.append(name)),
    )
    tasks.start(follower.run(), name="index.merge")
    await follower.follow(HEAD + 1, [object()], [])  # type: ignore[list-item]
    async with asyncio.timeout(5):
        while not failed:
            await asyncio.sleep(0.005)
    assert failed == ["index.merge"]


async def test_an_exchange_waits_for_a_new_file_that_is_being_written_and_holds_nobody_up(
    honnin: Bench,
) -> None:
    await fill(honnin, 1)
    merger, given, asked = honnin.open.merger, asyncio.Event(), list[bool]()

    async def between(work: Callable[[], Awaitable[bool]]) -> bool:
        asked.append(await work())
        given.set()
        return asked[-1]

    async def finish() -> None:
        raise StateError("store.no_room")

    async with merger._turn, asyncio.TaskGroup() as group:
        waiting = group.create_task(_refused(merger.exchange(between, honnin.open.index.pages.key, finish)))
        await given.wait()
        await asyncio.sleep(0)
        assert asked == [False]
        merger._turn.release()
        await waiting
        await merger._turn.acquire()


async def _refused(work: Awaitable[None]) -> None:
    with pytest.raises(StateError, match=r"store\.no_room"):
        await work


async def test_a_file_that_was_exchanged_holds_what_was_in_memory(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    await move(honnin, 1, 2)
    assert honnin.open.index.waiting == 3
    await honnin.open.rotations.start("index")
    await done(honnin, "index")
    assert honnin.open.index.waiting == 0
    assert honnin.open.merger.merged > 0
    assert await contents(honnin.open.index) == await expected(honnin)


async def test_the_file_in_use_is_never_changed(honnin: Bench) -> None:
    await fill(honnin, 1, 2, 3)
    await honnin.open.merger.merge()
    file = honnin.state / "index.db"
    before = file.read_bytes()
    await move(honnin, 1, 2)
    await fill(honnin, 4)
    assert file.read_bytes() == before
    assert not file.with_name("index.db-wal").read_bytes()
    await honnin.open.merger.merge()
    after = file.read_bytes()
    # Salt and page size stand at the head of the first page; every other page differs as a whole.
    assert all(before[at : at + 4096] != after[at : at + 4096] for at in range(0, len(before), 4096))
    assert await contents(honnin.open.index) == await expected(honnin)


async def test_what_the_memory_held_is_read_again_after_the_end(honnin: Bench) -> None:
    await fill(honnin, 1, 2, 3)
    await honnin.open.merger.merge()
    await move(honnin, 1, 2)
    await fill(honnin, 4)
    assert honnin.open.index.waiting == 2
    await honnin.stop()
    await honnin.start()
    assert honnin.open.index.waiting == 2
    assert (await found(honnin)).total() == 4
    await honnin.open.merger.merge()
    assert await contents(honnin.open.index) == await expected(honnin)


async def test_the_list_of_changes_keeps_what_the_file_lacks_and_no_more(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.groups.KEPT_CHANGES", 3)
    monkeypatch.setattr("daemon.store.groups.UNLISTED", 2)

    async def listed() -> list[int]:
        pairs = await honnin.open.engine.scan(Table.CHANGES, limit=1000)
        return [int.from_bytes(commit, "big") for commit, _ in pairs]

    for number in range(1, 13):
        await fill(honnin, number)
    assert len(await listed()) == 12
    await honnin.open.merger.merge()
    for _ in range(12):
        await honnin.open.writer.log(Act(Action.KEY_MADE, "test"))
    assert len(await listed()) <= 1
    await honnin.stop()
    await honnin.start()
    assert (await found(honnin)).total() == 12
    assert honnin.open.index.waiting <= 1


async def test_an_entry_in_the_log_costs_the_projection_nothing(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)
    await honnin.open.merger.merge()

    def never(*_: object, **__: object) -> None:
        raise AssertionError

    for name in ("write", "read", "reading"):
        monkeypatch.setattr(honnin.open.index.pages, name, never)
    await honnin.open.writer.log(Act(Action.KEY_MADE, "test"))


async def test_what_cannot_be_followed_ends_the_writer_and_is_made_good(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)

    async def broken(*_: object, **__: object) -> None:
        raise IntegrityError("index.code_twice")

    monkeypatch.setattr(honnin.open.index, "remember", broken)
    await fill(honnin, 2)  # the truth has it, so whoever sent it hears so
    with suppress(StateError):
        async with asyncio.timeout(0.2):
            await honnin.open.writer.close()
    await honnin.stop()
    await honnin.start()
    assert (await found(honnin)).total() == 2


async def test_a_file_written_meanwhile_does_not_say_that_it_has_more_than_it_has(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.index.index.BREATH", 1)
    index, said = honnin.open.index, list[tuple[int, int]]()

    async def told(*_: object, versions: Sequence[object], commit: int, **__: object) -> None:
        said.append((len(versions), commit))
        raise OSError

    monkeypatch.setattr("daemon.store.index.renewal.renew", told)
    take = index.take

    def taken(versions: Sequence[Version], commit: int) -> None:
        take(versions, commit)
        merging.append(group.create_task(_failed(index.merge())))

    monkeypatch.setattr(index, "take", taken)
    merging: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as group:
        await fill(honnin, 1, 2, 3)
    head = honnin.open.store.truth.head
    assert [count for count, _ in said] == [1, 2, 3]
    assert all(commit < head for _, commit in said)


async def _failed(work: Awaitable[int]) -> None:
    with suppress(OSError):
        await work


async def test_what_was_left_of_a_new_file_is_gone_after_the_next_start(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.stop()
    left = honnin.state / "index.db.renewed"
    left.write_bytes(b"half")
    await honnin.start()
    assert not left.exists()
