"""A real disk that fills to its last byte while notices and searches run: nothing is half done, and all goes on once there is room."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import header_of
from daemon.audit.journal import leaf_of
from daemon.clock import ManualClock
from daemon.commands.caller import Caller
from daemon.config import Disk
from daemon.contract.console import SEARCH, Search
from daemon.contract.disk import Stage
from daemon.contract.merkle import leaf_hash, root_of
from daemon.contract.peer import Outcome
from daemon.errors import JukuraError, StateError
from daemon.register.rows import Register
from daemon.rehearsal.pki import Pki
from daemon.store.engine import Table
from hsm.fake import FakeKeyService
from tests.commands.notices.test_notices import notice, send
from tests.conftest import Bench, configured
from tests.store.small_disk import MIB, SmallDisk, small_disk
from tests.store.turning import found, newcomer, rows

SIZE = 96 * MIB
LIMITS = Disk(floor=24 * MIB, disclosures=16 * MIB, notices=8 * MIB, ballast=8 * MIB)
QUERY = Search(affair="plain", purpose="照会", application="1", kana="ヤマ")


@dataclass
class Load:
    """Notices and searches one after the other, each sent until it is taken, and what became of every try."""

    bench: Bench
    caller: Caller
    acknowledged: list[int] = field(default_factory=list)
    searched: int = 0
    ending: bool = False
    notices: Counter[str] = field(default_factory=Counter)
    searches: Counter[str] = field(default_factory=Counter)

    async def send(self) -> None:
        number = len(self.acknowledged)
        (verdict,) = await send(self.bench, notice(f"n{number}", newcomer(number)))
        # One that was told as failed and was written all the same would be a duplicate.
        assert verdict.outcome is Outcome.APPLIED
        self.acknowledged.append(number)

    async def search(self) -> None:
        await self.bench.open.desk.handlers[SEARCH](self.caller, QUERY)
        self.searched += 1

    async def _notices(self) -> None:
        while not self.ending:
            self.notices[await code_of(self.send())] += 1
            await asyncio.sleep(0)

    async def _searches(self) -> None:
        while not self.ending:
            self.searches[await code_of(self.search())] += 1
            await asyncio.sleep(0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Both at once."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._notices())
            group.create_task(self._searches())
            yield
            # Brought to their end: of one that is given up nobody knows whether it was taken.
            self.ending = True

    async def more(self, notices: int, searches: int) -> None:
        """Until so many more of both were done."""
        acknowledged, searched = len(self.acknowledged) + notices, self.searched + searches
        async with asyncio.timeout(60):
            while len(self.acknowledged) < acknowledged or self.searched < searched:
                await asyncio.sleep(0.01)


async def code_of(work: Awaitable[None]) -> str:
    """The code of the error that it ended with; empty where it did not."""
    try:
        await work
    except JukuraError as error:
        return error.code
    return ""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", SIZE) as made:
        yield made


@pytest.fixture
async def load(disk: SmallDisk, pki: Pki, clock: ManualClock, caller: Caller) -> AsyncIterator[Load]:
    service = FakeKeyService(Register.HONNIN, clock=clock)
    config = replace(configured(Register.HONNIN, pki, disk.folder), disk=LIMITS)
    bench = Bench(config, disk.folder, clock, service)
    await bench.start()
    yield Load(bench, caller)
    await bench.stop()
    await service.close()


async def headers(bench: Bench) -> list[Action]:
    stored = await bench.open.engine.scan(Table.LOG, limit=100_000)
    leaves = [leaf_of(value)[0] for _, value in stored]
    assert root_of(map(leaf_hash, leaves)) == bench.open.journal.tree.root()
    return [header_of(leaf).action for leaf in leaves]


async def require_whole(load: Load) -> None:
    """Rows, entries, messages and what was acknowledged are the same; so it is after a restart."""
    for start in (1, 2):
        bench = load.bench
        if start == 2:
            await bench.stop()
            await bench.start()
        taken, actions = len(load.acknowledged), Counter(await headers(bench))
        assert len(await rows(bench)) == taken
        assert await bench.open.engine.count(Table.OUTBOX) == taken
        assert await bench.open.engine.count(Table.NOTICES) == taken
        assert actions[Action.NOTICE_APPLIED] == taken
        assert actions[Action.SEARCH_DONE] == load.searched
        assert (await found(bench)).total() == taken


async def test_full_to_the_last_byte_every_try_fails_whole_and_all_goes_on_by_itself(
    load: Load, disk: SmallDisk
) -> None:
    """Fuller than any look has seen: SQLite hears of it in the middle of a commit."""
    async with load.running():
        for _ in range(3):
            await load.more(notices=5, searches=5)
            disk.fill()
            before = load.notices["store.disk_full"], load.searches["store.disk_full"]
            async with asyncio.timeout(60):
                while not (
                    load.notices["store.disk_full"] > before[0] + 5
                    and load.searches["store.disk_full"] > before[1] + 5
                ):
                    disk.fill()
                    await asyncio.sleep(0.01)
            disk.free_again()
        await load.more(notices=5, searches=5)
    assert load.notices.keys() | load.searches.keys() == {"", "store.disk_full"}
    await load.bench.open.engine.look()
    await require_whole(load)


async def test_as_it_fills_disclosures_stop_first_notices_next_and_the_log_never(
    load: Load, disk: SmallDisk
) -> None:
    space, seen = load.bench.open.space, list[tuple[Stage, str, str]]()
    space.look()

    async def at(but: int, stage: Stage) -> None:
        disk.fill(but=but)
        await asyncio.to_thread(space.look)
        assert space.step.stage is stage
        seen.append((stage, await code_of(load.send()), await code_of(load.search())))

    await at(30 * MIB, Stage.AMPLE)
    await at(20 * MIB, Stage.LOW)
    await at(12 * MIB, Stage.NO_DISCLOSURES)
    await at(4 * MIB, Stage.NO_NOTICES)
    disclosures, notices = "state.disk_disclosures", "state.disk_notices"
    assert seen == [
        (Stage.AMPLE, "", ""),
        (Stage.LOW, "", ""),
        (Stage.NO_DISCLOSURES, "", disclosures),
        (Stage.NO_NOTICES, notices, disclosures),
    ]
    # Somebody else took what was left: what the ballast held is the log's.
    assert disk.free() > LIMITS.ballast
    for _ in range(200):
        await load.bench.open.writer.log(Act(Action.SESSION_OPENED, "operator:a", terminal="T01"))
    await load.bench.open.signer.sign()
    disk.free_again()
    space.look()
    assert (await code_of(load.send()), await code_of(load.search())) == ("", "")
    assert Counter(await headers(load.bench))[Action.SEARCH_REFUSED] == 2
    await require_whole(load)


async def test_a_batch_that_waits_when_the_stage_comes_is_refused_whole(load: Load) -> None:
    parts = load.bench.open
    parts.space.free = lambda: 0
    parts.space.look()
    with pytest.raises(StateError, match=r"state\.disk_notices"):
        await send(load.bench, *(notice(f"b{number}", newcomer(number)) for number in range(120)))
    assert await parts.engine.count(Table.ROWS) == await parts.engine.count(Table.NOTICES) == 0
