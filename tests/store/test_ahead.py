"""What is read ahead for a group while the one before it is written: it gives way to whatever that one changed."""

import asyncio
from collections.abc import Awaitable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.errors import StateError
from daemon.store.draft import Draft
from daemon.store.engine import Changes, Table
from tests.conftest import Bench
from tests.store.recoding import appended, code_of
from tests.store.turning import fill

PEOPLE = 3
LANE = "35201"
DEEDS = st.lists(
    st.tuples(st.integers(1, PEOPLE), st.sampled_from(["moves", "recodes", "back", "merges"])), max_size=9
)


@pytest.fixture(autouse=True)
def _each_a_group_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.writer.MOST_JOBS", 1)


class Counting:
    """Pieces of work that count up, each after a look at what was there when it was read ahead."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.events: list[str] = []

    async def ahead(self, draft: Draft) -> None:
        await draft.get_many(Table.META, [b"n"])
        self.events.append("read")

    async def count(self, draft: Draft) -> int:
        seen = int((await draft.get_many(Table.META, [b"n"])).get(b"n", b"0")) + 1
        draft.put(Table.META, b"n", str(seen).encode())
        return seen

    async def together(self, times: int) -> list[int | BaseException]:
        writer = self.bench.open.writer
        return await asyncio.gather(
            *(writer.write(self.count, lane=LANE, ahead=self.ahead) for _ in range(times)),
            return_exceptions=True,
        )


def spied(bench: Bench, events: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Note when groups are written."""
    working = bench.open.engine.apply

    async def apply(changes: Changes) -> None:
        await asyncio.sleep(0.01)
        await working(changes)
        if b"n" in changes.get(Table.META, {}):
            events.append("written")

    monkeypatch.setattr(bench.open.engine, "apply", apply)


async def test_the_next_group_is_read_while_one_is_written_and_sees_what_it_changed(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(honnin)
    spied(honnin, counting.events, monkeypatch)
    assert await counting.together(4) == [1, 2, 3, 4]
    events = counting.events
    early = [
        at
        for at, event in enumerate(events)
        if event == "read" and events[:at].count("written") < events[:at].count("read")
    ]
    assert (events.count("read"), events.count("written"), bool(early)) == (4, 4, True)


async def test_where_a_group_cannot_be_written_the_next_one_is_done_all_the_same(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting, working, failed = Counting(honnin), honnin.open.engine.apply, list[int]()

    async def apply(changes: Changes) -> None:
        if not failed and b"n" in changes.get(Table.META, {}):
            failed.append(1)
            raise OSError(28, "no space left")
        await working(changes)

    monkeypatch.setattr(honnin.open.engine, "apply", apply)
    first, *others = await counting.together(3)
    assert isinstance(first, StateError)
    assert others == [1, 2]


async def test_what_wants_to_be_alone_and_the_end_come_in_their_turn(honnin: Bench) -> None:
    counting, order = Counting(honnin), list[str]()

    async def alone() -> None:
        order.append("alone")

    async def entry(_: Draft) -> None:
        order.append("entry")

    writer = honnin.open.writer
    async with asyncio.TaskGroup() as group:
        counted = group.create_task(counting.together(3))
        await asyncio.sleep(0.001)
        for work in (writer.write(entry), writer.between(alone), writer.write(entry), writer.close()):
            group.create_task(work)
    assert await counted == [1, 2, 3]
    assert order == ["entry", "alone", "entry"]


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(deeds=DEEDS)
async def test_whoever_was_read_ahead_is_known_as_the_group_before_left_them(
    honnin: Bench, deeds: list[tuple[int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    bench = Bench(
        honnin.config,
        tmp_path_factory.mktemp("ahead"),
        honnin.clock,
        type(honnin.service)("honnin", clock=honnin.clock),
    )
    await bench.start()
    try:
        await fill(bench, *range(1, PEOPLE + 1))
        codes = {number: [code_of(number, 0)] for number in range(1, PEOPLE + 1)}
        asks: list[Awaitable[object]] = []
        for turn, (number, deed) in enumerate(deeds, start=1):
            if deed == "merges":
                asks.append(bench.open.merger.merge())
                continue
            had = codes[number]
            new = {"moves": had[-1], "recodes": code_of(number, turn), "back": had[0]}[deed]
            every = [code for each in codes.values() for code in each] + [new]
            asks.append(_told(bench, had[-1], new, len(had), every))
            had.append(new)
        await asyncio.gather(*asks)
        latest = await bench.open.index.latest([had[-1] for had in codes.values()])
        assert {code: where.serial for code, where in latest.items()} == {
            had[-1]: len(had) for had in codes.values()
        }
    finally:
        await bench.stop()
        await bench.service.close()


async def _told(bench: Bench, old: str, new: str, serial: int, codes: list[str]) -> None:
    """One more version, after everything about everybody was read ahead; who had it must be as was told last."""

    async def ahead(draft: Draft) -> None:
        found = {**await draft.latest(codes), **await draft.formerly(codes)}
        await draft.get_many(Table.ROWS, [where.row for where in found.values()])

    async def work(draft: Draft) -> None:
        await ahead(draft)
        assert (await draft.latest([old]))[old].serial == serial
        await appended(bench, draft, old, juminhyo_code=new)

    await bench.open.writer.write(work, lane=LANE, ahead=ahead)
