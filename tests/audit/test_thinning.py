"""Which checkpoints stay: of each hour that is over one, whatever is named or time-stamped, and the newest."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit import naming
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.checkpoints import newest
from daemon.audit.journal import sequence
from daemon.audit.naming import Why
from daemon.audit.thinner import THINNED, Thinner
from daemon.audit.thinning import Candidate, superfluous
from daemon.clock import hour_of
from daemon.contract.note import Checkpoint, signed, time_line
from daemon.errors import StateError
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer
from tests.audit.exporting import taken
from tests.audit.exports import check
from tests.conftest import NOON, Bench

HOUR = timedelta(hours=1)
START = NOON - timedelta(days=2)


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    """Of a growing log over some hours; a clock may go back, and some say no time."""
    minutes = draw(st.lists(st.integers(0, 600), max_size=40))
    if draw(st.booleans()):
        minutes.sort()
    told = [None if draw(st.integers(0, 9)) == 0 else START + timedelta(minutes=each) for each in minutes]
    return [Candidate(size, at, draw(st.integers(1, 3))) for size, at in enumerate(told, 1)]


NOW = st.integers(0, 800).map(lambda minutes: START + timedelta(minutes=minutes))


@given(candidates(), NOW)
def test_of_each_hour_that_is_over_the_last_with_most_signatures_stays(
    given_: list[Candidate], now: datetime
) -> None:
    gone = set(superfluous(given_, now))
    for one in given_:
        hour = [each for each in given_ if one.at and each.at and hour_of(each.at) == hour_of(one.at)]
        better = [
            each
            for each in hour
            if each.signatures > one.signatures
            or (each.signatures == one.signatures and each.size > one.size)
        ]
        is_past = one.at is not None and hour_of(one.at) + 2 * HOUR <= now
        assert (one.size in gone) == (is_past and bool(better))


@given(candidates(), NOW, NOW)
def test_it_does_not_matter_when_and_how_often_it_was_done_before(
    given_: list[Candidate], first: datetime, second: datetime
) -> None:
    early, late = sorted((first, second))
    once = set(superfluous(given_, late))
    before = set(superfluous(given_, early))
    rest = [one for one in given_ if one.size not in before]
    assert before | set(superfluous(rest, late)) == once
    assert superfluous([one for one in given_ if one.size not in once], late) == []


def note(size: int, at: datetime, witnesses: int = 0) -> bytes:
    text = Checkpoint("jukura.jp/honnin/1", size, bytes(32), (time_line(at),)).text()
    lines = [f"— w{number} AAAAAAAA" for number in range(witnesses + 1)]
    return signed(text, *lines).encode()


async def put(bench: Bench, *made: tuple[int, timedelta, int]) -> None:
    """Checkpoints as (size, time since the start, witnesses)."""
    notes = {sequence(size): note(size, START + at, more) for size, at, more in made}
    await bench.open.engine.apply({Table.CHECKPOINTS: notes})


async def sizes(bench: Bench) -> list[int]:
    held = await bench.open.engine.scan(Table.CHECKPOINTS, limit=10_000)
    return [int.from_bytes(key, "big") for key, _ in held]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.audit.thinner.PAGE", 7)
    monkeypatch.setattr("daemon.audit.thinner.AT_ONCE", 3)
    monkeypatch.setattr("daemon.audit.thinner.BREATH", 0.0)


def at(hours: int, minutes: int) -> timedelta:
    return timedelta(hours=hours, minutes=minutes)


async def test_a_day_of_checkpoints_becomes_one_an_hour_and_stays_so_after_a_start(honnin: Bench) -> None:
    await put(honnin, *((n + 1, timedelta(minutes=5 * n), 0) for n in range(12 * 24)))
    assert await honnin.open.upkeep.thinner.look() == 11 * 23
    # The last hour of all has no checkpoint after it.
    left = [12 * n for n in range(1, 24)] + list(range(12 * 23 + 1, 12 * 24 + 1))
    assert await sizes(honnin) == left
    await put(honnin, (300, at(24, 0), 0), (301, at(24, 30), 0), (302, at(25, 0), 0))
    await honnin.stop()
    await honnin.start()
    await honnin.open.upkeep.thinner.look()
    assert await sizes(honnin) == [*(12 * n for n in range(1, 25)), 301, 302]
    assert await honnin.open.upkeep.thinner.look() == 0


async def test_the_newest_stays_though_an_earlier_one_of_its_hour_has_more_signatures(honnin: Bench) -> None:
    await put(honnin, (1, at(0, 1), 2), (2, at(0, 2), 0))
    assert await honnin.open.upkeep.thinner.look() == 0
    await put(honnin, (3, at(1, 0), 0))
    assert await honnin.open.upkeep.thinner.look() == 1
    assert await sizes(honnin) == [1, 3]


async def test_an_hour_is_left_alone_until_it_has_been_over_for_one(honnin: Bench) -> None:
    ago = honnin.clock.now() - START
    await put(honnin, *((n, ago - timedelta(minutes=121 - n), 0) for n in range(1, 122)))
    await honnin.open.upkeep.thinner.look()
    assert len(await sizes(honnin)) == 61 + 1
    honnin.clock.advance(timedelta(hours=1))
    await honnin.open.upkeep.thinner.look()
    assert len(await sizes(honnin)) == 1 + 1 + 1


class Counting:
    """An engine that counts how often it is looked through."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.apart = self
        self.scans = 0

    async def get_many(self, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return await self._engine.get_many(table, keys)

    async def scan(self, table: Table, *, first: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        self.scans += 1
        return await self._engine.scan(table, first=first, limit=limit)


async def test_what_was_looked_at_is_not_looked_at_again(honnin: Bench) -> None:
    """The years of a log are not read every ten minutes."""
    await put(honnin, *((n + 1, timedelta(minutes=30 * n), n % 2) for n in range(90)))
    engine = Counting(honnin.open.engine)
    thinner = Thinner(engine, honnin.open.writer, honnin.clock)  # type: ignore[arg-type]
    assert await thinner.look() == 44
    engine.scans = 0
    assert await thinner.look() == 0
    assert engine.scans <= 2
    again = Thinner(engine, honnin.open.writer, honnin.clock)  # type: ignore[arg-type]
    engine.scans = 0
    assert await again.look() == 0
    assert engine.scans <= 2, "nor after a start"


async def test_what_is_named_or_stamped_stays(honnin: Bench) -> None:
    await put(honnin, *((n, timedelta(minutes=n), 0) for n in range(1, 31)), (31, at(5, 0), 0))

    async def work(draft: Draft) -> None:
        await naming.name(draft, 4, Why.EXPORT)
        await naming.name(draft, 7, Why.RECEIPT)
        await naming.name(draft, 7, Why.EXPORT)

    await honnin.open.writer.write(work)
    await honnin.open.engine.apply({Table.TIMESTAMPS: {sequence(9): b"reply"}})
    await honnin.open.upkeep.thinner.look()
    assert await sizes(honnin) == [4, 7, 9, 30, 31]


async def test_naming_what_is_gone_fails(honnin: Bench) -> None:
    await put(honnin, (1, at(0, 1), 0))

    async def work(draft: Draft) -> None:
        await naming.name(draft, 2, Why.RECEIPT)

    with pytest.raises(StateError, match=r"log\.checkpoint_gone"):
        await honnin.open.writer.write(work)
    assert await honnin.open.engine.count(Table.NAMED) == 0


async def test_one_that_was_cosigned_after_it_was_looked_at_stays(honnin: Bench) -> None:
    await put(honnin, (1, at(0, 1), 0), (2, at(0, 2), 0), (3, at(0, 3), 0), (4, at(5, 0), 0))
    thinner = honnin.open.upkeep.thinner
    seen = {Candidate(n, START + at(0, n), 1): note(n, START + at(0, n)) for n in (1, 2, 3)}
    await put(honnin, (1, at(0, 1), 1))
    assert await thinner._thin(seen, honnin.clock.now()) == 1
    assert await sizes(honnin) == [1, 3, 4]


class Failing:
    """A writer that dies after some pieces of work."""

    def __init__(self, writer: Writer, times: int) -> None:
        self._writer = writer
        self._times = times

    async def write(self, work: Callable[[Draft], Awaitable[int]]) -> int:
        if not self._times:
            raise StateError("store.cannot_write")
        self._times -= 1
        return await self._writer.write(work)


@pytest.mark.parametrize("times", range(5))
async def test_one_that_was_broken_off_is_taken_up_where_it_was(honnin: Bench, times: int) -> None:
    """Within an hour as between two."""
    await put(honnin, *((n + 1, timedelta(minutes=15 * n), 0) for n in range(8)), (9, at(5, 0), 0))
    await put(honnin, *((100 + n, at(6, n), 0) for n in range(10)), (200, at(9, 0), 0))
    broken = Thinner(honnin.open.engine, Failing(honnin.open.writer, times), honnin.clock)  # type: ignore[arg-type]
    with pytest.raises(StateError):
        await broken.look()
    await honnin.stop()
    await honnin.start()
    await honnin.open.upkeep.thinner.look()
    assert await sizes(honnin) == [4, 8, 9, 109, 200]


async def test_what_is_no_note_or_says_no_time_stays(honnin: Bench) -> None:
    await put(honnin, *((n, timedelta(minutes=n), 0) for n in range(1, 6)), (9, at(5, 0), 0))
    old = signed(Checkpoint("o", 2, bytes(32)).text(), "— o AAAAAAAA").encode()
    await honnin.open.engine.apply({Table.CHECKPOINTS: {sequence(2): old, sequence(3): b"what?"}})
    await honnin.open.upkeep.thinner.look()
    assert await sizes(honnin) == [2, 3, 5, 9]


async def test_it_writes_no_entry_and_nothing_where_there_is_nothing_to_do(honnin: Bench) -> None:
    await put(honnin, *((n, timedelta(minutes=n), 0) for n in range(1, 6)), (9, at(5, 0), 0))
    await honnin.open.upkeep.thinner.look()
    head = honnin.open.store.truth.head
    await honnin.open.upkeep.thinner.look()
    assert honnin.open.store.truth.head == head
    assert honnin.open.journal.tree.size == 0
    assert await honnin.open.engine.get_many(Table.META, [THINNED]) == {THINNED: sequence(6)}


async def test_a_log_that_was_thinned_is_exported_signed_and_verified(honnin: Bench, tmp_path: Path) -> None:
    """Real checkpoints of a real log."""
    for _ in range(6):
        await honnin.stop()
        honnin.clock.advance(timedelta(hours=1))
        await honnin.start()
        for _ in range(3):
            await honnin.open.writer.log(Act(Action.KEY_MADE, "test", counts={"keys": 1}))
            assert await honnin.open.signer.sign()
    before = await sizes(honnin)
    assert await honnin.open.upkeep.thinner.look() == 2 * 4
    assert len(before) == 18
    assert await sizes(honnin) == [3, 6, 9, 12, *range(13, 19)]
    last = await newest(honnin.open.engine)
    assert last is not None
    assert last.size == honnin.open.signer.signed == 18
    folder = await taken(honnin, tmp_path / "export")
    assert check(folder).checkpoints == 11, "with the one that it ends with"

    async def ask(draft: Draft) -> set[int]:
        return await naming.bound(draft, [18, 19])

    assert await honnin.open.writer.write(ask) == {19}
