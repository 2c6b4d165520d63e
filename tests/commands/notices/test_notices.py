"""更新: what a batch of notices does to rows, log, outbox and projection, and what a refused one leaves."""

from collections import Counter
from datetime import timedelta

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.audit.entry import Opened, opened
from daemon.audit.journal import leaf_of, sequence
from daemon.commands.notices.receiving import Broken
from daemon.contract.peer import FuhyoNotice, HonninNotice, Notice, Outcome, Verdict
from daemon.crypto.seal import Place, class_of
from daemon.errors import InputError, StateError
from daemon.register.rows import HonninRecord, RegisterDate
from daemon.register.transitions import Standing
from daemon.store.engine import Table
from tests.conftest import Bench
from tests.register.people import FUHYO, HONNIN

SENDER = HONNIN.municipality
TODAY = 20261124
DAY = RegisterDate("20261124", "5")
MOVED = replace(HONNIN, reason="31", event_date=DAY, address="山口県山口市滝町２番２号")


def notice(name: str, record: HonninRecord = HONNIN, seq: int = 1) -> HonninNotice:
    return HonninNotice(id=name, sender_seq=seq, record=record)


async def send(bench: Bench, *notices: Notice | Broken, sender: str = SENDER) -> list[Verdict]:
    return await bench.open.notices.receive(sender, notices)


async def entries(bench: Bench) -> list[Opened]:
    """Every entry of the log with its sealed fields opened and their commitments checked."""
    stored = await bench.open.engine.scan(Table.LOG, limit=10_000)
    sealer = bench.open.people._sealer
    result = []
    for key, value in stored:
        leaf, sealed = leaf_of(value)
        result.append(opened(leaf, sealer.open(Place(bench.config.register, Table.LOG, key), sealed)))
    return result


async def size(bench: Bench, table: Table) -> int:
    return await bench.open.engine.count(table)


async def test_a_new_person_is_a_row_an_entry_and_a_message(honnin: Bench) -> None:
    (verdict,) = await send(honnin, notice("n1"))
    assert (verdict.outcome, verdict.serial, verdict.id) == (Outcome.APPLIED, 1, "n1")
    assert [await size(honnin, table) for table in (Table.ROWS, Table.OUTBOX, Table.LOG)] == [1, 1, 1]
    (entry,) = await entries(honnin)
    assert (entry.header.action, entry.header.actor) == (Action.NOTICE_APPLIED, f"CS:{SENDER}")
    assert entry.fields["subject"].value == HONNIN.juminhyo_code
    posting = honnin.open.post.posting
    ((_, waiting),) = await posting.outbox.messages(9)
    sent = (await posting.updates.rows([waiting.row]))[waiting.row].row
    assert (sent.name, sent.serial, waiting.sender) == (HONNIN.name, 1, SENDER)
    assert await honnin.open.index.count((Standing.PRESENT,), TODAY) == 1


async def test_a_move_reseals_the_row_before_it_into_the_year_of_its_end(honnin: Bench) -> None:
    await send(honnin, notice("n1"))
    ((first, before),) = await honnin.open.engine.scan(Table.ROWS, limit=9)
    await send(honnin, notice("n2", MOVED, seq=2))
    rows = dict(await honnin.open.engine.scan(Table.ROWS, limit=9))
    assert class_of(before) == "live.1"
    assert class_of(rows[first]) == "expire.2176"
    assert Counter(class_of(sealed) for sealed in rows.values()) == {"live.1": 1, "expire.2176": 1}
    assert await honnin.open.index.count((Standing.PRESENT,), TODAY) == 1


async def test_the_same_notice_again_is_answered_and_changes_nothing(honnin: Bench) -> None:
    await send(honnin, notice("n1"), notice("n2", MOVED, seq=2))
    again = await send(honnin, notice("n1"), notice("n2", MOVED, seq=2))
    assert [(verdict.outcome, verdict.serial) for verdict in again] == [
        (Outcome.DUPLICATE, 1),
        (Outcome.DUPLICATE, 2),
    ]
    assert [await size(honnin, table) for table in (Table.ROWS, Table.OUTBOX)] == [2, 2]


