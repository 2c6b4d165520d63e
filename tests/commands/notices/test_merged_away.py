"""保留 over the day of a 廃置分合: what came in time counts as its municipality's, whose heir has the person then."""

from dataclasses import replace as changed
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from daemon.contract.peer import Outcome
from daemon.register.municipalities import EVERY
from tests.commands.notices.test_holds import INTO, OTHER, OUT, held, newest, reports
from tests.commands.notices.test_notices import DAY, MOVED, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN

HEIR = "35202"
MERGED = date(2026, 11, 26)


@pytest.fixture(autouse=True)
def _merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTHER becomes part of HEIR two days after the tests' day."""
    monkeypatch.setitem(EVERY, OTHER, changed(EVERY[OTHER], until=MERGED, heir=HEIR))


@pytest.mark.parametrize("days", [1, 2, 5])
async def test_an_arrival_that_came_in_time_is_applied_when_its_counterpart_comes(
    honnin: Bench, days: int
) -> None:
    await send(honnin, notice("1"))
    (waits,) = await send(honnin, notice("in", INTO), sender=OTHER)
    assert waits.outcome is Outcome.HELD
    honnin.clock.advance(timedelta(days=days))
    (gone,) = await send(honnin, notice("2", OUT, seq=2))
    assert gone.outcome is Outcome.APPLIED
    row = await newest(honnin)
    assert (row.municipality, row.serial, row.received_on) == (OTHER, 3, date(2026, 11, 24))
    assert (await held(honnin), await reports(honnin, OTHER)) == (0, [])
    if days == 1:
        return
    later = replace(
        INTO, municipality=HEIR, reason="31", address="山口県宇部市南部町２番２号", event_date=DAY
    )
    (moved,) = await send(honnin, notice("heir", later), sender=HEIR)
    assert (moved.outcome, moved.serial) == (Outcome.APPLIED, 4)


async def test_what_waited_behind_it_is_applied_too(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    then = replace(INTO, reason="31", address="山口県下関市南部町２番２号")
    await send(honnin, notice("in", INTO), notice("then", then, seq=2), sender=OTHER)
    assert await held(honnin) == 2
    honnin.clock.advance(timedelta(days=5))
    await send(honnin, notice("2", OUT, seq=2))
    row = await newest(honnin)
    assert (row.address, row.serial, await held(honnin)) == (then.address, 4, 0)


async def test_one_that_comes_after_the_day_is_refused(honnin: Bench) -> None:
    honnin.clock.advance(timedelta(days=2))
    (late,) = await send(honnin, notice("in", INTO), sender=OTHER)
    assert (late.outcome, late.code) == (Outcome.REFUSED, "reason.municipality_not_valid")


async def test_a_move_into_what_is_one_municipality_by_now_comes_to_nothing(honnin: Bench) -> None:
    there = replace(HONNIN, municipality=HEIR, address="山口県宇部市滝町１番１号")
    await send(honnin, notice("1", there), sender=HEIR)
    await send(honnin, notice("in", INTO), sender=OTHER)
    honnin.clock.advance(timedelta(days=5))
    (moved,) = await send(honnin, notice("2", replace(MOVED, municipality=HEIR), seq=2), sender=HEIR)
    assert moved.outcome is Outcome.APPLIED
    assert await held(honnin) == 0
    assert [told[1] for told in await reports(honnin, HEIR)] == ["reason.present_already"]
