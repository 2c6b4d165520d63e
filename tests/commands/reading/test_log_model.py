"""Whatever happens to log and projection, an auditor finds exactly the entries that are there, by header and by what is sealed."""

import shutil
from datetime import timedelta
from sqlite3 import Connection
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.audit import purged
from daemon.audit.entry import Opened
from daemon.store.draft import Draft
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries
from tests.commands.reading.auditing import (
    ACTORS,
    ACTS,
    AFFAIRS,
    APPLICATIONS,
    CODES,
    WHY,
    case,
    every,
    figures,
    statistics,
    together,
    told,
    wanted,
)
from tests.conftest import NOON, Bench
from tests.store.turning import done

ACT = st.tuples(st.integers(0, len(ACTS) - 1), st.integers(0, 3), st.integers(0, 5))
STEP = st.one_of(
    st.tuples(st.just("log"), st.lists(ACT, min_size=1, max_size=12)),
    st.tuples(st.just("log"), st.lists(ACT, min_size=1, max_size=12)),
    st.tuples(st.just("wait"), st.integers(-30, 200)),
    st.tuples(st.just("merge"), st.none()),
    st.tuples(st.just("purge"), st.integers(1, 20)),
    st.tuples(st.just("kill"), st.none()),
    st.tuples(st.just("lose"), st.none()),
    st.tuples(st.just("rotate"), st.none()),
)
MOMENT = st.integers(-100, 1500).map(lambda hours: NOON + timedelta(hours=hours))
HEADER = st.fixed_dictionaries(
    {},
    optional={
        "since": MOMENT,
        "until": MOMENT,
        "actor": st.sampled_from(ACTORS),
        "terminal": st.sampled_from(["T00", "T01", "T09"]),
        "action": st.sampled_from(["search.done", "notice", "lookup", "service.stopped", "log"]),
        "outcome": st.sampled_from(["ok", "refused", "failed"]),
        "affair": st.sampled_from(AFFAIRS),
    },
)
MENTION: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.sampled_from(CODES).map(lambda code: {"subject": code} | WHY),
    st.sampled_from(APPLICATIONS).map(lambda text: {"reference": text} | WHY),
)
QUERY = st.tuples(HEADER, MENTION).map(lambda both: both[0] | both[1])
_SEQS = "SELECT DISTINCT seq FROM mentions"


class Model:
    """The register, and beside it every entry that was ever written."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.ever: dict[int, Opened] = {}

    async def log(self, acts: list[tuple[int, int, int]]) -> None:
        for which, who, what in acts:
            await self.bench.open.writer.log(ACTS[which](who, what))

    async def wait(self, hours: int) -> None:
        self.bench.clock.advance(timedelta(hours=hours))

    async def merge(self, _: None) -> None:
        """The file has what the log has, and nothing that the log has not."""
        await self.bench.open.merger.merge()
        there = {entry.header.seq for entry in await entries(self.bench) if _mentions(entry)}

        def read(connection: Connection) -> set[int]:
            return {seq for (seq,) in connection.execute(_SEQS)}

        assert await self.bench.open.index.pages.read(read) == there

    async def purge(self, count: int) -> None:
        """The oldest entries go; the last one stays, as it is never old enough."""
        await self.remember()
        keys = [key for key, _ in await self.bench.open.engine.scan(Table.LOG, limit=10_000)]

        gone = keys[:-1][:count]
        begin = int.from_bytes(keys[len(gone)], "big") if keys else 0

        async def work(draft: Draft) -> None:
            for key in gone:
                draft.delete(Table.LOG, key)
            draft.put(Table.META, purged.KEY, msgspec.msgpack.encode(purged.Purged(end=begin, done=begin)))

        await self.bench.open.writer.write(work)

    async def kill(self, _: None) -> None:
        """The register starts again on the files as a kill would leave them now."""
        bench = self.bench
        left = bench.state.with_name(bench.state.name + "-left")
        shutil.copytree(bench.state, left)
        await bench.stop()
        shutil.rmtree(bench.state)
        left.rename(bench.state)
        await bench.start()

    async def lose(self, _: None) -> None:
        """The projection's file is lost, and made anew."""
        await self.bench.stop()
        for file in self.bench.state.glob("index.db*"):
            file.unlink()
        await self.bench.start()

    async def rotate(self, _: None) -> None:
        """The projection is built anew under another key while the register works."""
        if not self.bench.open.rotations.progress():
            await self.bench.open.rotations.start("index")
        await done(self.bench)

    async def remember(self) -> list[Opened]:
        there = await entries(self.bench)
        self.ever |= {entry.header.seq: entry for entry in there}
        return there

    async def check(self, queries: list[dict[str, Any]]) -> None:
        for query in queries:
            there = await self.remember()
            found = [line.seq for line in await every(self.bench, **query)]
            assert found == [entry.header.seq for entry in there[::-1] if wanted(entry, **query)]
        there = await self.remember()
        for one in there[:: max(1, len(there) // 3)]:
            belonging = await case(self.bench, one.header.seq)
            assert [line.seq for line in belonging.entries] == sorted(
                other.header.seq for other in together(one, there)
            )
            there = await self.remember()
        assert told(await statistics(self.bench)) == figures(list(self.ever.values()))


def _mentions(entry: Opened) -> bool:
    names = ("subject", "subjects", "application")
    return any(name in entry.fields and entry.fields[name].value for name in names)


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(steps=st.lists(STEP, min_size=3, max_size=10), queries=st.lists(QUERY, min_size=2, max_size=4))
async def test_whatever_happens_a_reading_is_the_entries_that_fit(
    honnin: Bench,
    steps: list[tuple[str, Any]],
    queries: list[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("daemon.commands.reading.log.PAGE", 15)
        patched.setattr("daemon.audit.reading.SLICE", 8)
        patched.setattr("daemon.audit.reading.LOOKED", 32)
        patched.setattr("daemon.store.entries.AT_ONCE", 3)
        patched.setattr("daemon.store.rebuild.READS", 1)
        patched.setattr("daemon.store.index.mentions.BLOCK_BITS", 3)
        clock = type(honnin.clock)(NOON)
        folder = tmp_path_factory.mktemp("model")
        bench = Bench(honnin.config, folder, clock, type(honnin.service)("honnin", clock=clock))
        model = Model(bench)
        await bench.start()
        try:
            for number, (name, argument) in enumerate(steps):
                await getattr(model, name)(argument)
                # Each page is an entry, too: not every question after every step.
                await model.check([queries[number % len(queries)]])
            await model.check(queries)
            await model.merge(None)
        finally:
            await bench.stop()
            await bench.service.close()
