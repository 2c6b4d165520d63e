"""The log on a second disk: what was promised is there after any cut, what never happened is not, and a lost disk stops nothing."""

import asyncio
import errno
import itertools
import os
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from daemon.audit import spooling
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.journal import leaf_of
from daemon.audit.spool import Spool
from daemon.config import Spooled
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring
from daemon.crypto.seal import Place, Sealer
from daemon.errors import IntegrityError
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Table
from tests.conftest import Bench

DAY = date(2026, 11, 24)
ACT = Act(Action.KEY_MADE, "test", counts={"keys": 1}, sealed={"names": "24727059608"})


def sealer() -> Sealer:
    keys = Keyring()
    keys.add({"log.2026": bytes(range(32))})
    return Sealer(keys)


def new(folder: Path, register: Register = Register.HONNIN) -> Spool:
    return Spool(folder, register, sealer())


def add(spool: Spool, first: int, count: int, *, day: date = DAY, text: str = "entry") -> None:
    values = [f"{text} {first + n}".encode() for n in range(count)]
    spool.append(day, first, spool.record(day, first, values))


def kept(spool: Spool, first: int = 0) -> list[int]:
    found = list(spool.read(first))
    assert all(value.decode().endswith(f" {seq}") for seq, value in found)
    return [seq for seq, _ in found]


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_what_was_added_is_read_from_any_entry_on(tmp_path: Path) -> None:
    spool = new(tmp_path / "s")
    assert spool.open() == 0
    for first, count in ((0, 3), (3, 1), (4, 10)):
        add(spool, first, count)
    assert spool.open() == 14
    for first in range(15):
        assert kept(spool, first) == list(range(first, 14))


def test_after_a_cut_at_any_byte_every_whole_record_is_there(tmp_path: Path) -> None:
    spool = new(tmp_path / "s")
    spool.open()
    ends: dict[int, int] = {}
    for first, count in ((0, 3), (3, 2), (5, 4)):
        add(spool, first, count)
        ends[files(tmp_path / "s")[0].stat().st_size] = first + count
    whole = files(tmp_path / "s")[0].read_bytes()
    for at in range(len(whole) + 1):
        path = files(tmp_path / "s")[0] if files(tmp_path / "s") else tmp_path / "s" / f"{DAY}-{0:016}.spool"
        path.write_bytes(whole[:at])
        expected = max((end for size, end in ends.items() if size <= at), default=0)
        assert spool.open() == expected
        assert kept(spool) == list(range(expected))


def test_a_record_whose_pages_never_reached_the_disk_is_dropped(tmp_path: Path) -> None:
    spool = new(tmp_path / "s")
    add(new_folder(spool, tmp_path), 0, 3)
    sound = files(tmp_path / "s")[0].stat().st_size
    add(spool, 3, 3)
    path = files(tmp_path / "s")[0]
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: sound + 20] + bytes(size - sound - 20))
    assert spool.open() == 3
    assert path.stat().st_size == sound


def new_folder(spool: Spool, tmp_path: Path) -> Spool:
    spool.open()
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700
    return spool


def test_nothing_of_an_entry_can_be_read_without_the_key(tmp_path: Path) -> None:
    spool = new(tmp_path / "s")
    spool.open()
    add(spool, 0, 3, text="operator:s01")
    assert b"operator" not in files(tmp_path / "s")[0].read_bytes()
    assert new(tmp_path / "s", Register.FUHYO).open() == 0


def test_each_day_has_its_file_and_old_ones_go(tmp_path: Path) -> None:
    spool = new(tmp_path / "s")
    spool.open()
    for n in range(5):
        add(spool, n * 2, 2, day=DAY + timedelta(days=n))
    assert len(files(tmp_path / "s")) == 5
    spool.prune(DAY + timedelta(days=2))
    assert kept(spool) == list(range(4, 10))
    spool.prune(DAY + timedelta(days=50))
    assert kept(spool) == [8, 9]


def test_what_was_not_committed_is_cut_off_at_its_beginning_only(tmp_path: Path) -> None:
    spool = new(tmp_path / "s")
    spool.open()
    for n in range(3):
        add(spool, n * 2, 2, day=DAY + timedelta(days=n))
    spool.cut(6)
    assert kept(spool) == list(range(6))
    with pytest.raises(IntegrityError, match=r"spool\.other_log"):
        spool.cut(3)
    spool.cut(2)
    assert kept(spool) == [0, 1]
    assert spool.open() == 2
    spool.cut(0)
    assert files(tmp_path / "s") == []


