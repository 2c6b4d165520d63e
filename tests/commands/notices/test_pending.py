"""転入保留中: every answer about a person says that a notice waits for them, and stops saying it when it is applied or ends."""

from datetime import date, timedelta

from msgspec.structs import replace

from daemon.commands.caller import Caller
from daemon.contract.holds import Pending
from daemon.contract.peer import Outcome
from daemon.register.rows import HonninRecord, RegisterDate
from tests.commands.inquiries.asking import person, query, search, show
from tests.commands.inquiries.test_lookup import CODE, lookup
from tests.commands.notices.test_holds import CHANGED, INTO, LAST, OTHER, OUT
from tests.commands.notices.test_notices import DAY, MOVED, SENDER, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN

TODAY = date(2026, 11, 24)
WAITS = Pending(sender=OTHER, why="elsewhere", since=TODAY, until=LAST)


async def told(bench: Bench, caller: Caller, *, code: str = CODE, **day: str) -> list[bool]:
    """What a search and a look-up by code say of the only person there is."""
    (found,) = (await search(bench, caller, query("じゅうみん", **day))).hits
    (looked_up,) = (await lookup(bench, caller, code=code)).hits
    return [found.pending, looked_up.pending]


async def pending(bench: Bench, caller: Caller) -> list[Pending]:
    (hit,) = (await search(bench, caller, query("じゅうみん"))).hits
    return (await show(bench, caller, hit.person)).pending


async def arrives(bench: Bench, record: HonninRecord = INTO) -> None:
    (verdict,) = await send(bench, notice("in", record), sender=OTHER)
    assert verdict.outcome is Outcome.HELD


async def test_every_answer_says_it_until_the_departure_comes(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("1"))
    assert (await told(honnin, caller), await pending(honnin, caller)) == ([False, False], [])
    await arrives(honnin)
    assert (await told(honnin, caller), await pending(honnin, caller)) == ([True, True], [WAITS])
    await send(honnin, notice("2", OUT, seq=2))
    assert (await told(honnin, caller), await pending(honnin, caller)) == ([False, False], [])


async def test_it_outlives_a_restart_and_ends_with_its_days(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("1"))
    await arrives(honnin)
    await honnin.stop()
    await honnin.start()
    assert await told(honnin, caller) == [True, True]
    honnin.clock.advance(timedelta(days=15))
    await honnin.open.signer.sign()
    assert await honnin.open.held_notices.expire() == 1
    assert await told(honnin, caller) == [False, False]


async def test_nobody_else_is_said_to_be(honnin: Bench, caller: Caller) -> None:
    other = person(7, "べつの　ひと")
    await send(honnin, notice("1"), notice("2", other))
    await arrives(honnin)
    hits = (await search(honnin, caller, query(birth="1989"))).hits
    assert {hit.kana: hit.pending for hit in hits} == {HONNIN.kana: True, other.kana: False}


async def test_a_gap_is_no_arrival_and_stands_on_the_persons_page_alone(
    honnin: Bench, caller: Caller
) -> None:
    await send(honnin, notice("1"), notice("9", MOVED, seq=9))
    assert await told(honnin, caller) == [False, False]
    gap = Pending(sender=SENDER, why="gap", since=TODAY, until=LAST)
    assert await pending(honnin, caller) == [gap]
    honnin.clock.advance(timedelta(days=1))
    await arrives(honnin)
    assert await pending(honnin, caller) == [
        gap,
        replace(WAITS, since=TODAY + timedelta(days=1), until=LAST + timedelta(days=1)),
    ]


async def test_as_of_a_day_of_the_past_it_is_said_by_the_newest_code(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("1"))
    # The version as of yesterday is not the newest, and has another code than the one that is waited for.
    anew = replace(CHANGED, event_date=DAY)
    (changed,) = await send(
        honnin, replace(notice("2", anew, seq=2), old_code=HONNIN.juminhyo_code), sender=SENDER
    )
    assert changed.outcome is Outcome.APPLIED
    await arrives(honnin, replace(INTO, juminhyo_code=CHANGED.juminhyo_code))
    assert await told(honnin, caller) == [True, True]
    assert await told(honnin, caller, as_of="2026-11-23") == [True, True]
    assert await told(honnin, caller, code=CHANGED.juminhyo_code) == [True, True]


async def test_a_departure_dated_ahead_ends_it_at_once(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("1"))
    await arrives(honnin)
    ahead = replace(OUT, event_date=RegisterDate("20261201", "5"))
    (verdict,) = await send(honnin, notice("2", ahead, seq=2))
    assert verdict.outcome is Outcome.APPLIED
    assert await told(honnin, caller) == [False, False]