async def test_twice_in_one_batch_counts_once(honnin: Bench) -> None:
    first, second = await send(honnin, notice("n1"), notice("n1"))
    assert (first.outcome, second.outcome) == (Outcome.APPLIED, Outcome.DUPLICATE)
    assert await size(honnin, Table.OUTBOX) == 1


async def test_an_id_used_again_for_something_else_is_refused(honnin: Bench) -> None:
    await send(honnin, notice("n1"))
    (verdict,) = await send(honnin, notice("n1", MOVED))
    assert (verdict.outcome, verdict.code) == (Outcome.REFUSED, "notice.id_reused")
    assert await size(honnin, Table.ROWS) == 1


async def test_the_same_id_of_another_municipality_is_another_notice(honnin: Bench) -> None:
    other = replace(HONNIN, juminhyo_code="24846016224", kojin_bango="987654321093", municipality="35201")
    await send(honnin, notice("n1"))
    (verdict,) = await send(honnin, notice("n1", other), sender="35201")
    assert verdict.outcome is Outcome.APPLIED


async def test_one_bad_notice_does_not_stop_its_neighbours(honnin: Bench) -> None:
    wrong = replace(HONNIN, juminhyo_code="24727059609")
    other = replace(HONNIN, juminhyo_code="24846016224", kojin_bango="")
    verdicts = await send(
        honnin,
        notice("a"),
        notice("b", wrong),
        Broken("c", InputError("json.wrong_shape", field="record.name")),
        notice("d", replace(other, reason="12")),
    )
    assert [verdict.outcome for verdict in verdicts] == [
        Outcome.APPLIED, Outcome.REFUSED, Outcome.REFUSED, Outcome.APPLIED,
    ]  # fmt: skip
    assert [(verdict.code, verdict.field) for verdict in verdicts[1:3]] == [
        ("record.bad_juminhyo_code", "juminhyo_code"), ("json.wrong_shape", "record.name"),
    ]  # fmt: skip
    assert verdicts[1].ja
    assert verdicts[1].en
    refusals = [entry for entry in await entries(honnin) if entry.header.action is Action.NOTICE_REFUSED]
    assert [entry.header.code for entry in refusals] == ["record.bad_juminhyo_code", "json.wrong_shape"]
    assert await size(honnin, Table.ROWS) == 2


async def test_another_municipalitys_resident_is_refused_and_logged(honnin: Bench) -> None:
    (verdict,) = await send(honnin, notice("n1"), sender="35201")
    assert (verdict.outcome, verdict.code) == (Outcome.REFUSED, "notice.wrong_sender")
    assert [await size(honnin, table) for table in (Table.ROWS, Table.OUTBOX, Table.NOTICES)] == [0, 0, 0]
    assert await size(honnin, Table.LOG) == 1


async def test_a_refused_notice_may_come_again_and_be_applied(honnin: Bench) -> None:
    await send(honnin, notice("n1"))
    tomorrow = replace(MOVED, event_date=RegisterDate("20261125", "5"))
    (early,) = await send(honnin, notice("n2", tomorrow, seq=2))
    honnin.clock.advance(timedelta(days=1))
    (late,) = await send(honnin, notice("n2", tomorrow, seq=2))
    assert (early.code, late.outcome, late.serial) == ("reason.date_in_future", Outcome.APPLIED, 2)


async def test_a_whole_life(honnin: Bench) -> None:
    birth = replace(HONNIN, reason="13", birth=DAY, event_date=DAY, kojin_bango="")
    died = replace(birth, reason="23")
    verdicts = await send(honnin, notice("1", birth), notice("2", died, seq=2), notice("3", MOVED, seq=3))
    assert [verdict.outcome for verdict in verdicts] == [Outcome.APPLIED, Outcome.APPLIED, Outcome.REFUSED]
    assert await honnin.open.index.count((Standing.DEAD,), TODAY) == 1
    rows = dict(await honnin.open.engine.scan(Table.ROWS, limit=9))
    assert {class_of(sealed) for sealed in rows.values()} == {"expire.2176"}