NUMBERS = itertools.count()


class Segments(RuleBasedStateMachine):
    """A spool beside a list, through cuts, kills in the middle of a record, and days."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(os.environ["PYTEST_SPOOL"]) / str(next(NUMBERS))
        self.spool, self.entries, self.bounds, self.day = new(self.folder), list[bytes](), [0], DAY
        self.spool.open()

    @rule(values=st.lists(st.binary(max_size=40), min_size=1, max_size=5))
    def append(self, values: list[bytes]) -> None:
        self.spool.append(self.day, len(self.entries), self.spool.record(self.day, len(self.entries), values))
        self.entries += values
        self.bounds.append(len(self.entries))

    @rule(days=st.integers(1, 3))
    def wait(self, days: int) -> None:
        self.day += timedelta(days=days)

    @rule(back=st.integers(0, 3))
    def cut(self, back: int) -> None:
        end = self.bounds[max(0, len(self.bounds) - 1 - back)]
        self.spool.cut(end)
        del self.entries[end:]
        self.bounds = [bound for bound in self.bounds if bound <= end]

    @precondition(lambda self: self.entries)
    @rule(lost=st.integers(1, 15))
    def killed_while_it_writes(self, lost: int) -> None:
        record = self.spool.record(self.day, len(self.entries), [b"never"])
        self.spool.append(self.day, len(self.entries), record[:-lost])
        self.spool = new(self.folder)
        assert self.spool.open() == len(self.entries)

    @invariant()
    def the_same(self) -> None:
        assert [value for _, value in self.spool.read(0)] == self.entries


def test_segments_are_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_SPOOL", str(tmp_path))
    run_state_machine_as_test(
        Segments, settings=settings(max_examples=30, stateful_step_count=25, deadline=None)
    )


# In a whole register.


@pytest.fixture
async def spooled(honnin: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A register whose spool is level."""
    monkeypatch.setattr(spooling, "LOOK", 0.02)
    await honnin.stop()
    honnin.config = msgspec.structs.replace(honnin.config, spool=Spooled(folder=tmp_path / "second"))
    await honnin.start()
    await level(honnin)
    return honnin


async def level(bench: Bench) -> None:
    async with asyncio.timeout(10):
        while bench.open.spooling is None or bench.open.spooling.code:
            await asyncio.sleep(0.01)


async def truth(bench: Bench) -> list[bytes]:
    return [value for _, value in await bench.open.engine.scan(Table.LOG, limit=10_000)]


def copy_of(bench: Bench) -> list[bytes]:
    given = bench.config.spool
    assert given is not None
    spool = Spool(given.folder, bench.config.register, bench.open.journal.sealer)
    return [value for _, value in spool.read(0)]


async def log(bench: Bench, count: int) -> None:
    await asyncio.gather(*(bench.open.writer.log(ACT) for _ in range(count)))


async def test_what_anybody_was_told_of_is_on_the_second_disk(spooled: Bench) -> None:
    for count in (1, 30, 2):
        await log(spooled, count)
        assert copy_of(spooled) == await truth(spooled)
    assert len(copy_of(spooled)) == 33


async def test_what_was_there_before_is_caught_up(
    honnin: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling, "LOOK", 0.02)
    monkeypatch.setattr(spooling, "BATCH", 7)
    monkeypatch.setattr(spooling, "CLOSE", 10)
    await log(honnin, 40)
    await honnin.stop()
    honnin.config = msgspec.structs.replace(honnin.config, spool=Spooled(folder=tmp_path / "second"))
    await honnin.start()
    await asyncio.gather(level(honnin), log(honnin, 20))
    await log(honnin, 1)
    assert copy_of(honnin) == await truth(honnin)
    assert len(copy_of(honnin)) == 61


