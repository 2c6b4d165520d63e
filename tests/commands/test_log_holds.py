"""保全: two people keep entries of the log or end that; who may, what is refused, and what the log says of it."""

from datetime import date, timedelta
from typing import Any

import pytest

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.held import Stage
from daemon.commands.caller import Caller, Role
from daemon.contract.endpoint import Empty
from daemon.contract.keys import DestroyKey
from daemon.contract.log_holds import (
    LIFT_LOG_HOLD,
    LOG_HOLDS,
    PLACE_LOG_HOLD,
    LiftLogHold,
    LogHold,
    LogHoldAsked,
    LogHolds,
    PlaceLogHold,
    Run,
)
from daemon.crypto.seal import class_of
from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError, StateError
from daemon.store.engine import Table
from tests.commands.custody.custodians import RIPE, Desk
from tests.conftest import NOON, Bench
from tests.retention.years import BASIS, day, hold, lift, log, night, officer, said, state, until

UNTIL = date(2035, 3, 31)


def place(*runs: tuple[int, int], until: date = UNTIL, basis: str = BASIS) -> PlaceLogHold:
    return PlaceLogHold(
        entries=[Run(first=first, last=last) for first, last in runs], until=until, basis=basis
    )


async def ask(
    bench: Bench, who: str, asked: PlaceLogHold | LiftLogHold, role: Role = Role.OFFICER
) -> LogHoldAsked:
    endpoint = PLACE_LOG_HOLD if isinstance(asked, PlaceLogHold) else LIFT_LOG_HOLD
    answer = await bench.open.desk.handlers[endpoint](officer(who, role), asked)
    assert isinstance(answer, LogHoldAsked)
    return answer


async def listed(bench: Bench, role: Role = Role.AUDITOR) -> list[LogHold]:
    shown = await bench.open.desk.handlers[LOG_HOLDS](officer("x", role), Empty())
    assert isinstance(shown, LogHolds)
    return shown.holds


async def holds_made(bench: Bench) -> list[str]:
    return [info.name for info in (await bench.service.keys()).keys if info.name.startswith("hold.")]


async def test_two_people_place_a_hold_and_two_lift_it(honnin: Bench) -> None:
    await log(honnin, 9)
    asked = place((1, 2), (5, 6), (3, 3))
    assert await ask(honnin, "a", asked) == LogHoldAsked(done=False)
    assert await ask(honnin, "a", asked) == LogHoldAsked(done=False), "one person does not count twice"
    assert await listed(honnin) == []
    assert await ask(honnin, "b", asked, Role.CHIEF) == LogHoldAsked(done=True, hold=1)
    (placed,) = await listed(honnin)
    assert placed == LogHold(
        hold=1, entries=[Run(first=1, last=3), Run(first=5, last=6)], until=UNTIL, basis=BASIS,
        placed=NOON.date(), over=False,
    )  # fmt: skip
    assert await ask(honnin, "a", LiftLogHold(hold=1, reason="取下げ")) == LogHoldAsked(done=False, hold=1)
    assert len(await listed(honnin)) == 1
    assert (await ask(honnin, "c", LiftLogHold(hold=1, reason="和解"))).done
    assert await listed(honnin) == []
    told = [
        (each.header.action, each.header.actor, each.header.counts, {n: f.value for n, f in each.fields.items()})
        for action in (
            Action.LOG_HOLD_ASKED, Action.LOG_HOLD_PLACED, Action.LOG_HOLD_LIFT_ASKED, Action.LOG_HOLD_ENDED,
        )
        for each in await said(honnin, action)
    ]  # fmt: skip
    which = {"entries": [[1, 3], [5, 6]], "basis": BASIS}
    figures = {"entries": 5, "until": 20350331}
    assert told == [
        (Action.LOG_HOLD_ASKED, "operator:a", figures, which),
        (Action.LOG_HOLD_ASKED, "operator:a", figures, which),
        (Action.LOG_HOLD_PLACED, "operator:b", figures | {"hold": 1}, which),
        (Action.LOG_HOLD_LIFT_ASKED, "operator:a", {"hold": 1}, {"reason": "取下げ"}),
        (Action.LOG_HOLD_ENDED, "operator:c", {"hold": 1}, {"reason": "和解"}),
    ]


async def test_a_second_person_has_to_ask_for_the_very_same_within_a_day(honnin: Bench) -> None:
    await log(honnin, 9)
    assert not (await ask(honnin, "a", place((1, 2)))).done
    others = (place((1, 3)), place((1, 2), until=date(2036, 1, 1)), place((1, 2), basis="別の根拠"))
    assert not any([(await ask(honnin, "b", other)).done for other in others])
    honnin.clock.advance(timedelta(hours=24))
    assert not (await ask(honnin, "b", place((1, 2)))).done
    assert await listed(honnin) == []


async def test_the_basis_lies_under_the_key_of_the_hold_and_a_key_not_needed_is_the_next_ones(
    honnin: Bench,
) -> None:
    await log(honnin, 9)
    await ask(honnin, "a", place((1, 2)))
    assert await holds_made(honnin) == ["hold.1"]
    await ask(honnin, "b", place((3, 4)))
    assert await holds_made(honnin) == ["hold.1"]
    assert await hold(honnin, 5, 6, "2035-03-31") == 1
    assert await hold(honnin, 7, 8, "2035-03-31") == 2
    sealed = await honnin.open.engine.scan(Table.LOG_HOLDS, limit=9)
    assert [class_of(value) for _, value in sealed] == ["hold.1", "hold.2"]
    assert await honnin.open.dependents.confirm("hold.2") == honnin.open.dependents.dependents("hold.2") == 1
    await lift(honnin, 1)
    await lift(honnin, 2)
    assert await hold(honnin, 7, 8, "2035-03-31") == 3, "the key of a hold that is over is nobody else's"
    assert len(await said(honnin, Action.KEY_MADE)) == 3


