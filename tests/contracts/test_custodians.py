"""What custodians decide, on every key service: one suite for the fake and for the real one over each token."""

from datetime import timedelta

import msgspec

from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError
from hsm.client import KeyService
from hsm.protocol import (
    ClearPin,
    Deed,
    DestroyKey,
    EnrolToken,
    RetireToken,
    RotateSeal,
    SetClock,
    SetCustodians,
)
from tests.contracts.asking import NOW, THIS_MONTH, code_of, public, signed_text
from tests.hsm.kit import CUSTODIANS, HOLDERS, agree, carried_out, consent


async def test_a_deed_waits_for_two_custodians_and_72_hours(keys: KeyService) -> None:
    await keys.make(["live.1", "live.2", "seal.1"])
    proposal = await keys.propose(DestroyKey("live.1"))
    assert await code_of(keys.carry_out(proposal.id), AuthorityError) == "hsm.proposal_unsigned"
    for _ in range(2):  # a custodian who signs twice is one custodian
        proposal = await consent(keys, proposal, HOLDERS[0])
        assert (proposal.signed_by, proposal.ripe) == (["sato"], None)
    assert await code_of(keys.carry_out(proposal.id), AuthorityError) == "hsm.proposal_unsigned"
    proposal = await consent(keys, proposal, HOLDERS[1])
    assert proposal.signed_by == ["sato", "suzuki"]
    assert proposal.ripe is not None
    assert timedelta(hours=71) < proposal.ripe - proposal.asked < timedelta(hours=73)
    assert await code_of(keys.carry_out(proposal.id), AuthorityError) == "hsm.proposal_unripe"
    listed = await keys.proposals()
    assert (listed.proposals, {each.id for each in listed.custodians}) == (
        [proposal],
        {each.id for each in CUSTODIANS},
    )
    assert await keys.unwrap(["live.1"])


async def test_any_one_custodian_cancels(keys: KeyService) -> None:
    await keys.make(["live.1", "live.2"])
    proposal = await agree(keys, DestroyKey("live.1"))
    cancelled = await keys.cancel_proposal(proposal.id, HOLDERS[2].id, HOLDERS[2].sign(proposal.cancel_text))
    assert cancelled.cancelled_by == HOLDERS[2].id
    assert await code_of(keys.carry_out(proposal.id), ConflictError) == "hsm.proposal_closed"
    assert await code_of(consent(keys, proposal, HOLDERS[2]), ConflictError) == "hsm.proposal_closed"


NOT_PROPOSED: list[tuple[Deed, type[JukuraError], str]] = [
    (DestroyKey("live.2"), AuthorityError, "hsm.key_in_force"),
    (DestroyKey("store.1"), AuthorityError, "hsm.key_in_force"),
    (DestroyKey("seal.1"), AuthorityError, "hsm.pair_rotates"),
    (DestroyKey(THIS_MONTH), AuthorityError, "hsm.key_dies_on_its_date"),
    (DestroyKey("live.9"), ConflictError, "hsm.key_unknown"),
    (DestroyKey("山田"), InputError, "hsm.name_unknown"),
    (EnrolToken("pkcs11:token=x"), InputError, "hsm.uri_module"),
    (EnrolToken("pkcs11:token=x?module-path=/x&pin-value=1"), InputError, "hsm.uri_has_pin"),
    (RetireToken("nothing"), ConflictError, "hsm.token_unknown"),
    (SetClock(NOW + timedelta(hours=3)), ConflictError, "hsm.clock_differs"),
    (SetCustodians([CUSTODIANS[0]]), InputError, "hsm.custodians_count"),
    (SetCustodians([CUSTODIANS[0]] * 2), InputError, "hsm.custodian_twice"),
    (
        SetCustodians([CUSTODIANS[0], msgspec.structs.replace(CUSTODIANS[0], id="other")]),
        InputError,
        "hsm.custodian_twice",
    ),
    (
        SetCustodians([CUSTODIANS[0], msgspec.structs.replace(CUSTODIANS[1], public=b"x")]),
        InputError,
        "hsm.public_malformed",
    ),
    (
        SetCustodians([CUSTODIANS[0], msgspec.structs.replace(CUSTODIANS[1], name="a\nb")]),
        InputError,
        "hsm.custodian_malformed",
    ),
    (ClearPin("nothing"), ConflictError, "hsm.token_unknown"),
]


async def test_what_cannot_be_is_not_put_before_the_custodians(keys: KeyService) -> None:
    await keys.make(["live.1", "live.2", "store.1", "seal.1", THIS_MONTH])
    for deed, kind, code in NOT_PROPOSED:
        assert (deed, await code_of(keys.propose(deed), kind)) == (deed, code)
    (token,) = (await keys.ping()).tokens
    assert await code_of(keys.propose(RetireToken(token.serial)), AuthorityError) == "hsm.token_last"
    assert await code_of(keys.propose(EnrolToken(token.uri)), ConflictError) == "hsm.token_enrolled"
    assert (await keys.proposals()).proposals == []


async def test_the_clock_is_set_by_two_at_once_and_that_is_stated(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    proposal = await agree(keys, SetClock((await keys.ping()).clock))
    assert (await carried_out(keys, proposal)).done is not None
    (statement,) = await keys.statements(0)
    assert statement.kind == "clock_set"
    assert "\nbefore " in signed_text(statement.note, await public(keys, "seal.1"))
    assert await keys.statements(1) == []


async def test_a_pin_is_cleared_by_two_at_once(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    (token,) = (await keys.ping()).tokens
    await carried_out(keys, await agree(keys, ClearPin(token.label)))
    assert [each.kind for each in await keys.statements(0)] == ["pin_cleared"]


async def test_a_seal_rotates_only_after_its_time(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    proposal = await agree(keys, RotateSeal())
    assert await code_of(keys.carry_out(proposal.id), AuthorityError) == "hsm.proposal_unripe"
    assert [each.name for each in (await keys.keys()).pairs] == ["seal.1"]


async def test_a_proposal_says_in_its_text_what_would_be_done(keys: KeyService) -> None:
    proposal = await keys.propose(SetCustodians(list(CUSTODIANS[:2])))
    assert proposal.text.splitlines()[:3] == ["jukura.jp/honnin/proposal", "set_custodians", proposal.id]
    assert proposal.cancel_text.splitlines()[0] == "jukura.jp/honnin/cancel"
    assert all(each.name in proposal.text and each.id in proposal.text for each in CUSTODIANS[:2])
