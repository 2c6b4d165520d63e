"""Years of entries, checkpoints, purges, holds, kills and starts in any order, against a model that keeps the whole log beside."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from daemon.audit.action import Action
from daemon.audit.entry import header_of
from daemon.audit.journal import Nodes, leaf_of, sequence
from daemon.audit.outlived import outlived
from daemon.audit.tree import consistency_proof, inclusion_proof
from daemon.clock import JST, day_of, fiscal_year
from daemon.contract.log_holds import PLACE_LOG_HOLD, PlaceLogHold, Run
from daemon.contract.merkle import leaf_hash, verify_consistency, verify_inclusion
from daemon.contract.note import Checkpoint, split
from daemon.errors import JukuraError
from daemon.store.engine import Table
from hsm.fake import FakeKeyService
from tests.conftest import Bench
from tests.retention import years
from tests.retention.test_purging_killed import Kill
from tests.retention.years import officer

AGES = st.sampled_from((1, 30, 400, 1461, 2560))  # days
STEP = st.one_of(
    st.tuples(st.just("log"), st.integers(1, 9)),
    st.tuples(st.just("later"), AGES),
    st.tuples(st.just("hold"), st.integers(0, 10_000)),
    st.tuples(st.just("lift"), st.integers(0, 10)),
    st.tuples(st.just("night"), st.just(0)),
    st.tuples(st.just("kill"), st.integers(1, 90)),
)
BEFORE = (
    ("log", 9),
    ("hold", 3103),
    ("hold", 3016),
    ("later", 400),
    ("log", 6),
    ("later", 2160),
    ("night", 0),
)
"""Years that each history begins with: some entries are past their time, and of them some are held."""


def over(moment: datetime, now: datetime) -> bool:
    """Whether 7 years have passed, told another way than the program does: by the numbers of year, month and day."""
    first, today = moment.astimezone(JST) + timedelta(days=1), now.astimezone(JST)
    return (today.year, today.month, today.day) >= (first.year + 7, first.month, first.day)


@dataclass
class Held:
    """A hold as the model knows it."""

    seqs: set[int]
    until: date
    over: bool = False


@dataclass
class Model:
    """The whole log, as if nothing had ever been deleted."""

    leaves: list[bytes] = field(default_factory=list)
    tree: InmemoryTree = field(default_factory=lambda: InmemoryTree(algorithm="sha256"))
    signed: dict[int, datetime] = field(default_factory=dict)
    """By size when the newest checkpoint of it was signed."""
    purged: int = 0
    holds: dict[int, Held] = field(default_factory=dict)

    def kept(self) -> set[int]:
        """Below the purged end: what is held, or was and has not been released yet."""
        return {seq for hold in self.holds.values() for seq in hold.seqs if seq < self.purged}

    def root(self, size: int) -> bytes:
        root: bytes = self.tree.get_root(size)
        return root

    def night(self, now: datetime) -> None:
        """What a whole night does."""
        self.holds = {n: h for n, h in self.holds.items() if not h.over and h.until >= day_of(now)}
        old = [size for size, at in self.signed.items() if over(at, now)]
        fit = [
            size
            for size in old
            if all(over(header_of(leaf).time, now) for leaf in self.leaves[self.purged : size])
        ]
        self.purged = max([self.purged, *fit])

    def end(self, number: int) -> None:
        """A hold ends: what is past its time goes in the next night, all else is as any entry."""
        hold = self.holds[number]
        hold.over, hold.seqs = True, {seq for seq in hold.seqs if seq < self.purged}
        if not hold.seqs:
            del self.holds[number]


class World:
    """The register under test, and the model."""

    def __init__(self, bench: Bench, copies: Path, kill: Kill) -> None:
        self.bench = bench
        self.model = Model()
        self.copies = copies
        self.kill_ = kill
        self.lives = 0

    async def log(self, count: int) -> None:
        await years.log(self.bench, count)

    async def later(self, days: int) -> None:
        moment = self.bench.clock.now() + timedelta(days=days)
        night = moment.astimezone(JST).replace(hour=2, minute=0, second=0, microsecond=0)
        await years.until(self.bench, max(night, self.bench.clock.now()))

    async def hold(self, pick: int) -> None:
        size, model = len(self.model.leaves), self.model
        if size == model.purged or len(model.holds) > 5:
            return
        first = model.purged + pick % (size - model.purged)
        last = min(size - 1, first + pick % 7)
        until = day_of(self.bench.clock.now()) + timedelta(days=pick % 4000)
        asked = PlaceLogHold(entries=[Run(first=first, last=last)], until=until, basis="係争")
        place = self.bench.open.desk.handlers[PLACE_LOG_HOLD]
        await place(officer("a"), asked)
        number = (await place(officer("b"), asked)).hold
        model.holds[number] = Held(set(range(first, last + 1)), until)

    async def lift(self, pick: int) -> None:
        placed = [number for number, hold in self.model.holds.items() if not hold.over]
        if placed:
            number = placed[pick % len(placed)]
            await years.lift(self.bench, number)
            self.model.end(number)

    async def night(self, _: int) -> None:
        await self.look()
        self.model.night(self.bench.clock.now())
        await self.bench.open.purging.look()

    async def kill(self, step: int) -> None:
        """A night that is killed at that call to a database; the next start goes on, and ends it."""
        await self.look()
        self.model.night(self.bench.clock.now())
        service = self.bench.service
        self.lives += 1
        self.kill_.folder, self.kill_.token = self.bench.state, service.token
        self.kill_.copies = self.copies / f"life{self.lives}"
        self.kill_.at(step)
        with suppress(JukuraError):
            await self.bench.open.purging.look()
        async with self.kill_.still():
            self.kill_.on = False
        service.token.away = False
        if self.kill_.taken:
            await self.bench.stop()
            folder = self.kill_.taken.pop()[0]
            self.bench = Bench(self.bench.config, folder, self.bench.clock, service)
            await self.bench.start()
        await self.bench.open.purging.look()

    async def look(self) -> None:
        """Take what is new into the model."""
        engine, model = self.bench.open.engine, self.model
        for _, value in await engine.scan(Table.LOG, first=sequence(len(model.leaves)), limit=10_000):
            leaf = leaf_of(value)[0]
            assert header_of(leaf).seq == len(model.leaves)
            model.leaves.append(leaf)
            model.tree.append_entry(leaf)
        for key, value in await engine.scan(Table.CHECKPOINTS, limit=10_000):
            size = int.from_bytes(key, "big")
            model.signed[size] = Checkpoint.parse(split(value.decode())[0]).signed_at

    async def check(self) -> None:
        """What is there is what must be, everything there is proven, and lies under the key that it should."""
        await self.look()
        model, parts = self.model, self.bench.open
        size, engine, nodes = len(model.leaves), parts.engine, Nodes(parts.engine)
        assert (parts.journal.tree.size, parts.journal.tree.root()) == (size, model.root(size))
        present = await years.numbers(self.bench)
        assert present == [*sorted(model.kept()), *range(model.purged, size)]
        for seq in present:
            entry = await years.entry(self.bench, seq)
            stored = leaf_of((await engine.get_many(Table.LOG, [sequence(seq)]))[sequence(seq)])[0]
            assert stored == model.leaves[seq]
            proof = await inclusion_proof(seq, size, nodes)
            verify_inclusion(seq, size, leaf_hash(model.leaves[seq]), model.root(size), proof)
            (name,) = await years.classes_of(self.bench, seq)
            year = f"log.{fiscal_year(day_of(entry.header.time))}"
            holders = [f"hold.{n}" for n, hold in model.holds.items() if seq in hold.seqs]
            assert name in (holders if seq < model.purged else [year])
        said = [each.header for each in await years.said(self.bench, Action.LOG_PURGED)]
        # One that is only there because it is held proves itself, and no tree of long ago.
        told = [header.counts["end"] for header in said if header.seq >= model.purged]
        kept = [int.from_bytes(key, "big") for key, _ in await engine.scan(Table.CHECKPOINTS, limit=10_000)]
        assert all(each >= model.purged for each in kept)
        for earlier in {*told, *kept}:
            proof = await consistency_proof(earlier, size, nodes)
            verify_consistency(earlier, size, model.root(earlier), model.root(size), proof)
        found = [each async for each in outlived(engine, size)]
        assert [each.seq for each in found] == sorted(model.kept())
        for number in range(1, max(model.holds, default=0) + 1):
            lying = parts.dependents.dependents(f"hold.{number}")
            assert lying == await parts.dependents.confirm(f"hold.{number}")
            assert bool(lying) is (number in model.holds)


@pytest.mark.timeout(400)
@settings(
    max_examples=4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(steps=st.lists(STEP, min_size=6, max_size=16))
async def test_whatever_happens_in_years_what_must_be_there_is_there_and_proven(
    honnin: Bench, steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, copies = tmp_path_factory.mktemp("model"), tmp_path_factory.mktemp("copies")
    with pytest.MonkeyPatch.context() as patched:
        kill = Kill(folder, copies)
        kill.install(patched)
        clock = type(honnin.clock)(honnin.clock.now())
        service = FakeKeyService("honnin", clock=clock)
        world = World(Bench(honnin.config, folder, clock, service), copies, kill)
        await world.bench.start()
        try:
            for name, argument in (*BEFORE, *steps):
                await getattr(world, name)(argument)
                await world.check()
        finally:
            await world.bench.stop()
            await service.close()
