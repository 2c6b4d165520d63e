"""緊急遮断 and 計画停止: who may, what follows, what is written down, and what outlives a restart."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.action import Action
from daemon.audit.entry import Opened, Outcome
from daemon.commands import stops
from daemon.commands.caller import RIGHTS, Caller, Right, Role
from daemon.commands.halt import Halt
from daemon.commands.stops import Kept
from daemon.contract.announcements import ANNOUNCEMENTS
from daemon.contract.console import LOOKUP, SEARCH, Lookup, Search
from daemon.contract.endpoint import Empty
from daemon.contract.halt import (
    Announce,
    ConfirmResumption,
    HaltState,
    ProposeResumption,
    StopService,
    Withdraw,
)
from daemon.contract.peer import NOTICES
from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError, StateError
from tests.commands.notices.test_notices import entries
from tests.conftest import NOON, Bench

HOUR = timedelta(hours=1)
MINE = {
    Action.SERVICE_STOPPED,
    Action.RESUMPTION_PROPOSED,
    Action.SERVICE_RESUMED,
    Action.STOP_ANNOUNCED,
    Action.STOP_WITHDRAWN,
}


def who(name: str, *roles: Role) -> Caller:
    return Caller(name, "名前", "市町課", frozenset(roles), {}, "T01")


OFFICER, CHIEF = who("sekinin", Role.OFFICER), who("tokatsu", Role.CHIEF)
ADMINISTRATOR, CLERK = who("kanri", Role.ADMINISTRATOR), who("shicho", Role.CLERK, Role.OPERATOR)


async def written(bench: Bench) -> list[Opened]:
    return [entry for entry in await entries(bench) if entry.header.action in MINE]


async def stopped(bench: Bench, by: Caller = OFFICER) -> HaltState:
    return await bench.open.halt.stop(by, StopService("不正な接続の疑い"))


async def test_one_person_stops_it_at_once_and_the_reason_is_sealed(honnin: Bench) -> None:
    state = await stopped(honnin)
    assert state.stopped is not None
    assert (state.stopped.by, state.stopped.since) == ("sekinin", NOON)
    assert not honnin.open.halt.running()
    for endpoint in (NOTICES, ANNOUNCEMENTS):
        with pytest.raises(StateError, match=r"state\.stopped"):
            honnin.open.peer_desk.admit(endpoint)
    (entry,) = await written(honnin)
    assert (entry.header.action, entry.header.actor) == (Action.SERVICE_STOPPED, "operator:sekinin")
    assert entry.fields["reason"].value == "不正な接続の疑い"


async def test_while_stopped_nobody_searches_and_the_refusal_is_an_entry(
    honnin: Bench, caller: Caller
) -> None:
    await stopped(honnin)
    query = Search(affair="plain", purpose="p", application="a", kana="ジュウミン")
    with pytest.raises(StateError, match=r"state\.stopped"):
        await honnin.open.desk.handlers[SEARCH](caller, query)
    look = Lookup(affair="plain", purpose="p", application="a", code="24727059608")
    with pytest.raises(StateError, match=r"state\.stopped"):
        await honnin.open.desk.handlers[LOOKUP](caller, look)
    last = (await entries(honnin))[-2:]
    assert [entry.header.code for entry in last] == ["state.stopped"] * 2


async def test_it_outlives_a_restart(honnin: Bench) -> None:
    await stopped(honnin)
    await honnin.stop()
    await honnin.start()
    assert not honnin.open.halt.running()


async def test_two_people_resume_it(honnin: Bench) -> None:
    halt = honnin.open.halt
    await stopped(honnin)
    first = (await halt.propose(OFFICER, ProposeResumption("調査が済んだ"))).resumption
    assert first is not None
    second = (await halt.propose(ADMINISTRATOR, ProposeResumption("調査が済んだ"))).resumption
    assert second is not None
    with pytest.raises(ConflictError, match=r"halt\.other_proposal"):
        await halt.confirm(CHIEF, ConfirmResumption(first.id))
    assert not halt.running()
    state = await halt.confirm(CHIEF, ConfirmResumption(second.id))
    assert (state.stopped, state.resumption) == (None, None)
    assert halt.running()
    assert [(entry.header.action, entry.header.code) for entry in await written(honnin)] == [
        (Action.SERVICE_STOPPED, ""),
        (Action.RESUMPTION_PROPOSED, ""),
        (Action.RESUMPTION_PROPOSED, ""),
        (Action.SERVICE_RESUMED, "halt.other_proposal"),
        (Action.SERVICE_RESUMED, ""),
    ]


async def test_nobody_confirms_their_own_proposal(honnin: Bench) -> None:
    halt, both = honnin.open.halt, replace(CHIEF, roles=frozenset({Role.CHIEF, Role.OFFICER}))
    await stopped(honnin)
    proposal = (await halt.propose(both, ProposeResumption("x"))).resumption
    assert proposal is not None
    with pytest.raises(AuthorityError, match=r"halt\.same_person"):
        await halt.confirm(both, ConfirmResumption(proposal.id))
    assert not halt.running()


async def test_a_stop_that_cannot_be_written_holds_all_the_same(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object) -> None:
        raise StateError("store.cannot_write")

    with monkeypatch.context() as patch:
        patch.setattr(honnin.open.writer, "write", broken)
        with pytest.raises(StateError, match=r"store\.cannot_write"):
            await stopped(honnin)
    assert not honnin.open.halt.running()
    await honnin.open.halt.announce(ADMINISTRATOR, Announce(begins=NOON, ends=NOON + HOUR, text="x"))
    assert not honnin.open.halt.running()
    await stopped(honnin)
    assert (await written(honnin))[-1].header.outcome is Outcome.OK
    with pytest.raises(ConflictError, match=r"halt\.already_stopped"):
        await stopped(honnin)
    assert not honnin.open.halt.running()


ACTS: dict[Right, Callable[[Halt, Caller], Awaitable[HaltState]]] = {
    Right.STOP: lambda halt, by: halt.stop(by, StopService("x")),
    Right.RESUME_PROPOSE: lambda halt, by: halt.propose(by, ProposeResumption("x")),
    Right.RESUME_CONFIRM: lambda halt, by: halt.confirm(by, ConfirmResumption("x")),
    Right.ANNOUNCE: lambda halt, by: halt.announce(by, Announce(begins=NOON, ends=NOON + HOUR, text="x")),
}


@pytest.mark.parametrize("right", ACTS)
async def test_each_act_is_for_those_who_have_its_right_alone(honnin: Bench, right: Right) -> None:
    for role in Role:
        try:
            await ACTS[right](honnin.open.halt, who("x", role))
        except AuthorityError:
            assert role not in RIGHTS[right]
        except ConflictError:
            assert role in RIGHTS[right]
        else:
            assert role in RIGHTS[right]
    refused = [entry for entry in await written(honnin) if entry.header.code == "right.missing"]
    assert len(refused) == len(Role) - len(RIGHTS[right])


async def test_a_planned_stop_is_told_and_kept(honnin: Bench) -> None:
    halt, desk = honnin.open.halt, honnin.open.peer_desk
    asked = Announce(begins=NOON + HOUR, ends=NOON + 2 * HOUR, text=" 設備点検 ")
    (announced,) = (await halt.announce(ADMINISTRATOR, asked)).announcements
    assert announced.text == "設備点検"
    assert (await desk.acts[ANNOUNCEMENTS]("35203", Empty())).announcements == [announced]
    desk.admit(NOTICES)
    honnin.clock.advance(HOUR)
    with pytest.raises(StateError, match=r"state\.planned_stop"):
        desk.admit(NOTICES)
    desk.admit(ANNOUNCEMENTS)
    assert halt.running()  # the console and the outbox go on
    await honnin.stop()
    await honnin.start()
    with pytest.raises(StateError, match=r"state\.planned_stop"):
        honnin.open.peer_desk.admit(NOTICES)
    honnin.clock.advance(HOUR)
    honnin.open.peer_desk.admit(NOTICES)
    assert honnin.open.halt.state().announcements == []


async def test_a_planned_stop_can_be_ended_before_its_time(honnin: Bench) -> None:
    halt = honnin.open.halt
    (announced,) = (
        await halt.announce(ADMINISTRATOR, Announce(begins=NOON, ends=NOON + HOUR, text="x"))
    ).announcements
    with pytest.raises(ConflictError, match=r"halt\.not_announced"):
        await halt.withdraw(ADMINISTRATOR, Withdraw("other"))
    assert (await halt.withdraw(ADMINISTRATOR, Withdraw(announced.id))).announcements == []
    honnin.open.peer_desk.admit(NOTICES)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [(1, 1), (2, 1), (-2, -1), (1, 1 + 24 * 31 + 1)],
    ids=["empty", "turned", "past", "long"],
)
async def test_a_span_that_makes_no_sense_is_refused(honnin: Bench, begins: int, ends: int) -> None:
    asked = Announce(begins=NOON + begins * HOUR, ends=NOON + ends * HOUR, text="x")
    with pytest.raises(InputError, match=r"halt\.bad_span"):
        await honnin.open.halt.announce(ADMINISTRATOR, asked)


async def test_a_reason_has_to_be_given(honnin: Bench) -> None:
    with pytest.raises(InputError):
        await honnin.open.halt.stop(OFFICER, StopService("  "))
    assert honnin.open.halt.running()


def test_announcements_have_a_bound() -> None:
    kept = Kept()
    for number in range(stops.MOST):
        kept = stops.announce(kept, NOON, Announce(begins=NOON, ends=NOON + HOUR, text="x"), str(number))
    with pytest.raises(ConflictError, match=r"halt\.too_many"):
        stops.announce(kept, NOON, Announce(begins=NOON, ends=NOON + HOUR, text="x"), "more")
    later = NOON + 2 * HOUR
    assert (
        len(
            stops.announce(
                kept, later, Announce(begins=later, ends=later + HOUR, text="x"), "n"
            ).announcements
        )
        == 1
    )


STEPS = st.lists(
    st.tuples(st.sampled_from(["stop", "propose", "confirm"]), st.sampled_from("abc")), max_size=30
)


@given(STEPS)
def test_whatever_is_tried_it_is_resumed_by_two_different_people_or_not_at_all(
    steps: list[tuple[str, str]],
) -> None:
    kept, proposed = Kept(), ""
    for what, name in steps:
        try:
            match what:
                case "stop":
                    new = stops.stop(kept, NOON, name)
                    proposed = ""
                case "propose":
                    new = stops.propose(kept, NOON, name, f"by-{name}")
                    proposed = name
                case _:
                    new = stops.confirm(kept, name, f"by-{proposed}")
                    assert proposed
                    assert proposed != name
                    proposed = ""
        except JukuraError:
            continue
        assert (new.stopped is None) == (what == "confirm")
        kept = new


async def test_what_runs_is_not_resumed(honnin: Bench) -> None:
    halt = honnin.open.halt
    with pytest.raises(ConflictError, match=r"halt\.not_stopped"):
        await halt.propose(OFFICER, ProposeResumption("x"))
    with pytest.raises(ConflictError, match=r"halt\.not_stopped"):
        await halt.confirm(CHIEF, ConfirmResumption("x"))
    assert [entry.header.code for entry in await written(honnin)] == ["halt.not_stopped"] * 2
