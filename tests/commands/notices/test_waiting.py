"""Notices that wait, and notices told anew, where the two meet a change of code, another city, or the end of the days."""

from datetime import timedelta

from msgspec.structs import replace

from daemon.contract.endpoint import Empty
from daemon.contract.holds import Hold
from daemon.contract.peer import Outcome
from daemon.register.rows import RegisterDate
from daemon.store.engine import Table
from tests.commands.notices.test_holds import CHANGED, INTO, OTHER, OUT, held, newest, reports
from tests.commands.notices.test_notices import DAY, MOVED, SENDER, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN

THIRD = "35344"
EARLIER = RegisterDate("20261122", "5")
FURTHER = replace(INTO, municipality=THIRD, address="山口県熊毛郡平生町大字平生町１番地")
RENAMED = replace(notice("2", CHANGED, seq=2), old_code=HONNIN.juminhyo_code)


async def shown(bench: Bench, city: str) -> list[Hold]:
    return (await bench.open.held_notices.for_municipality(city, Empty())).holds


async def test_a_change_of_code_that_ran_ahead_is_applied_by_what_it_waited_for(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    named = replace(CHANGED, reason="34", kana="べつの　よみ", address=MOVED.address)
    third = replace(RENAMED, id="3", sender_seq=3, record=replace(CHANGED, address=MOVED.address))
    verdicts = await send(honnin, notice("4", named, seq=4), third)
    assert [one.code for one in verdicts] == ["hold.gap"] * 2
    await honnin.stop()
    await honnin.start()
    assert [one.notice for one in honnin.open.holds.pending(HONNIN.juminhyo_code)] == ["3"]
    await send(honnin, notice("2", MOVED, seq=2))
    row = await newest(honnin, CHANGED.juminhyo_code)
    assert (row.serial, row.kana) == (4, named.kana)
    assert await held(honnin) == 0
    assert honnin.open.holds.pending(HONNIN.juminhyo_code) == ()


async def test_the_first_notice_can_be_told_anew(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    (verdict,) = await send(honnin, notice("1b", replace(HONNIN, reason="14")))
    assert (verdict.outcome, verdict.serial, verdict.warnings) == (Outcome.APPLIED, 2, ["notice.restated"])


async def test_a_notice_can_be_told_anew_twice(honnin: Bench) -> None:
    await send(honnin, notice("1"), notice("2", OUT, seq=2))
    (second,) = await send(honnin, notice("2b", replace(OUT, event_date=EARLIER), seq=2))
    (third,) = await send(honnin, notice("2c", replace(OUT, reason="22"), seq=2))
    assert [one.serial for one in (second, third)] == [3, 4]


async def test_a_change_of_code_can_be_told_anew(honnin: Bench) -> None:
    await send(honnin, notice("1"), RENAMED)
    (same,) = await send(honnin, replace(RENAMED, id="2b"))
    assert (same.outcome, same.serial) == (Outcome.DUPLICATE, 2)
    (other,) = await send(honnin, replace(RENAMED, id="2c", record=replace(CHANGED, event_date=EARLIER)))
    assert (other.outcome, other.serial) == (Outcome.APPLIED, 3)
    assert (await newest(honnin)).event_date == EARLIER
    (late,) = await send(honnin, replace(RENAMED, id="3", sender_seq=3))
    assert late.code == "reason.old_code"


async def test_nothing_is_applied_after_its_last_day(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    await send(honnin, notice("in", INTO), sender=OTHER)
    honnin.clock.advance(timedelta(days=15))
    await send(honnin, notice("2", OUT, seq=2))
    assert (await newest(honnin)).serial == 2
    assert [kind.value for kind, _, _ in await reports(honnin, OTHER)] == ["hold_expired"]


async def test_who_is_waited_for_changes_with_who_has_the_person(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    await send(honnin, notice("in", INTO), sender=OTHER)
    await send(honnin, notice("on", FURTHER), sender=THIRD)
    assert await shown(honnin, OTHER) == [one for one in await shown(honnin, SENDER) if one.sender == OTHER]
    await send(honnin, notice("2", OUT, seq=2))
    ((one,), (same,)) = (await shown(honnin, THIRD), await shown(honnin, OTHER))
    assert one == same
    assert (one.notice, one.other, one.why) == ("on", OTHER, "elsewhere")
    assert await shown(honnin, SENDER) == []
    await honnin.stop()
    await honnin.start()
    assert await shown(honnin, OTHER) == [one]


async def test_a_gap_that_is_filled_may_leave_another_city_to_wait_for(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    await send(honnin, notice("in", INTO), sender=OTHER)
    back = replace(HONNIN, event_date=DAY)
    (ahead,) = await send(honnin, notice("3", back, seq=3))
    assert ahead.code == "hold.gap"
    await send(honnin, notice("2", OUT, seq=2))
    (again,) = await send(honnin, notice("3", back, seq=3))
    assert again == replace(ahead, code="hold.elsewhere", ja=again.ja, en=again.en)
    (one,) = await shown(honnin, OTHER)
    assert (one.notice, one.other) == ("3", OTHER)


async def test_of_two_with_one_count_the_first_is_tried_first(honnin: Bench) -> None:
    """In one batch, and so at one moment."""
    await send(honnin, notice("1"))
    pairs = [(f"{turn}-a", f"{turn}-b") for turn in range(3, 11)]
    for seq, names in enumerate(pairs, start=3):
        moved = replace(MOVED, address=f"山口県山口市滝町{seq}番")
        first, anew = (
            notice(name, replace(moved, reason=reason), seq)
            for name, reason in zip(names, ("31", "33"), strict=True)
        )
        await send(honnin, first, anew)
    await send(honnin, notice("2", MOVED, seq=2))
    row = await newest(honnin)
    assert (row.serial, row.reason) == (2 + 2 * len(pairs), "33")


async def test_told_anew_it_may_not_leave_the_person_elsewhere_than_the_first_telling_did(
    honnin: Bench,
) -> None:
    await send(honnin, notice("1"), notice("2", OUT, seq=2))
    (dead,) = await send(honnin, notice("2b", replace(OUT, reason="23"), seq=2))
    assert (dead.outcome, dead.code, dead.field) == (
        Outcome.REFUSED,
        "notice.restated_otherwise",
        "reason",
    )
    assert (await newest(honnin)).reason == "21"


async def test_a_held_notice_that_got_lost_is_said_to_be(honnin: Bench) -> None:
    """Its receipt says that it waits, and nothing waits: for a person to look at, and never an answer as if all were well."""
    await send(honnin, notice("3", MOVED, seq=3))
    await honnin.open.engine.apply(
        {Table.HOLDS: {key: None for key, _ in await honnin.open.engine.scan(Table.HOLDS, limit=9)}}
    )
    await honnin.stop()
    await honnin.start()
    (again,) = await send(honnin, notice("3", MOVED, seq=3))
    assert (again.outcome, again.code) == (Outcome.REFUSED, "hold.lost")