async def test_move_between_municipalities(honnin: Bench) -> None:
    out = replace(HONNIN, reason="21", event_date=DAY)
    into = replace(HONNIN, municipality="35201", address="山口県下関市南部町１番１号", event_date=DAY)
    await send(honnin, notice("1"), notice("2", out, seq=2))
    (verdict,) = await send(honnin, notice("1", into), sender="35201")
    assert (verdict.outcome, verdict.serial) == (Outcome.APPLIED, 3)


async def test_fuhyo_takes_its_own_eighteen_items(fuhyo: Bench) -> None:
    entered = FuhyoNotice(id="f1", sender_seq=1, record=FUHYO)
    struck = FuhyoNotice(id="f2", sender_seq=2, record=replace(FUHYO, notice_kind="2", event_date=DAY))
    verdicts = await send(fuhyo, entered, struck, FuhyoNotice(id="f3", sender_seq=3, record=struck.record))
    assert [verdict.outcome for verdict in verdicts] == [Outcome.APPLIED, Outcome.APPLIED, Outcome.REFUSED]
    assert verdicts[2].code.startswith("reason.")


async def test_what_was_acknowledged_is_there_after_reopening(honnin: Bench) -> None:
    await send(honnin, notice("n1"), notice("n2", MOVED, seq=2))
    tree = honnin.open.journal.tree
    await honnin.stop()
    await honnin.start()
    assert honnin.open.journal.tree == tree
    (verdict,) = await send(honnin, notice("n2", MOVED, seq=2))
    assert verdict.outcome is Outcome.DUPLICATE


async def test_a_commit_that_failed_leaves_no_trace_in_the_projection_either(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: object) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as broken:
        broken.setattr(honnin.open.engine, "apply", full)
        with pytest.raises(StateError, match=r"store\.cannot_write"):
            await send(honnin, notice("n1"))
    assert await honnin.open.index.latest([HONNIN.juminhyo_code]) == {}
    (verdict,) = await send(honnin, notice("n1"))
    assert (verdict.outcome, verdict.serial) == (Outcome.APPLIED, 1)
    assert await honnin.open.index.count((Standing.PRESENT,), TODAY) == 1


async def test_nobody_has_to_wait_for_the_token(honnin: Bench) -> None:
    honnin.service.token.away = True
    (verdict,) = await send(honnin, notice("n1"))
    assert verdict.outcome is Outcome.APPLIED


async def test_no_header_says_who(honnin: Bench) -> None:
    await send(honnin, notice("n1"), notice("n2", MOVED, seq=2), notice("n3", MOVED, seq=2))
    for seq in range(await size(honnin, Table.LOG)):
        stored = await honnin.open.engine.get_many(Table.LOG, [sequence(seq)])
        leaf, _ = leaf_of(stored[sequence(seq)])
        for secret in (HONNIN.name, HONNIN.juminhyo_code, HONNIN.kojin_bango, HONNIN.kana, "n1", "滝町"):
            assert secret.encode() not in leaf


@pytest.mark.parametrize("field", ["name", "kana", "address"])
async def test_items_come_back_exactly_as_sent(honnin: Bench, field: str) -> None:
    value = {"name": "髙﨑　𠮷子", "kana": "たかさき　よしこ", "address": "山口県山口市滝町１番１号　○○号室"}[
        field
    ]
    await send(honnin, notice("n1", replace(HONNIN, **{field: value})))
    where = (await honnin.open.index.latest([HONNIN.juminhyo_code]))[HONNIN.juminhyo_code]
    (stored,) = await honnin.open.reader.history(where.person)
    assert getattr(stored.row, field) == value
