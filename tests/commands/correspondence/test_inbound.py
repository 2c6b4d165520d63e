"""What the national server asks: an error report is taken down once, told to whoever keeps the record, and changes no row."""

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.contract.inbound import ErrorOutcome, ErrorReport, ErrorTaken
from daemon.contract.reports import ReportKind, ReportsAfter, Told
from daemon.errors import ConflictError, InputError
from daemon.store.engine import Table
from tests.commands.notices.test_notices import MOVED, entries, notice, send, size
from tests.conftest import Bench
from tests.peers.nation import code
from tests.register.people import HONNIN, OTHER_CITY

WRONG = ErrorReport(
    id="kikou-1", code=HONNIN.juminhyo_code, serial=1, items=["name", "kana"], words="氏名の字が違う"
)


async def report(bench: Bench, wrong: ErrorReport = WRONG) -> ErrorTaken:
    return await bench.open.post.inbound.error("zenkoku", wrong)


async def told(bench: Bench, municipality: str = HONNIN.municipality) -> list[Told]:
    return (await bench.open.post.reports.fetch(municipality, ReportsAfter())).reports


async def test_the_municipality_that_keeps_the_record_is_told_and_no_row_changes(honnin: Bench) -> None:
    await send(honnin, notice("n1"))
    rows = await honnin.open.engine.scan(Table.ROWS, limit=9)
    answer = await report(honnin)
    assert answer == ErrorTaken(outcome=ErrorOutcome.TAKEN, municipality=HONNIN.municipality)
    (one,) = await told(honnin)
    assert (one.kind, one.law) == (ReportKind.ERROR, "住基法30条の8")
    assert (one.subject, one.serial, one.items) == (WRONG.code, 1, WRONG.items)
    assert (one.reference, one.words) == (WRONG.id, WRONG.words)
    assert await told(honnin, OTHER_CITY) == []
    assert await honnin.open.engine.scan(Table.ROWS, limit=9) == rows
    assert await size(honnin, Table.OUTBOX) == 1


async def test_it_is_in_the_log_with_nothing_of_it_in_the_clear(honnin: Bench) -> None:
    await send(honnin, notice("n1"))
    await report(honnin)
    (entry,) = [entry for entry in await entries(honnin) if entry.header.action is Action.NATIONAL_ERROR]
    assert (entry.header.actor, entry.header.counts) == ("zenkoku", {"known": 1})
    assert entry.fields["subject"].value == WRONG.code
    assert entry.fields["words"].value == WRONG.words


async def test_after_a_move_the_new_municipality_is_told(honnin: Bench) -> None:
    gone = replace(HONNIN, reason="21", event_date=MOVED.event_date)
    come = replace(HONNIN, reason="11", event_date=MOVED.event_date, municipality=OTHER_CITY)
    await send(honnin, notice("n1"), notice("n2", gone, 2))
    await send(honnin, notice("n3", come, 1), sender=OTHER_CITY)
    assert (await report(honnin)).municipality == OTHER_CITY


async def test_an_old_code_still_names_the_record(honnin: Bench) -> None:
    renamed = replace(HONNIN, juminhyo_code=code(1), reason="51", event_date=MOVED.event_date)
    await send(honnin, notice("n1"), replace(notice("n2", renamed, 2), old_code=HONNIN.juminhyo_code))
    assert (await report(honnin)).municipality == HONNIN.municipality
    (one,) = await told(honnin)
    assert one.subject == HONNIN.juminhyo_code


async def test_the_same_report_again_is_answered_and_counts_once(honnin: Bench) -> None:
    await send(honnin, notice("n1"))
    await report(honnin)
    await honnin.stop()
    await honnin.start()
    again = await report(honnin)
    assert again == ErrorTaken(outcome=ErrorOutcome.DUPLICATE, municipality=HONNIN.municipality)
    assert len(await told(honnin)) == 1
    with pytest.raises(ConflictError, match=r"national\.id_reused"):
        await report(honnin, replace(WRONG, items=["sex"]))


async def test_of_nobody_here_it_is_kept_and_told_to_nobody(honnin: Bench) -> None:
    answer = await report(honnin)
    assert answer == ErrorTaken(outcome=ErrorOutcome.TAKEN, municipality="")
    assert await size(honnin, Table.REPORTS) == 1
    assert honnin.open.post.reports.overdue() == 0


async def test_an_item_that_there_is_not(honnin: Bench) -> None:
    with pytest.raises(InputError, match=r"national\.unknown_item"):
        await report(honnin, replace(WRONG, items=["name", "hobby"]))
    assert await size(honnin, Table.REPORTS) == 0


async def test_each_register_knows_its_own_items(fuhyo: Bench) -> None:
    with pytest.raises(InputError, match=r"national\.unknown_item"):
        await report(fuhyo, replace(WRONG, items=["kojin_bango"]))
    assert (await report(fuhyo, replace(WRONG, items=["last_address"]))).outcome is ErrorOutcome.TAKEN
