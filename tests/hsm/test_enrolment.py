"""Tokens come and go by the word of custodians: enrolled, replaced, retired, and no key is ever lost."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from daemon.clock import ManualClock
from daemon.errors import AuthorityError, ConflictError
from hsm.fake import FakeKeyService
from hsm.protocol import (
    Alarm,
    DestroyKey,
    EnrolToken,
    ReplaceToken,
    RetireToken,
    SignatureKind,
)
from hsm.softtoken import SoftToken
from tests.hsm.kit import CUSTODIANS, HOLDERS, agree, carried_out
from tests.hsm.several import DATA, NAMES, NOW, WAIT, labels, pairs_hang_together, signed_by


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def two(clock: ManualClock) -> AsyncIterator[FakeKeyService]:
    service = FakeKeyService(clock=clock, tokens=2, custodians=CUSTODIANS)
    yield service
    await service.close()


@pytest.fixture
async def one(clock: ManualClock) -> AsyncIterator[FakeKeyService]:
    service = FakeKeyService(clock=clock, custodians=CUSTODIANS)
    yield service
    await service.close()


@pytest.fixture
def stepwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step of carrying out in each request."""
    monkeypatch.setattr("hsm.acts.proposals.STEPPING", 0.0)


async def test_a_second_token_is_enrolled_and_each_alone_serves(one: FakeKeyService) -> None:
    await one.make(NAMES)
    keys = await one.unwrap(DATA)
    second = one.plug_in()
    proposal = await agree(one, EnrolToken(second.uri))
    assert Alarm.ONE_TOKEN in (await one.ping()).alarms
    done = await carried_out(one, proposal)
    assert done.steps_done == done.steps > 0
    pong = await one.ping()
    assert pong.alarms == []
    assert [(token.serial, token.lacking) for token in pong.tokens] == [("fake-1", 0), ("fake-2", 0)]
    statement = (await one.statements(0))[-1]
    assert (statement.kind, "serial fake-2" in statement.note, f"keys {len(NAMES)}" in statement.note) == (
        "token_enrolled",
        True,
        True,
    )
    await pairs_hang_together(one)
    one.tokens[0].away = True
    assert await one.unwrap(DATA) == keys
    assert (await signed_by(one, 2)).serial == "fake-2"


async def test_a_token_is_taken_in_once_and_never_after_it_was_retired(one: FakeKeyService) -> None:
    await one.make(NAMES)
    second = one.plug_in()
    await carried_out(one, await agree(one, EnrolToken(second.uri)))
    with pytest.raises(ConflictError, match=r"hsm\.token_enrolled"):
        await one.propose(EnrolToken(second.uri))
    disguised = second.uri.replace("?", ";model=fake?")  # another way to the same token
    one._plugged[disguised] = second
    proposal = await agree(one, EnrolToken(disguised))
    with pytest.raises(ConflictError, match=r"hsm\.token_enrolled"):
        await one.carry_out(proposal.id)
    await carried_out(one, await agree(one, RetireToken("fake-2")))
    assert await labels(second) == []
    with pytest.raises(ConflictError, match=r"hsm\.token_retired"):
        await carried_out(one, await agree(one, EnrolToken(second.uri)))


async def test_a_token_that_holds_keys_alone_is_not_retired_while_it_is_there(two: FakeKeyService) -> None:
    await two.make(["seal.1"])
    two.tokens[1].away = True
    await two.make(["live.1"])
    proposal = await agree(two, RetireToken("fake-1"))
    with pytest.raises(ConflictError, match=r"hsm\.token_holds_alone"):
        await two.carry_out(proposal.id)
    two.tokens[1].away = False
    await carried_out(two, proposal)
    assert [token.serial for token in (await two.ping()).tokens] == ["fake-2"]
    assert await two.unwrap(["live.1"])


async def test_the_last_token_is_not_retired(two: FakeKeyService) -> None:
    await two.make(["seal.1"])
    both = [await agree(two, RetireToken(token.serial)) for token in (await two.ping()).tokens]
    await carried_out(two, both[0])
    with pytest.raises(AuthorityError, match=r"hsm\.token_last"):
        await two.carry_out(both[1].id)
    assert (await two.ping()).token


