"""Whose comparison is due: by the day of the last one, or the day a municipality was first heard of; and who may see it."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from daemon.commands.caller import Caller, Role
from daemon.config import Reconciling
from daemon.contract.endpoint import Empty
from daemon.contract.reconciled import RECONCILIATION, RECONCILIATIONS, ScheduleQuery
from daemon.contract.reconciliation import Begin, Mode, Phase, RunName
from daemon.errors import AuthorityError, InputError
from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from tests.commands.reconciliation.comparing import HERE, THERE, comparison, person, put, settled, small
from tests.conftest import Bench

TODAY = date(2026, 11, 24)
CLERK = Caller("op1", "名前", "市町課", frozenset({Role.CLERK}), {}, "T01")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)


async def ask(bench: Bench, endpoint: Any, message: Any, caller: Caller = CLERK) -> Any:
    return await bench.open.desk.handlers[endpoint](caller, message)


async def test_nobody_is_overdue_at_first_and_everybody_after_a_quarter(honnin: Bench) -> None:
    listed = (await ask(honnin, RECONCILIATIONS, Empty())).schedules
    assert [each.municipality for each in listed] == sorted(MUNICIPALITIES)
    assert {(each.last, each.due, each.overdue) for each in listed} == {(None, date(2027, 2, 24), False)}
    honnin.clock.advance(timedelta(days=92))
    assert honnin.open.timetable.overdue() == []
    honnin.clock.advance(timedelta(days=1))
    assert honnin.open.timetable.overdue() == sorted(MUNICIPALITIES)


async def test_whoever_compared_is_not_overdue_also_after_a_start(honnin: Bench) -> None:
    await put(honnin, [person(Register.HONNIN, 1)])
    honnin.clock.advance(timedelta(days=30))
    await comparison(honnin, []).full()
    await settled(honnin)
    await honnin.stop()
    await honnin.start()
    shown = await ask(honnin, RECONCILIATION, ScheduleQuery("352039"))
    assert (shown.last, shown.due) == (TODAY + timedelta(days=30), TODAY + timedelta(days=122))
    assert shown.newest == shown.done
    assert (shown.done.phase, shown.done.counts) == (Phase.DONE, {"only_here": 1})
    honnin.clock.advance(timedelta(days=63))
    assert HERE not in honnin.open.timetable.overdue()
    assert THERE in honnin.open.timetable.overdue()


async def test_one_that_was_given_up_does_not_count(honnin: Bench) -> None:
    await honnin.open.reconciliations.running.resumed()
    honnin.clock.advance(timedelta(days=93))
    await honnin.stop()
    await honnin.start()  # with the keys of that day
    act = honnin.open.reconciliations.counter
    begun = await act.begin(HERE, Begin(mode=Mode.FULL, records=1))
    running = await ask(honnin, RECONCILIATION, ScheduleQuery(HERE))
    assert (running.newest.phase, running.newest.expected, running.done) == (Phase.RECEIVING, 1, None)
    await act.cancel(HERE, RunName(begun.run))
    shown = await ask(honnin, RECONCILIATION, ScheduleQuery(HERE))
    assert (shown.newest.phase, shown.newest.code) == (Phase.STOPPED, "reconciliation.cancelled")
    assert shown.overdue


async def test_a_municipality_may_have_a_schedule_of_its_own(honnin: Bench) -> None:
    own = Reconciling(days=50, municipalities={HERE: 10})
    await honnin.stop()
    honnin.config = replace(honnin.config, reconciliation=own)
    await honnin.start()
    await honnin.open.reconciliations.running.resumed()
    honnin.clock.advance(timedelta(days=11))
    assert honnin.open.timetable.overdue() == [HERE]
    assert (await ask(honnin, RECONCILIATION, ScheduleQuery(HERE))).days == 10


@pytest.mark.parametrize(
    "settings", [{"days": 0}, {"municipalities": {"35203": 0}}, {"share": 0.01}, {"day": 3}]
)
def test_settings_have_bounds(settings: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(settings, Reconciling)


@pytest.mark.parametrize("role", list(Role))
async def test_who_may_see_it(honnin: Bench, role: Role) -> None:
    caller = replace_roles(role)
    may = role in {Role.CLERK, Role.ADMINISTRATOR, Role.AUDITOR}
    for endpoint, message in ((RECONCILIATIONS, Empty()), (RECONCILIATION, ScheduleQuery(HERE))):
        if may:
            await ask(honnin, endpoint, message, caller)
        else:
            with pytest.raises(AuthorityError):
                await ask(honnin, endpoint, message, caller)


def replace_roles(role: Role) -> Caller:
    return Caller("op1", "名前", "市町課", frozenset({role}), {}, "T01")


@pytest.mark.parametrize("municipality", ["", "13104", "352030", "35299", "x"])
async def test_only_the_register_s_own_municipalities_are_shown(honnin: Bench, municipality: str) -> None:
    with pytest.raises(InputError) as refused:
        await ask(honnin, RECONCILIATION, ScheduleQuery(municipality))
    assert refused.value.code == "record.unknown_municipality"
