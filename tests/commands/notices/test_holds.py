"""保留: a notice that waits for another one is applied by itself when that comes, in whatever order they came, or is given back."""

import dataclasses
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.commands.caller import Caller, Role
from daemon.contract.endpoint import Empty
from daemon.contract.holds import CancelHold
from daemon.contract.peer import FuhyoNotice, Notice, Outcome
from daemon.contract.reports import ReportKind, ReportsAfter
from daemon.errors import AuthorityError, ConflictError
from daemon.register.rows import HonninRecord, HonninRow
from daemon.register.transitions import Standing
from daemon.store.engine import Table
from tests.commands.notices.test_notices import DAY, MOVED, SENDER, TODAY, entries, notice, send, size
from tests.conftest import Bench
from tests.register.people import FUHYO, HONNIN

OTHER = "35201"
OUT = replace(HONNIN, reason="21", event_date=DAY)
INTO = replace(HONNIN, municipality=OTHER, address="山口県下関市南部町１番１号", event_date=DAY)
LAST = date(2026, 12, 8)


def clerk(name: str) -> Caller:
    return Caller(name, "名前", "市町課", frozenset({Role.CLERK}), {}, "T01")


async def newest(bench: Bench, code: str = HONNIN.juminhyo_code) -> HonninRow:
    (stored,) = await bench.open.reader.by_code(code, on=TODAY)
    assert isinstance(stored.row, HonninRow)
    return stored.row


async def held(bench: Bench) -> int:
    assert len(bench.open.holds.all()) == await size(bench, Table.HOLDS)
    return len(bench.open.holds.all())


async def reports(bench: Bench, to: str) -> list[tuple[ReportKind, str, str]]:
    page = await bench.open.post.reports.fetch(to, ReportsAfter())
    return [(told.kind, told.code, told.reference) for told in page.reports]