async def test_a_group_that_came_to_nothing_leaves_nothing(
    spooled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, apply = spooled.open.engine, spooled.open.engine.apply

    async def fail(changes: Any) -> None:
        raise OSError(errno.EIO, "disk")

    monkeypatch.setattr(engine, "apply", fail)
    with pytest.raises(Exception, match="cannot_write"):
        await log(spooled, 1)
    monkeypatch.setattr(engine, "apply", apply)
    # Others take the numbers of those that never were, before the spool knows.
    await log(spooled, 3)
    await level(spooled)
    await log(spooled, 1)
    assert copy_of(spooled) == await truth(spooled)
    assert len(copy_of(spooled)) == 4


async def test_a_kill_between_the_two_disks_leaves_nothing(spooled: Bench) -> None:
    await log(spooled, 2)
    given = spooled.config.spool
    assert given is not None
    spool = Spool(given.folder, spooled.config.register, spooled.open.journal.sealer)
    today = date(2026, 11, 24)
    spool.append(today, 2, spool.record(today, 2, [b"never committed"] * 3))
    await spooled.stop()
    await spooled.start()
    await log(spooled, 5)
    await level(spooled)
    assert copy_of(spooled) == await truth(spooled)


async def test_a_second_disk_that_is_away_stops_nothing_and_is_caught_up(
    spooled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Spool.append

    def fail(spool: Spool, day: date, first: int, record: bytes) -> None:
        append(spool, day, first, record[: len(record) // 2])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Spool, "append", fail)
    await log(spooled, 3)
    state = spooled.open.spooling
    assert state is not None
    assert (state.code, state.away) == ("spool.away", True)
    await log(spooled, 3)
    monkeypatch.setattr(Spool, "append", append)
    await level(spooled)
    assert not state.away
    assert copy_of(spooled) == await truth(spooled)
    await log(spooled, 1)
    assert len(copy_of(spooled)) == 7


async def test_a_second_disk_that_never_answers_stops_nothing(
    spooled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling, "DEADLINE", 0.1)
    answer, append = threading.Event(), Spool.append

    def hang(spool: Spool, day: date, first: int, record: bytes) -> None:
        answer.wait(20)
        append(spool, day, first, record)

    monkeypatch.setattr(Spool, "append", hang)
    await log(spooled, 2)
    state = spooled.open.spooling
    assert state is not None
    assert state.code == "spool.silent"
    await log(spooled, 2)
    # What it writes in the end is about entries that are long in the log.
    monkeypatch.setattr(Spool, "append", append)
    answer.set()
    await level(spooled)
    assert copy_of(spooled) == await truth(spooled)


async def test_the_copy_of_another_log_is_not_used_and_not_touched(spooled: Bench) -> None:
    await log(spooled, 3)
    await spooled.stop()
    given = spooled.config.spool
    assert given is not None
    for path in files(given.folder):
        path.unlink()
    keys = Keyring()
    keys.add(await spooled.service.unwrap(["log.2026"]))
    other = Spool(given.folder, spooled.config.register, Sealer(keys))
    other.open()
    today = date(2026, 11, 24)
    other.append(today, 0, other.record(today, 0, [b"of another log"] * 2))
    before = files(given.folder)[0].read_bytes()
    await spooled.start()
    state = spooled.open.spooling
    assert state is not None
    async with asyncio.timeout(10):
        while state.code != "spool.other_log":
            await asyncio.sleep(0.01)
    await log(spooled, 1)
    assert files(given.folder)[0].read_bytes() == before


async def test_an_entry_that_is_sealed_anew_is_not_new(spooled: Bench) -> None:
    await log(spooled, 3)

    key = (1).to_bytes(8, "big")
    place, sealer = Place(Register.HONNIN, Table.LOG, key), spooled.open.store.sealer

    async def work(draft: Draft) -> None:
        leaf, sealed = leaf_of((await draft.get_many(Table.LOG, [key]))[key])
        anew = sealer.seal(classes.log(DAY), place, sealer.open(place, sealed))
        draft.put(Table.LOG, key, msgspec.msgpack.encode((leaf, anew)))

    await spooled.open.writer.write(work)
    assert len(copy_of(spooled)) == 3
    await log(spooled, 1)
    assert len(copy_of(spooled)) == 4


async def test_old_segments_go(spooled: Bench, tmp_path: Path) -> None:
    await log(spooled, 1)
    for _ in range(3):
        spooled.clock.advance(timedelta(days=20))
        await log(spooled, 1)
    async with asyncio.timeout(10):
        while await asyncio.to_thread(lambda: len(files(tmp_path / "second"))) != 2:
            await asyncio.sleep(0.01)
    assert copy_of(spooled) == (await truth(spooled))[2:]