async def test_the_number_of_a_key_that_was_destroyed_unused_is_not_given(
    honnin: Bench, caller: Caller
) -> None:
    await log(honnin, 5)
    await ask(honnin, "a", place((1, 2)))
    desk = Desk(honnin, caller)
    proposal = await desk.agree(DestroyKey("hold.1"))
    honnin.clock.advance(RIPE)
    assert (await desk.carry_out(proposal)).done
    assert await hold(honnin, 1, 2, "2035-03-31") == 2


async def test_it_outlives_a_restart(honnin: Bench) -> None:
    await log(honnin, 5)
    await hold(honnin, 1, 2, "2035-03-31")
    await ask(honnin, "a", LiftLogHold(hold=1, reason="終結"))
    await honnin.stop()
    await honnin.start()
    assert [each.basis for each in await listed(honnin)] == [BASIS]
    assert (await ask(honnin, "b", LiftLogHold(hold=1, reason="終結"))).done


async def test_a_hold_that_is_over_is_listed_until_what_it_kept_is_gone(honnin: Bench) -> None:
    await log(honnin, 5)
    await hold(honnin, 1, 2, "2035-03-31")
    await until(honnin, day("2033-11-25"))
    await night(honnin)
    await lift(honnin, 1)
    (over,) = await listed(honnin)
    assert over.over
    assert (await state(honnin)).holds.by_number[1].stage is Stage.OVER
    with pytest.raises(ConflictError, match=r"log_hold\.unknown"):
        await ask(honnin, "a", LiftLogHold(hold=1, reason="終結"))
    await night(honnin)
    assert await listed(honnin) == []


FIT: dict[str, Any] = {"runs": ((1, 2),), "until": UNTIL, "basis": BASIS}


@pytest.mark.parametrize(
    ("change", "kind", "code", "field"),
    [
        ({"runs": ()}, InputError, "log_hold.runs", "entries"),
        ({"runs": ((0, 0),) * 101}, InputError, "log_hold.runs", "entries"),
        ({"runs": ((0, 10_000),)}, InputError, "log_hold.runs", "entries"),
        ({"runs": ((2, 1),)}, InputError, "log_hold.run", "entries"),
        ({"runs": ((-1, 1),)}, InputError, "log_hold.run", "entries"),
        ({"runs": ((0, 99),)}, ConflictError, "log_hold.not_there", "entries"),
        ({"until": date(2026, 11, 23)}, InputError, "log_hold.day_past", "until"),
        ({"basis": " "}, InputError, "search.text_missing", "basis"),
    ],
)
async def test_what_cannot_be_held_is_refused_and_so_logged(
    honnin: Bench, change: dict[str, Any], kind: type[JukuraError], code: str, field: str
) -> None:
    await log(honnin, 9)
    given = FIT | change
    with pytest.raises(kind) as refused:
        await ask(honnin, "a", place(*given["runs"], until=given["until"], basis=given["basis"]))
    assert (refused.value.code, refused.value.field) == (code, field)
    (told,) = await said(honnin, Action.LOG_HOLD_ASKED)
    assert (told.header.outcome, told.header.code) == (Outcome.REFUSED, code)


async def test_the_last_day_may_be_today_and_the_last_entry_the_newest(honnin: Bench) -> None:
    await log(honnin, 9)
    size = honnin.open.journal.tree.size
    assert await hold(honnin, size - 1, size - 1, "2026-11-24") == 1


async def test_what_is_purged_cannot_be_held_but_what_is_held_can_be_held_on(honnin: Bench) -> None:
    await log(honnin, 9)
    await hold(honnin, 4, 5, "2035-03-31")
    await until(honnin, day("2033-11-25"))
    await night(honnin)
    for runs in (((3, 3),), ((4, 6),), ((5, 5), (8, 8))):
        with pytest.raises(ConflictError, match=r"log_hold\.purged"):
            await ask(honnin, "a", place(*runs))
    assert await hold(honnin, 4, 5, "2039-03-31") == 2


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.CLERK, Role.CUSTODIAN])
async def test_others_neither_see_nor_place_nor_lift(honnin: Bench, role: Role) -> None:
    await log(honnin, 5)
    for act in (
        listed(honnin, role),
        ask(honnin, "a", place((1, 2)), role),
        ask(honnin, "a", LiftLogHold(hold=1, reason="x"), role),
    ):
        with pytest.raises(AuthorityError, match=r"right\.missing"):
            await act
    for action in (Action.LOG_HOLDS_SHOWN, Action.LOG_HOLD_ASKED, Action.LOG_HOLD_LIFT_ASKED):
        (told,) = await said(honnin, action)
        assert (told.header.outcome, told.header.code) == (Outcome.REFUSED, "right.missing")
    assert await holds_made(honnin) == []


async def test_each_look_is_an_entry(honnin: Bench) -> None:
    await log(honnin, 5)
    await hold(honnin, 1, 2, "2035-03-31")
    await listed(honnin)
    (told,) = await said(honnin, Action.LOG_HOLDS_SHOWN)
    assert (told.header.actor, told.header.counts) == ("operator:x", {"holds": 1})


async def test_without_the_token_no_hold_is_placed_but_one_can_be_lifted(honnin: Bench) -> None:
    await log(honnin, 5)
    await hold(honnin, 1, 2, "2035-03-31")
    honnin.service.token.away = True
    with pytest.raises(StateError, match=r"hsm\.token_away"):
        await ask(honnin, "a", place((3, 4)))
    await lift(honnin, 1)
    assert await listed(honnin) == []
