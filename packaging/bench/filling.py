"""Taking everybody into a register that is empty, through the migration, with what that cost."""

import json
import sys
import time
from datetime import date
from pathlib import Path

from feed import fed
from memory import peak
from stage import Opened, opened

from daemon.clock import SystemClock
from daemon.commands.caller import Role
from daemon.commands.migration.migration import Migration
from daemon.commands.people import Account
from daemon.commands.setup import Setup, take_in
from daemon.contract.console import Affair

PASSWORD = "bench"  # noqa: S105 - of nobody
SEALED, PLAIN = "sealed", "plain"
"""The affairs of the bench: which of the two registers answers."""
PEOPLE = "people"
"""The file that holds everybody, in the folder of the register."""


def say(**words: object) -> None:
    """One line to whoever started this."""
    sys.stdout.write(json.dumps(words, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def feed_in(folder: Path) -> Path | None:
    """The file that holds everybody, if there is one."""
    file = folder / PEOPLE
    return file if file.exists() else None


async def load(folder: Path, words: tuple[str, ...]) -> None:
    """Take everybody in."""
    async with opened(folder) as register:
        await _introduce(register, date.fromisoformat(words[-1]))
        began = time.perf_counter()
        in_after, largest = 0.0, dict[str, int]()

        def progress(people: int, rows: int) -> None:
            nonlocal in_after
            in_after = time.perf_counter() - began
            _note(folder, largest)
            sys.stderr.write(f"\r{people:,} people, {rows:,} versions, {rows / in_after:,.0f} a second ")

        migration = Migration(
            register.parts.store, register.keyring, register.service, SystemClock(), progress=progress
        )
        with fed(feed_in(folder), words) as histories:
            totals = await migration.load(histories)
        took = time.perf_counter() - began
        sys.stderr.write("\n")
        say(
            people=totals.people,
            versions=totals.rows,
            warnings=totals.warnings.total(),
            seconds=round(took, 1),
            seconds_until_all_in=round(in_after, 1),
            versions_per_second=round(totals.rows / took),
            microseconds_of_cpu_per_version=_spent(totals.rows),
            peak_memory=peak(),
            largest_wal=largest,
        )


def _spent(versions: int) -> dict[str, int]:
    """CPU time since the start: of the thread that computes, and of those that write."""
    main, whole = time.thread_time(), time.process_time()
    return {
        "main": round(main / versions * 1_000_000),
        "writing": round((whole - main) / versions * 1_000_000),
    }


def _note(folder: Path, largest: dict[str, int]) -> None:
    """How large the WALs have become."""
    for file in folder.glob("*-wal"):
        largest[file.name] = max(largest.get(file.name, 0), file.stat().st_size)


async def _introduce(register: Opened, day: date) -> None:
    """Give the register the one operator and the affairs of the bench."""
    parts = register.parts
    affairs = [
        Affair(
            id=name, title="測定", basis="住基法30条の15第1項1号", number=True, code=True,
            valid_from=day, valid_until=date(day.year + 1, 12, 31),
        )
        for name in (SEALED, PLAIN)
    ]  # fmt: skip
    account = Account(
        id="bench", name="測定", department="市町課", roles=[Role.OPERATOR], affairs=[one.id for one in affairs],
        password=parts.people._hasher.hash(PASSWORD),  # noqa: SLF001
    )  # fmt: skip
    await take_in(Setup(affairs, [account]), parts.engine, parts.writer, parts.people)
