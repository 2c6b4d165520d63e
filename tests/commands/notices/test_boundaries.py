"""廃置分合・境界変更: what two people announce lets the new municipality notify, and nobody else; until its day it can be taken back."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.commands.caller import Caller
from daemon.commands.notices import boundaries
from daemon.contract.boundaries import (
    ANNOUNCE_BOUNDARY,
    BOUNDARIES,
    WITHDRAW_BOUNDARY,
    BoundaryAsked,
    BoundaryChange,
    BoundaryChanges,
)
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.peer import Outcome
from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError
from tests.commands.notices.test_holds import OTHER, clerk, newest
from tests.commands.notices.test_notices import DAY, SENDER, entries, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN

TODAY = date(2026, 11, 24)
MOVES = BoundaryChange(old=SENDER, new=OTHER, on=TODAY)
AHEAD = BoundaryChange(old=SENDER, new=OTHER, on=date(2026, 12, 1))
TAKEN = replace(HONNIN, municipality=OTHER, address="山口県下関市滝町１番１号", reason="38", event_date=DAY)


async def ask(bench: Bench, endpoint: Endpoint, who: str, change: BoundaryChange) -> bool:
    answer = await bench.open.desk.handlers[endpoint](clerk(who), change)
    assert isinstance(answer, BoundaryAsked)
    return answer.done


async def both(bench: Bench, endpoint: Endpoint, change: BoundaryChange) -> None:
    assert [await ask(bench, endpoint, who, change) for who in ("a", "b")] == [False, True]


async def listed(bench: Bench) -> list[BoundaryChange]:
    shown = await bench.open.desk.handlers[BOUNDARIES](clerk("a"), Empty())
    assert isinstance(shown, BoundaryChanges)
    return shown.changes


async def told(bench: Bench, name: str, *, sender: str = OTHER, **changes: object) -> tuple[Outcome, str]:
    record = replace(TAKEN, **changes)
    (verdict,) = await send(bench, notice(name, record), sender=sender)
    return verdict.outcome, verdict.code


async def test_the_new_municipality_alone_notifies_once_two_people_announced_it(honnin: Bench) -> None:
    await send(honnin, notice("1"))
    before = (Outcome.REFUSED, "reason.not_announced")
    assert await told(honnin, "38-1") == before
    assert not await ask(honnin, ANNOUNCE_BOUNDARY, "a", MOVES)
    assert not await ask(honnin, ANNOUNCE_BOUNDARY, "a", MOVES), "one person does not count twice"
    assert await told(honnin, "38-2") == before
    assert await ask(honnin, ANNOUNCE_BOUNDARY, "b", MOVES)
    third = replace(TAKEN, municipality="35202", address="山口県宇部市滝町１番１号")
    (stranger,) = await send(honnin, notice("38-3", third), sender="35202")
    (old,) = await send(honnin, notice("38-4", TAKEN, seq=2), sender=SENDER)
    (another_day,) = await send(
        honnin, notice("38-5", replace(TAKEN, event_date=replace(DAY, code="20261123"))), sender=OTHER
    )
    assert (stranger.code, another_day.code) == ("reason.not_announced", "reason.boundary_date")
    assert old.outcome is Outcome.REFUSED
    assert await told(honnin, "38-6") == (Outcome.APPLIED, "")
    assert (await newest(honnin)).municipality == OTHER


async def test_it_outlives_a_restart_and_the_first_word_too(honnin: Bench) -> None:
    await both(honnin, ANNOUNCE_BOUNDARY, MOVES)
    assert not await ask(honnin, ANNOUNCE_BOUNDARY, "a", AHEAD)
    await honnin.stop()
    await honnin.start()
    assert await listed(honnin) == [MOVES]
    await send(honnin, notice("1"))
    assert await told(honnin, "38") == (Outcome.APPLIED, "")
    assert await ask(honnin, ANNOUNCE_BOUNDARY, "b", AHEAD)
    assert await listed(honnin) == [MOVES, AHEAD]


async def test_the_first_word_ends_after_a_day(honnin: Bench) -> None:
    assert not await ask(honnin, ANNOUNCE_BOUNDARY, "a", MOVES)
    honnin.clock.advance(timedelta(hours=24))
    assert not await ask(honnin, ANNOUNCE_BOUNDARY, "b", MOVES)
    assert await ask(honnin, ANNOUNCE_BOUNDARY, "a", MOVES)


async def test_two_people_take_one_back_before_its_day_and_nobody_does_on_it(honnin: Bench) -> None:
    await both(honnin, ANNOUNCE_BOUNDARY, AHEAD)
    await both(honnin, WITHDRAW_BOUNDARY, AHEAD)
    assert await listed(honnin) == []
    with pytest.raises(ConflictError, match=r"boundary\.not_announced"):
        await ask(honnin, WITHDRAW_BOUNDARY, "a", AHEAD)
    await both(honnin, ANNOUNCE_BOUNDARY, AHEAD)
    assert not await ask(honnin, WITHDRAW_BOUNDARY, "a", AHEAD)
    honnin.clock.advance(timedelta(days=7))
    with pytest.raises(ConflictError, match=r"boundary\.begun"):
        await ask(honnin, WITHDRAW_BOUNDARY, "b", AHEAD)
    assert await listed(honnin) == [AHEAD]


async def test_what_one_announces_and_another_takes_back_is_neither(honnin: Bench) -> None:
    await both(honnin, ANNOUNCE_BOUNDARY, AHEAD)
    assert not await ask(honnin, WITHDRAW_BOUNDARY, "a", AHEAD)
    assert not await ask(honnin, ANNOUNCE_BOUNDARY, "b", replace(AHEAD, new="35202"))
    assert await listed(honnin) == [AHEAD]


WRONG = [
    (replace(MOVES, old="13101"), "boundary.unknown_municipality", "old"),
    (replace(MOVES, new="352012"), "boundary.unknown_municipality", "new"),
    (replace(MOVES, new=SENDER), "boundary.same", "new"),
    (replace(MOVES, on=date.min), "boundary.not_valid", "on"),
    (replace(MOVES, old="35205"), "boundary.not_valid", "old"),
    (BoundaryChange(old="35205", new="35215", on=date(2003, 4, 20)), "boundary.not_valid", "new"),
]


@pytest.mark.parametrize(("change", "code", "field"), WRONG)
def test_what_cannot_be_is_refused(change: BoundaryChange, code: str, field: str) -> None:
    with pytest.raises(InputError) as refused:
        boundaries.checked(change)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_merger_of_the_past_is_possible_on_its_own_day() -> None:
    merged = boundaries.checked(BoundaryChange(old="35205", new="35215", on=date(2003, 4, 21)))
    assert (merged.old, merged.new, merged.on) == ("35205", "35215", 20030421)


async def test_every_word_of_it_is_in_the_log(honnin: Bench, caller: Caller) -> None:
    await both(honnin, ANNOUNCE_BOUNDARY, AHEAD)
    await both(honnin, WITHDRAW_BOUNDARY, AHEAD)
    refused: list[JukuraError] = []
    for who, change in ((caller, AHEAD), (clerk("a"), replace(AHEAD, new=SENDER))):
        with pytest.raises(JukuraError) as error:
            await honnin.open.desk.handlers[ANNOUNCE_BOUNDARY](who, change)
        refused.append(error.value)
    assert isinstance(refused[0], AuthorityError)
    headers = [entry.header for entry in await entries(honnin)]
    assert [(one.action, one.actor, one.code) for one in headers] == [
        (Action.BOUNDARY_ANNOUNCE_ASKED, "operator:a", ""),
        (Action.BOUNDARY_ANNOUNCED, "operator:b", ""),
        (Action.BOUNDARY_WITHDRAW_ASKED, "operator:a", ""),
        (Action.BOUNDARY_WITHDRAWN, "operator:b", ""),
        (Action.BOUNDARY_ANNOUNCE_ASKED, "operator:op1", "right.missing"),
        (Action.BOUNDARY_ANNOUNCE_ASKED, "operator:a", "boundary.same"),
    ]
    assert headers[1].counts == {"old": 35203, "new": 35201, "on": 20261201}
    with pytest.raises(AuthorityError):
        await honnin.open.desk.handlers[BOUNDARIES](caller, Empty())


async def test_fuhyo_has_nothing_to_announce(fuhyo: Bench) -> None:
    with pytest.raises(InputError, match=r"boundary\.not_here"):
        await ask(fuhyo, ANNOUNCE_BOUNDARY, "a", MOVES)
    assert await listed(fuhyo) == []


async def test_a_commit_that_failed_announces_nothing(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not await ask(honnin, ANNOUNCE_BOUNDARY, "a", MOVES)

    async def full(_: object) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as broken:
        broken.setattr(honnin.open.engine, "apply", full)
        with pytest.raises(JukuraError, match=r"store\.cannot_write"):
            await ask(honnin, ANNOUNCE_BOUNDARY, "b", MOVES)
    assert await listed(honnin) == []
    assert await ask(honnin, ANNOUNCE_BOUNDARY, "b", MOVES)


async def test_what_is_announced_is_not_announced_again_and_there_is_an_end_to_it(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await both(honnin, ANNOUNCE_BOUNDARY, AHEAD)
    with pytest.raises(ConflictError, match=r"boundary\.announced_already"):
        await ask(honnin, ANNOUNCE_BOUNDARY, "a", AHEAD)
    monkeypatch.setattr(boundaries, "MOST", 1)
    with pytest.raises(ConflictError, match=r"boundary\.too_many"):
        await ask(honnin, ANNOUNCE_BOUNDARY, "a", MOVES)
    assert await listed(honnin) == [AHEAD]
