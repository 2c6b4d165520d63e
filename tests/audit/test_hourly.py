"""The hourly checkpoint in the machine's journal: which one, how often, and what happens where there is no journal."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.checkpoints import Signed
from daemon.audit.hourly import Hourly
from tests.audit.exporting import taken
from tests.audit.exports import ENTRIES, check, fault, rewrite
from tests.conftest import Bench


class Journal:
    """Takes what it is told, if it is there."""

    def __init__(self) -> None:
        self.there = True
        self.slow = 0.0
        self.begun = 0
        self.told: list[Signed] = []

    def __call__(self, signed: Signed) -> bool:
        self.begun += 1
        time.sleep(self.slow)
        self.told.append(signed)
        return self.there

    @property
    def sizes(self) -> list[int]:
        return [one.size for one in self.told]


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def hourly(honnin: Bench, journal: Journal) -> Hourly:
    return Hourly(honnin.open.engine, honnin.clock, journal)


async def grow(bench: Bench) -> None:
    """One entry more, signed."""
    await bench.open.writer.log(Act(Action.KEY_MADE, "test", counts={"keys": 1}))
    assert await bench.open.signer.sign()


async def test_the_newest_is_told_at_the_first_look_of_each_hour(
    honnin: Bench, hourly: Hourly, journal: Journal
) -> None:
    await hourly.look()
    assert journal.told == [], "nothing is signed yet"
    for _ in range(181):
        await grow(honnin)
        await hourly.look()
        honnin.clock.advance(timedelta(minutes=1))
    assert journal.sizes == [1, 61, 121, 181]
    assert journal.told[-1].text.splitlines()[1] == b"181"


async def test_what_the_journal_has_is_held_against_a_later_export(
    honnin: Bench, hourly: Hourly, journal: Journal, tmp_path: Path
) -> None:
    """As `journalctl -o cat` prints it (tests/test_journal.py): each note, and an empty line."""
    for _ in range(3):
        await grow(honnin)
        await hourly.look()
        honnin.clock.advance(timedelta(hours=1))
    kept = tmp_path / "kept.txt"
    kept.write_text("".join(f"{one.note}\n" for one in journal.told), "utf-8")
    folder = await taken(honnin, tmp_path / "export")
    assert check(folder, kept).known == 3
    lines = (folder / ENTRIES).read_text("utf-8").splitlines()
    changed = [lines[0].replace('\\"keys\\":1', '\\"keys\\":2'), *lines[1:]]
    assert changed != lines
    rewrite(folder, ENTRIES, changed)
    assert fault(folder, kept)


async def test_a_quiet_log_is_told_too(honnin: Bench, hourly: Hourly, journal: Journal) -> None:
    await grow(honnin)
    for _ in range(3):
        await hourly.look()
        honnin.clock.advance(timedelta(hours=1))
        await honnin.open.signer.sign()
    assert journal.sizes == [1, 1, 1]
    assert len({one.note for one in journal.told}) == 3, "signed anew each hour"


async def test_without_a_journal_that_is_said_once_and_nothing_breaks(
    honnin: Bench, hourly: Hourly, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    journal.there = False
    for hour in range(5):
        journal.there = hour == 3
        await grow(honnin)
        await hourly.look()
        honnin.clock.advance(timedelta(hours=1))
    said = [record.message for record in caplog.records if record.name == "daemon.audit.hourly"]
    assert said == ["no journal takes checkpoints here"] * 2, "again only after it was there"
    assert journal.sizes == [1, 2, 3, 4, 5]


async def test_a_journal_that_hangs_holds_nothing_up_and_is_told_when_it_is_back(
    honnin: Bench, hourly: Hourly, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.audit.hourly.DEADLINE", 0.05)
    journal.slow = 0.5
    await grow(honnin)
    for _ in range(3):
        began = time.monotonic()
        await hourly.look()
        assert time.monotonic() - began < 0.4
    assert journal.begun == 1, "one thread, however often it is looked"
    monkeypatch.setattr("daemon.audit.hourly.DEADLINE", 10.0)
    await hourly.look()
    assert journal.sizes == [1]
    honnin.clock.advance(timedelta(hours=1))
    await grow(honnin)
    await hourly.look()
    assert journal.sizes == [1, 2]