async def test_a_certificate_is_complete_once_the_token_that_was_missing_is_out_of_use(
    two: FakeKeyService, clock: ManualClock
) -> None:
    await two.make(["seal.1", "work.2026-10"])
    two.tokens[1].away = True
    clock.advance(timedelta(days=7))
    await two.destroy_lawful(["work.2026-10"])
    await carried_out(two, await agree(two, RetireToken("fake-2")))
    assert Alarm.DESTRUCTION_PARTIAL not in (await two.ping()).alarms
    *_, complete = await two.statements(0)
    assert complete.note.splitlines()[4:7] == ["name work.2026-10", "confirmed fake-1", ""]


async def test_a_lost_token_is_retired_and_stays_out_when_it_is_found(two: FakeKeyService) -> None:
    await two.make(NAMES)
    two.tokens[0].away = True
    await carried_out(two, await agree(two, RetireToken("fake-1")))
    two.tokens[0].away = False
    two.restart()
    pong = await two.ping()
    assert [token.serial for token in pong.tokens] == ["fake-2"]
    assert await two.unwrap(DATA)
    with pytest.raises(ConflictError, match=r"hsm\.token_unknown"):
        await two.propose(RetireToken("fake-1"))


async def test_ten_replacements_in_a_row_lose_nothing(one: FakeKeyService) -> None:
    await one.make(NAMES)
    keys = await one.unwrap(DATA)
    for number in range(2, 12):
        kind = SignatureKind.RSA_PSS_3072 if number == 5 else SignatureKind.ECDSA_P256
        new = one.plug_in(SoftToken(f"fake-{number}", kind))
        (old,) = (await one.ping()).tokens
        await carried_out(one, await agree(one, ReplaceToken(old.serial, new.uri)))
        (only,) = (await one.ping()).tokens
        assert (only.serial, only.signature) == (f"fake-{number}", kind)
        assert await one.unwrap(DATA) == keys
        assert await labels(one.tokens[number - 2]) == []
        assert (await signed_by(one, number, number - 1 if number > 2 else 0)).serial == only.serial
    pairs = await pairs_hang_together(one)
    assert len(pairs) == 11
    kinds = [statement.kind for statement in await one.statements(0)]
    assert kinds == ["endorsement", "token_enrolled", "token_retired"] * 10


@pytest.mark.usefixtures("stepwise")
async def test_a_key_made_while_a_token_joins_is_not_forgotten(one: FakeKeyService) -> None:
    await one.make(NAMES)
    second = one.plug_in()
    proposal = await agree(one, EnrolToken(second.uri))
    await one.carry_out(proposal.id)
    await one.make(["live.2"])
    await carried_out(one, proposal)
    one.tokens[0].away = True
    assert await one.unwrap(["live.2"])


@pytest.mark.usefixtures("stepwise")
async def test_a_key_destroyed_while_a_token_joins_dies_in_it_too(
    one: FakeKeyService, clock: ManualClock
) -> None:
    await one.make(["seal.1", "live.1", "live.2", "live.3", "live.4", "live.5"])
    killing = await agree(one, DestroyKey("live.1"))
    clock.advance(WAIT)
    second = one.plug_in()
    proposal = await agree(one, EnrolToken(second.uri))
    while "live.1" not in second._secrets:
        await one.carry_out(proposal.id)
    await carried_out(one, killing)
    assert "live.1" not in await labels(second)
    await carried_out(one, proposal)
    assert await labels(second) == ["live.2", "live.3", "live.4", "live.5", "seal.1"]
    (gone,) = (await one.keys()).destroyed
    assert gone.confirmed == ["fake-1", "fake-2"]


@pytest.mark.usefixtures("stepwise")
async def test_an_enrolment_that_is_cancelled_leaves_nothing_behind(one: FakeKeyService) -> None:
    await one.make(NAMES)
    second = one.plug_in()
    proposal = await agree(one, EnrolToken(second.uri))
    while not second._secrets:
        await one.carry_out(proposal.id)
    await one.cancel_proposal(proposal.id, HOLDERS[2].id, HOLDERS[2].sign(proposal.cancel_text))
    assert await labels(second) == []
    assert [token.serial for token in (await one.ping()).tokens] == ["fake-1"]
    await carried_out(one, await agree(one, EnrolToken(second.uri)))
    assert len((await one.ping()).tokens) == 2
    await pairs_hang_together(one)
