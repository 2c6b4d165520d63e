"""Deeds that custodians decide, from the console: proposed, signed, cancelled, carried out; each one an entry."""

import asyncio
from datetime import timedelta

import pytest

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Role
from daemon.commands.custody import proposals
from daemon.contract import keys as contract
from daemon.contract.keys import CarryOut, ClearPin, DestroyKey, EnrolToken, SignProposal, StatementsAfter
from daemon.errors import AuthorityError, ConflictError, JukuraError, StateError
from daemon.store.engine import Table
from hsm.protocol import Proposal
from tests.commands.custody.custodians import RIPE, Desk, count, last, until
from tests.commands.inquiries.asking import query, search
from tests.commands.notices.test_notices import entries, notice, send
from tests.conftest import Bench
from tests.hsm.kit import HOLDERS


async def agreed(honnin: Bench, caller: Caller) -> tuple[Desk, Proposal]:
    """The old `live`, rotated away and put before the custodians, who have signed."""
    desk = Desk(honnin, caller)
    await send(honnin, notice("n1"))
    await desk.rotate()
    return desk, await desk.agree(DestroyKey("live.1"))


async def test_a_key_is_destroyed_after_two_signatures_and_72_hours_and_never_before(
    honnin: Bench, caller: Caller
) -> None:
    desk, proposal = await agreed(honnin, caller)
    honnin.clock.advance(RIPE - timedelta(seconds=1))
    with pytest.raises(AuthorityError, match=r"hsm\.proposal_unripe"):
        await desk.carry_out(proposal)
    refused = await last(honnin, Action.KEY_CARRIED_OUT)
    assert (refused.header.outcome, refused.header.code) == (Outcome.REFUSED, "hsm.proposal_unripe")
    assert "live.1" in await desk.keys()
    honnin.clock.advance(timedelta(seconds=1))
    assert (await desk.carry_out(proposal)).done is not None
    listed = await desk.ask(contract.LIST_KEYS)
    assert "live.1" not in {key.name for key in listed.keys}
    assert [(gone.name, gone.complete) for gone in listed.destroyed] == [("live.1", True)]
    await honnin.open.signer.sign()
    assert (await search(honnin, caller, query("じゅうみん"))).hits


async def test_the_log_tells_the_whole_story_with_who_and_where(honnin: Bench, caller: Caller) -> None:
    desk, proposal = await agreed(honnin, caller)
    honnin.clock.advance(RIPE)
    await desk.carry_out(proposal)
    story = [entry for entry in await entries(honnin) if entry.header.action.startswith("key.")]
    told = [
        (entry.header.action, entry.header.counts) for entry in story if entry.header.actor == "operator:key1"
    ]
    deed = {"destroy_key": 1, "live": 1}
    assert told[1:] == [
        (Action.KEY_PROPOSED, deed),
        (Action.KEY_SIGNED, deed | {"signatures": 1}),
        (Action.KEY_SIGNED, deed | {"signatures": 2}),
        (Action.KEY_CARRY_OUT, deed | {"signatures": 2}),
        (Action.KEY_CARRIED_OUT, deed | {"signatures": 2}),
    ]
    assert {entry.header.terminal for entry in story if entry.header.actor == "operator:key1"} == {"T01"}
    signed = await last(honnin, Action.KEY_SIGNED)
    assert (signed.fields["custodian"].value, signed.fields["proposal"].value) == (HOLDERS[1].id, proposal.id)
    destroyed = await last(honnin, Action.KEY_DESTROYED)
    assert destroyed.header.counts == {"live": 1, "rows": 0, "missing": 0}
    statement = await last(honnin, Action.KEY_STATEMENT)
    assert statement.header.counts == {"number": 1, "destruction": 1}
    assert "name live.1\n" in str(statement.fields["note"].value)


async def test_the_register_forgets_the_key_at_once(honnin: Bench, caller: Caller) -> None:
    desk, proposal = await agreed(honnin, caller)
    honnin.clock.advance(RIPE)
    keyring = honnin.open.custody._keyring
    assert "live.1" in keyring
    await desk.carry_out(proposal)
    assert "live.1" not in keyring
    assert keyring.newest("live") == "live.2"


async def test_a_key_in_use_is_not_put_before_the_custodians(honnin: Bench, caller: Caller) -> None:
    desk = Desk(honnin, caller)
    await send(honnin, notice("n1"))
    with pytest.raises(ConflictError, match=r"key\.in_use") as refused:
        await desk.propose(DestroyKey("live.1"))
    assert refused.value.field == "live.1"
    assert not (await desk.ask(contract.PROPOSALS)).proposals
    entry = await last(honnin, Action.KEY_PROPOSED)
    assert (entry.header.code, entry.fields["deed"].value) == (
        "key.in_use", {"type": "destroy_key", "name": "live.1"},
    )  # fmt: skip


async def test_a_value_that_the_running_count_does_not_know_still_saves_its_key(
    honnin: Bench, caller: Caller
) -> None:
    """Right before the end every value is looked at: a count that was wrong costs nobody their data."""
    await send(honnin, notice("n1"))
    ((row, under_the_old),) = await honnin.open.engine.scan(Table.ROWS, limit=1)
    desk, proposal = await agreed(honnin, caller)
    await honnin.open.engine.apply({Table.ROWS: {row: under_the_old}})
    assert (await desk.keys())["live.1"].dependents == 0
    honnin.clock.advance(RIPE)
    with pytest.raises(ConflictError, match=r"key\.in_use"):
        await desk.carry_out(proposal)
    assert "live.1" in await desk.keys()
    assert (await last(honnin, Action.KEY_CARRIED_OUT)).header.code == "key.in_use"


