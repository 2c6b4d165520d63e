"""日報: what was done on a day, the checkpoints of its hours, and a note that the verifier takes as kept."""

from base64 import b64decode
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from rich.cells import cell_len

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.verify.faults import VerificationError
from daemon.clock import JST
from daemon.commands.caller import Caller, Role
from daemon.contract.daily import LOG_DAY, DailyReport, DayQuery
from daemon.contract.note import Checkpoint, split
from daemon.errors import AuthorityError, InputError
from tests.audit.exporting import taken
from tests.audit.exports import checked
from tests.commands.notices.test_notices import entries
from tests.commands.reading.auditing import AUDITOR, searched, stopped
from tests.conftest import Bench
from tests.tui.fake_daemon import STATUS
from tui import daily_output
from tui.words import Lang, Words

FIRST = date(2026, 11, 24)


async def report(bench: Bench, day: date | None = None, *, caller: Caller = AUDITOR) -> DailyReport:
    made: DailyReport = await bench.open.desk.handlers[LOG_DAY](caller, DayQuery(day=day))
    return made


async def until(bench: Bench, hour: int, minute: int = 0, *, day: date = FIRST) -> None:
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=JST)
    bench.clock.advance(moment - bench.clock.now())


@pytest.fixture
async def busy(honnin: Bench) -> Bench:
    """Three acts in two hours of the first day (it begins at noon), and one on the second."""
    for hour, minute, act in ((12, 10, searched(0, 1)), (12, 50, searched(0, 1)), (15, 0, stopped(0, 1))):
        await until(honnin, hour, minute)
        await honnin.open.writer.log(act)
        await honnin.open.signer.sign()
    await until(honnin, 0, 5, day=FIRST + timedelta(days=1))
    await honnin.open.writer.log(searched(0, 1))
    await honnin.open.signer.sign()
    return honnin


async def test_a_day_has_its_own_figures_and_the_last_checkpoint_of_each_hour(busy: Bench) -> None:
    made = await report(busy, FIRST)
    assert (made.day, made.first, made.end, str(made.register)) == (FIRST, 0, 3, "honnin")
    assert [(each.action, each.ok, each.refused) for each in made.figures] == [
        ("search.done", 2, 0), ("service.stopped", 1, 0)
    ]  # fmt: skip
    hours = [(each.signed.astimezone(JST).strftime("%H:%M"), each.size) for each in made.checkpoints]
    assert hours == [("12:50", 2), ("15:00", 3)]
    last = Checkpoint.parse(split(made.note)[0])
    assert (last.size, last.root) == (3, b64decode(made.checkpoints[-1].root))


async def test_the_next_day_is_asked_for_by_saying_nothing(busy: Bench) -> None:
    made = await report(busy)
    assert (made.day, made.first, made.end) == (FIRST + timedelta(days=1), 3, 4)
    assert [each.size for each in made.checkpoints] == [4]


async def test_a_day_without_an_entry_has_the_checkpoints_that_were_signed_on_it(busy: Bench) -> None:
    await until(busy, 9, day=FIRST + timedelta(days=5))
    await busy.open.signer.sign()
    made = await report(busy)
    assert (made.first, made.end, made.figures) == (0, 0, [])
    assert [each.size for each in made.checkpoints] == [4]
    quiet = await report(busy, FIRST + timedelta(days=3))
    assert (quiet.end, quiet.checkpoints, quiet.note) == (0, [], "")


async def test_what_was_printed_is_what_an_auditor_kept(busy: Bench, tmp_path: Path) -> None:
    made = await report(busy, FIRST)
    paper = tmp_path / "paper.txt"
    paper.write_text(made.note, "utf-8")
    (key,) = made.keys
    assert key.fingerprint == sha256(b64decode(key.public)).hexdigest()
    verified = checked(await taken(busy, tmp_path / "export"), paper, key.fingerprint)
    assert (verified.known, verified.known_open) == (1, [])


async def test_a_sheet_of_paper_typed_in_again_is_the_same_checkpoint(busy: Bench, tmp_path: Path) -> None:
    made = await report(busy, FIRST)
    lines = daily_output.sheet(made, STATUS, Words(Lang.JA)).splitlines()
    assert max(map(cell_len, lines)) <= daily_output.WIDTH
    begins = lines.index(made.note.splitlines()[0])
    ends = next(at for at in range(begins, len(lines)) if "____" in lines[at])
    typed = lines[begins:ends]
    assert any(line.startswith("  ") for line in typed)
    while not typed[-1]:
        typed.pop()
    paper = tmp_path / "paper.txt"
    paper.write_text("".join(f"{line}\n" for line in typed), "utf-8")
    export = await taken(busy, tmp_path / "export")
    verified = checked(export, paper, made.keys[0].fingerprint)
    assert (verified.known, verified.known_open) == (1, [])
    # One wrong character is seen.
    at = next(place for place, line in enumerate(typed) if line.startswith("  "))
    other = "B" if typed[at][4] == "A" else "A"
    typed[at] = typed[at][:4] + other + typed[at][5:]
    paper.write_text("".join(f"{line}\n" for line in typed), "utf-8")
    with pytest.raises(VerificationError):
        checked(export, paper, made.keys[0].fingerprint)


@pytest.mark.parametrize("role", Role)
async def test_who_may_have_it(busy: Bench, role: Role) -> None:
    caller = replace(AUDITOR, roles=frozenset({role}))
    if role in {Role.AUDITOR, Role.OFFICER, Role.CHIEF, Role.ADMINISTRATOR}:
        await report(busy, FIRST, caller=caller)
        last = (await entries(busy))[-1].header
        assert (last.action, last.counts) == (Action.LOG_DAY_SHOWN, {"day": 20261124, "checkpoints": 2})
    else:
        with pytest.raises(AuthorityError, match=r"right\.missing"):
            await report(busy, FIRST, caller=caller)
        last = (await entries(busy))[-1].header
        assert (last.action, last.outcome, last.code) == (
            Action.LOG_VIEW_REFUSED, Outcome.REFUSED, "right.missing"
        )  # fmt: skip


async def test_a_day_that_has_not_come_is_refused(busy: Bench) -> None:
    with pytest.raises(InputError, match=r"log\.day_ahead"):
        await report(busy, FIRST + timedelta(days=2))
    assert (await entries(busy))[-1].header.code == "log.day_ahead"