async def test_an_arrival_waits_for_the_departure_and_is_applied_by_it(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    (waits,) = await send(honnin, notice("in", INTO), sender=OTHER)
    assert (waits.outcome, waits.code, waits.until, waits.serial) == (
        Outcome.HELD,
        "hold.elsewhere",
        LAST,
        None,
    )
    assert (await newest(honnin)).municipality == SENDER
    assert await size(honnin, Table.OUTBOX) == 1, "nothing goes to the national server before it is applied"
    honnin.clock.advance(timedelta(days=3))
    (gone,) = await send(honnin, notice("2", OUT, seq=2))
    assert (gone.outcome, gone.serial) == (Outcome.APPLIED, 2)
    row = await newest(honnin)
    assert (row.municipality, row.serial, row.reason) == (OTHER, 3, "11")
    # Item 19 is the day on which it came first; the time stamp is that of the change.
    assert row.received_on == date(2026, 11, 24)
    assert row.updated_at == honnin.clock.now()
    assert (await held(honnin), await size(honnin, Table.OUTBOX)) == (0, 3)
    (again,) = await send(honnin, notice("in", INTO), sender=OTHER)
    assert (again.outcome, again.serial) == (Outcome.DUPLICATE, 3)
    applied = [one for one in await entries(honnin) if one.header.action is Action.NOTICE_APPLIED]
    assert [(one.header.actor, one.header.counts) for one in applied][-1] == (f"CS:{OTHER}", {"held": 1})


async def test_a_held_notice_that_comes_again_is_answered_as_before(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    first = await send(honnin, notice("in", INTO), sender=OTHER)
    honnin.clock.advance(timedelta(days=1))
    assert await send(honnin, notice("in", INTO), sender=OTHER) == first
    await honnin.stop()
    await honnin.start()
    assert await send(honnin, notice("in", INTO), sender=OTHER) == first
    assert await held(honnin) == 1


async def test_notices_that_overtook_one_another_are_applied_in_order(honnin: Bench) -> None:
    third = replace(MOVED, reason="34", kana="べつの　よみ")
    verdicts = await send(honnin, notice("3", third, seq=3), notice("2", MOVED, seq=2))
    assert [(one.outcome, one.code) for one in verdicts] == [(Outcome.HELD, "hold.gap")] * 2
    (first,) = await send(honnin, notice("1"))
    assert first.serial == 1
    row = await newest(honnin)
    assert (row.serial, row.kana, row.address) == (3, third.kana, MOVED.address)
    assert await held(honnin) == 0
    again = await send(honnin, notice("2", MOVED, seq=2), notice("3", third, seq=3))
    assert [(one.outcome, one.serial) for one in again] == [(Outcome.DUPLICATE, 2), (Outcome.DUPLICATE, 3)]


async def test_a_whole_move_backwards(honnin: Bench) -> None:
    """The last word comes first, from both municipalities."""
    beyond = replace(INTO, reason="31", address="山口県下関市南部町２番２号")
    await send(honnin, notice("in-2", beyond, seq=2), sender=OTHER)
    await send(honnin, notice("2", OUT, seq=2))
    await send(honnin, notice("in-1", INTO), sender=OTHER)
    # Nobody had said yet that the person is somewhere: the arrival is taken as the first word, and what comes after it too.
    assert (await newest(honnin)).serial == 2
    (first,) = await send(honnin, notice("1"))
    assert first.code == "hold.elsewhere"


async def test_nothing_waits_where_the_days_are_none(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    notices = honnin.open.notices
    monkeypatch.setattr(notices, "_means", dataclasses.replace(notices._means, hold_days=0))
    await send(honnin, notice("1"))
    (present,) = await send(honnin, notice("in", INTO), sender=OTHER)
    (ahead,) = await send(honnin, notice("5", MOVED, seq=5))
    assert [(one.outcome, one.code) for one in (present, ahead)] == [
        (Outcome.REFUSED, "reason.present_elsewhere"), (Outcome.REFUSED, "notice.gap"),
    ]  # fmt: skip
    assert await held(honnin) == 0


async def test_the_same_municipality_cannot_move_somebody_in_twice(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    (verdict,) = await send(honnin, notice("2", replace(HONNIN, event_date=DAY), seq=2))
    assert (verdict.outcome, verdict.code) == (Outcome.REFUSED, "reason.present_already")


async def test_one_that_can_never_be_applied_is_given_back_to_its_sender(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    await send(honnin, notice("in", INTO), sender=OTHER)
    await send(honnin, notice("2", replace(HONNIN, reason="23", event_date=DAY), seq=2))
    assert await held(honnin) == 0
    assert await reports(honnin, OTHER) == [(ReportKind.COORDINATION, "reason.dead", "in")]
    assert await reports(honnin, SENDER) == [(ReportKind.COORDINATION, "reason.dead", "in")]
    assert await honnin.open.index.count((Standing.DEAD,), TODAY) == 1
    # It is judged anew where it comes again.
    (again,) = await send(honnin, notice("in", INTO), sender=OTHER)
    assert again.code == "reason.dead"


async def test_after_its_days_it_is_given_back_and_both_are_told(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    await send(honnin, notice("in", INTO), sender=OTHER)
    honnin.clock.advance(timedelta(days=14))
    assert await honnin.open.held_notices.expire() == 0, "the last day counts"
    honnin.clock.advance(timedelta(days=1))
    assert await honnin.open.held_notices.expire() == 1
    assert await held(honnin) == 0
    assert await reports(honnin, OTHER) == [(ReportKind.HOLD_EXPIRED, "hold.expired", "in")]
    assert await reports(honnin, SENDER) == [(ReportKind.COORDINATION, "hold.expired", "in")]
    (again,) = await send(honnin, notice("in", INTO), sender=OTHER)
    assert (again.outcome, again.until) == (Outcome.HELD, LAST + timedelta(days=15))


@pytest.mark.parametrize(("days", "applied"), [(14, True), (15, False)])
async def test_what_it_waits_for_may_come_on_its_last_day_and_not_after_it(
    honnin: Bench, *, days: int, applied: bool
) -> None:
    """Also where nobody has looked yet for those whose days are over."""
    await send(honnin, notice("1"))
    await send(honnin, notice("in", INTO), sender=OTHER)
    honnin.clock.advance(timedelta(days=days))
    await send(honnin, notice("2", OUT, seq=2))
    row = await newest(honnin)
    assert (row.municipality, row.serial) == ((OTHER, 3) if applied else (SENDER, 2))
    assert await held(honnin) == 0
    given_back = [] if applied else [(ReportKind.HOLD_EXPIRED, "hold.expired", "in")]
    assert await reports(honnin, OTHER) == given_back


async def test_both_municipalities_see_it_and_nobody_else_does(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    await send(honnin, notice("in", INTO), sender=OTHER)
    await send(honnin, notice("9", MOVED, seq=9))
    seen = {
        city: (await honnin.open.held_notices.for_municipality(city, Empty())).holds
        for city in (SENDER, OTHER, "35202")
    }
    assert [(one.notice, one.code, one.other) for one in seen[OTHER]] == [
        ("in", HONNIN.juminhyo_code, SENDER)
    ]
    assert [(one.notice, one.why, one.until) for one in seen[SENDER]] == [
        ("in", "elsewhere", LAST),
        ("9", "gap", LAST),
    ]
    assert seen["35202"] == []
    shown = (await honnin.open.held_notices.on_console(clerk("a"), Empty())).holds
    assert {one.code for one in shown} == {"＊" * 11}


async def test_two_people_cancel_one_and_no_single_one_does(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("1"))
    await send(honnin, notice("in", INTO), sender=OTHER)
    act = honnin.open.held_notices.cancel
    (one,) = honnin.open.holds.all()
    asked = CancelHold(hold=one.key.hex(), reason="二重の転入と確認済")
    with pytest.raises(AuthorityError):
        await act(caller, asked)
    assert [(await act(clerk("a"), asked)).done for _ in range(2)] == [False, False]
    assert (await act(clerk("b"), asked)).done
    assert await held(honnin) == 0
    assert await reports(honnin, OTHER) == [(ReportKind.COORDINATION, "hold.cancelled", "in")]
    with pytest.raises(ConflictError, match=r"hold\.unknown"):
        await act(clerk("c"), asked)
    acts = [entry.header.action for entry in await entries(honnin)]
    assert (acts.count(Action.HOLD_CANCEL_ASKED), acts.count(Action.HOLD_CANCELLED)) == (2, 1)


async def test_a_commit_that_failed_holds_nothing(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await send(honnin, notice("1"))

    async def full(_: object) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as broken:
        broken.setattr(honnin.open.engine, "apply", full)
        with pytest.raises(Exception, match=r"store\.cannot_write"):
            await send(honnin, notice("in", INTO), sender=OTHER)
    assert await held(honnin) == 0


async def test_one_municipality_cannot_fill_the_register_with_what_never_comes_right(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.holds.MOST", 3)
    verdicts = await send(honnin, *(notice(str(seq), MOVED, seq=seq) for seq in range(2, 7)))
    assert [one.outcome for one in verdicts] == [Outcome.HELD] * 3 + [Outcome.REFUSED] * 2
    assert {one.code for one in verdicts[3:]} == {"hold.too_many"}
    other = replace(INTO, juminhyo_code="24846016224", kojin_bango="987654321093")
    (verdict,) = await send(honnin, notice("x", other, seq=2), sender=OTHER)
    assert verdict.outcome is Outcome.HELD


async def test_the_last_notice_told_anew_with_another_reason_is_appended(honnin: Bench) -> None:
    """標準仕様書 j1090."""
    await send(honnin, notice("1"), notice("2", MOVED, seq=2))
    anew = replace(MOVED, reason="33")
    (verdict,) = await send(honnin, notice("2b", anew, seq=2))
    assert (verdict.outcome, verdict.serial, verdict.warnings) == (Outcome.APPLIED, 3, ["notice.restated"])
    assert (await newest(honnin)).reason == "33"
    (next_one,) = await send(honnin, notice("3", replace(MOVED, reason="34", kana="べつ"), seq=3))
    assert next_one.serial == 4
    (late,) = await send(honnin, notice("2c", MOVED, seq=2))
    assert late.code == "notice.counted_before"


REUSED: list[tuple[HonninRecord, str]] = [
    (replace(MOVED, address="山口県山口市滝町３番３号"), "notice.count_reused"),
    (replace(MOVED, reason="34"), "reason.item_changed"),
    (replace(MOVED, reason="23"), "reason.item_changed"),
]


@pytest.mark.parametrize(("record", "code"), REUSED)
async def test_a_count_used_again_for_something_else_is_refused(
    honnin: Bench, record: HonninRecord, code: str
) -> None:
    await send(honnin, notice("1"), notice("2", MOVED, seq=2))
    (verdict,) = await send(honnin, notice("2b", record, seq=2))
    assert (verdict.outcome, verdict.code) == (Outcome.REFUSED, code)
    assert await size(honnin, Table.ROWS) == 2


async def test_the_same_told_under_another_name_changes_nothing(honnin: Bench) -> None:
    await send(honnin, notice("1"), notice("2", MOVED, seq=2))
    (verdict,) = await send(honnin, notice("2b", MOVED, seq=2))
    assert (verdict.outcome, verdict.serial) == (Outcome.DUPLICATE, 2)
    assert await size(honnin, Table.ROWS) == 2


async def test_fuhyo_holds_a_person_whose_koseki_moves_too(fuhyo: Bench) -> None:
    def one(name: str, seq: int, **changes: str) -> Notice:
        return FuhyoNotice(id=name, sender_seq=seq, record=replace(FUHYO, event_date=DAY, **changes))

    await send(fuhyo, FuhyoNotice(id="1", sender_seq=1, record=FUHYO), sender=FUHYO.municipality)
    (waits,) = await send(fuhyo, one("in", 1, municipality=OTHER), sender=OTHER)
    assert waits.code == "hold.elsewhere"
    await send(fuhyo, one("2", 2, notice_kind="2"), sender=FUHYO.municipality)
    (stored,) = await fuhyo.open.reader.by_code(FUHYO.juminhyo_code, on=TODAY)
    assert (stored.row.municipality, stored.row.serial) == (OTHER, 3)


CHANGED = replace(HONNIN, juminhyo_code="24846016224", reason="51", event_date=DAY)


async def test_a_code_change_carries_the_person_over(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    asked = replace(notice("2", CHANGED, seq=2), old_code=HONNIN.juminhyo_code)
    (verdict,) = await send(honnin, asked)
    assert (verdict.outcome, verdict.serial) == (Outcome.APPLIED, 2), verdict
    by_new = await newest(honnin, CHANGED.juminhyo_code)
    by_old = await newest(honnin, HONNIN.juminhyo_code)
    assert by_new == by_old
    assert by_new.serial == 2
    moved = replace(CHANGED, reason="31", address=MOVED.address)
    (under_new,) = await send(honnin, notice("3", moved, seq=3))
    assert under_new.serial == 3
    (under_old,) = await send(honnin, notice("4", MOVED, seq=4))
    assert under_old.code == "notice.code_changed"
    born = replace(HONNIN, reason="13", birth=DAY, event_date=DAY, kojin_bango="")
    (reused,) = await send(honnin, notice("5", born))
    assert reused.code == "reason.code_in_use"