async def test_any_custodian_stops_it_until_it_is_done(honnin: Bench, caller: Caller) -> None:
    desk, proposal = await agreed(honnin, caller)
    honnin.clock.advance(RIPE)
    assert (await desk.cancel(proposal)).cancelled_by == HOLDERS[2].id
    with pytest.raises(ConflictError, match=r"hsm\.proposal_closed"):
        await desk.carry_out(proposal)
    assert "live.1" in await desk.keys()
    assert (await last(honnin, Action.KEY_CANCELLED)).fields["custodian"].value == HOLDERS[2].id


@pytest.mark.parametrize("forged", [b"", b"x" * 70, "cancel"])
async def test_signatures_are_passed_on_and_judged_by_the_key_service(
    honnin: Bench, caller: Caller, forged: bytes | str
) -> None:
    desk = Desk(honnin, caller)
    proposal = await desk.propose(EnrolToken(honnin.service.plug_in().uri))
    signature = HOLDERS[0].sign(proposal.cancel_text) if isinstance(forged, str) else forged
    with pytest.raises(JukuraError):
        await desk.ask(contract.SIGN, SignProposal(proposal.id, HOLDERS[0].id, signature))
    entry = await last(honnin, Action.KEY_SIGNED)
    assert (entry.header.outcome, entry.header.code) == (Outcome.REFUSED, "hsm.custodian_signature_false")
    (seen,) = (await desk.ask(contract.PROPOSALS)).proposals
    assert seen.signed_by == []


async def test_a_second_token_is_enrolled_and_its_statements_stand_in_the_log(
    honnin: Bench, caller: Caller
) -> None:
    desk = Desk(honnin, caller)
    proposal = await desk.agree(EnrolToken(honnin.service.plug_in().uri))
    while proposal.done is None:
        proposal = await desk.carry_out(proposal)
    told = await desk.ask(contract.TOKENS)
    assert len(told.tokens) == 2
    assert "one_token" not in told.alarms
    kinds = [
        next(kind for kind in entry.header.counts if kind != "number")
        for entry in await entries(honnin)
        if entry.header.action is Action.KEY_STATEMENT
    ]
    assert sorted(kinds) == ["endorsement", "token_enrolled"]


async def test_an_administrator_proposes_and_decides_nothing(honnin: Bench, caller: Caller) -> None:
    desk = Desk(honnin, caller, Role.ADMINISTRATOR)
    proposal = await desk.propose(ClearPin("fake-1"))
    for endpoint, asked in (
        (contract.SIGN, SignProposal(proposal.id, HOLDERS[0].id, HOLDERS[0].sign(proposal.text))),
        (contract.CARRY_OUT, CarryOut(proposal.id)),
    ):
        with pytest.raises(AuthorityError, match=r"right\.missing"):
            await desk.ask(endpoint, asked)
    assert (await last(honnin, Action.KEY_SIGNED)).header.code == "right.missing"
    assert (await last(honnin, Action.KEY_CARRY_OUT)).header.code == "right.missing"


async def test_what_is_carried_out_goes_on_when_nobody_waits(
    honnin: Bench, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, proposal = await agreed(honnin, caller)
    honnin.clock.advance(RIPE)
    monkeypatch.setattr(proposals, "PATIENCE", 0.01)
    gate, real = asyncio.Event(), honnin.service.carry_out

    async def slow(ident: str) -> Proposal:
        await gate.wait()
        return await real(ident)

    monkeypatch.setattr(honnin.service, "carry_out", slow)
    assert (await desk.carry_out(proposal)).done is None
    assert (await desk.carry_out(proposal)).done is None
    assert await count(honnin, Action.KEY_CARRY_OUT) == 1
    gate.set()
    await until(lambda: "live.1" not in honnin.open.custody._keyring)
    await asyncio.sleep(0.05)
    assert (await desk.carry_out(proposal)).done is not None
    assert await count(honnin, Action.KEY_DESTROYED) == 1


async def test_a_token_that_goes_away_in_the_middle_is_said_and_it_is_taken_up_again(
    honnin: Bench, caller: Caller
) -> None:
    desk = Desk(honnin, caller)
    proposal = await desk.agree(EnrolToken(honnin.service.plug_in().uri))
    honnin.service.token.away = True
    with pytest.raises(StateError):
        await desk.carry_out(proposal)
    honnin.service.token.away = False
    while proposal.done is None:
        proposal = await desk.carry_out(proposal)
    assert len((await desk.ask(contract.TOKENS)).tokens) == 2


async def test_a_proposal_that_is_not_there(honnin: Bench, caller: Caller) -> None:
    with pytest.raises(ConflictError, match=r"hsm\.proposal_unknown"):
        await Desk(honnin, caller).ask(contract.CARRY_OUT, CarryOut("0" * 32))


async def test_statements_are_handed_out_as_they_were_signed(honnin: Bench, caller: Caller) -> None:
    desk, proposal = await agreed(honnin, caller)
    honnin.clock.advance(RIPE)
    await desk.carry_out(proposal)
    (statement,) = (await desk.ask(contract.STATEMENTS, StatementsAfter(0))).statements
    assert statement.note == (await last(honnin, Action.KEY_STATEMENT)).fields["note"].value
    assert (await desk.ask(contract.STATEMENTS, StatementsAfter(1))).statements == []
