"""A daemon that is taken over tries everything that its socket lets it say. Each is refused, and nothing changes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from daemon.clock import ManualClock
from daemon.contract import note
from daemon.contract.statement import cancel_text, proposal_text
from daemon.errors import InputError, JukuraError
from hsm import frames
from hsm.deeds import lines_of, name_of
from hsm.fake import FakeKeyService
from hsm.protocol import (
    Custodian,
    Deed,
    DestroyKey,
    EnrolToken,
    Proposal,
    Request,
    RetireToken,
    RotateSeal,
    SetClock,
    SetCustodians,
    SignCheckpoint,
)
from tests.hsm.kit import CUSTODIANS, HOLDERS, Holder, agree, carried_out, consent, grown

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
KEYS = [
    "live.1",
    "live.2",
    "store.1",
    "hold.1",
    "seal.1",
    "log.2026",
    "work.2026-10",
    "work.2026-12",
    "expire.2176",
]
STRANGER = Holder("sato")
"""Has a key of their own, and calls themselves by the name of a custodian."""
FORMER = Holder("tanaka")


class ForwardClock(ManualClock):
    """A clock whose wall can be moved by whoever has the machine."""

    def jump(self, by: timedelta) -> None:
        self._now += by


@dataclass
class Prey:
    """The service under attack, and what custodians have signed honestly."""

    service: FakeKeyService
    clock: ForwardClock
    open: Proposal
    """DestroyKey(live.1), signed by one custodian."""
    unripe: Proposal
    """RotateSeal, signed by two, less than 72 hours ago."""
    cancelled: Proposal
    done: Proposal
    """SetCustodians, which removed FORMER."""


@pytest.fixture
async def prey() -> AsyncIterator[Prey]:
    clock = ForwardClock(NOW)
    service = FakeKeyService(clock=clock, tokens=2, custodians=[*CUSTODIANS[:2], FORMER.custodian])
    await service.make(KEYS)
    await service.sign_checkpoint(grown(5))
    done = await agree(service, SetCustodians(list(CUSTODIANS)))
    clock.advance(timedelta(hours=72))
    done = await carried_out(service, done)
    cancelled = await agree(service, DestroyKey("hold.1"))
    await service.cancel_proposal(cancelled.id, HOLDERS[0].id, HOLDERS[0].sign(cancelled.cancel_text))
    half = await agree(service, DestroyKey("live.1"), HOLDERS[0])
    unripe = await agree(service, RotateSeal())
    clock.advance(timedelta(hours=71, minutes=59))
    yield Prey(service, clock, half, unripe, cancelled, done)
    await service.close()


async def facts(prey: Prey) -> tuple[object, ...]:
    """All that an attack may not change; proposals that were only put before the custodians aside."""
    service = prey.service
    listed = await service.keys()
    known = {prey.open.id, prey.unripe.id, prey.cancelled.id, prey.done.id}
    proposed = await service.proposals()
    return (
        [(key.name, key.tokens) for key in listed.keys],
        listed.pairs,
        listed.destroyed,
        [each for each in proposed.proposals if each.id in known],
        proposed.custodians,
        await service.witness(),
        [statement.note for statement in await service.statements(0)],
        [(token.serial, token.uri) for token in (await service.ping()).tokens],
    )


Attack = Callable[[Prey], Awaitable[object]]


def make(*wanted: str) -> Attack:
    return lambda prey: prey.service.make(wanted)


def unwrap(*wanted: str) -> Attack:
    return lambda prey: prey.service.unwrap(wanted)


def kill(*wanted: str) -> Attack:
    return lambda prey: prey.service.destroy_lawful(wanted)


def checkpoint(request: SignCheckpoint, **changes: Any) -> Attack:
    return lambda prey: prey.service.sign_checkpoint(msgspec.structs.replace(request, **changes))


def propose(deed: Deed) -> Attack:
    return lambda prey: prey.service.propose(deed)


def carry(which: Callable[[Prey], str]) -> Attack:
    return lambda prey: prey.service.carry_out(which(prey))


def signed(text: Callable[[Prey], bytes], holder: Holder, *, under: str = "") -> Attack:
    """Hand in, for the open proposal, what a custodian (or another) signed elsewhere."""
    return lambda prey: prey.service.sign_proposal(
        prey.open.id, under or holder.id, holder.sign(text(prey).decode())
    )


def text_for(
    deed: Deed, *, register: str = "honnin", ident: str | None = None, asked: timedelta = timedelta()
) -> Callable[[Prey], bytes]:
    """The text of a proposal that is not the open one in one respect."""

    def text(prey: Prey) -> bytes:
        own = prey.open
        return proposal_text(register, name_of(deed), ident or own.id, own.asked + asked, lines_of(deed))

    return text


def open_text(prey: Prey) -> bytes:
    return prey.open.text.encode()


def open_cancel_text(prey: Prey) -> bytes:
    return cancel_text("honnin", "destroy_key", prey.open.id, prey.open.asked, [("name", "live.1")])


async def retarget(prey: Prey) -> None:
    """Two honest signatures for one token's URI, handed in for another module's."""
    good = await prey.service.propose(EnrolToken("pkcs11:token=new?module-path=/usr/lib/good.so"))
    evil = await prey.service.propose(EnrolToken("pkcs11:token=new?module-path=/tmp/evil.so"))
    for holder in HOLDERS[:2]:
        await prey.service.sign_proposal(evil.id, holder.id, holder.sign(good.text))


async def own_custodians(prey: Prey) -> None:
    """Two custodians of the attacker's own making."""
    mine = [Holder("mallory"), Holder("mallet")]
    proposal = await prey.service.propose(SetCustodians([each.custodian for each in mine]))
    for each in mine:
        await consent(prey.service, proposal, each)


async def one_alone(prey: Prey) -> None:
    """One custodian who signs again and again, under each name."""
    for _ in range(3):
        await consent(prey.service, prey.open, HOLDERS[0])
    assert (await prey.service.proposals()).proposals[2].signed_by == [HOLDERS[0].id]
    await prey.service.sign_proposal(prey.open.id, HOLDERS[1].id, HOLDERS[0].sign(prey.open.text))


async def forward(prey: Prey) -> None:
    """The machine's clock, set to when the key's date has passed."""
    prey.clock.jump(timedelta(days=4000))
    await prey.service.destroy_lawful(["log.2026"])


async def forward_by_days(prey: Prey) -> None:
    """The same in steps of less than a day, with a restart in between."""
    for _ in range(100):
        prey.clock.jump(timedelta(hours=23))
        if not (await prey.service.ping()).alarms:
            prey.service.restart()
    await prey.service.destroy_lawful(["work.2026-12"])


async def hasten(prey: Prey) -> None:
    """The 72 hours, shortened by the wall clock."""
    prey.clock.jump(timedelta(days=3))
    await prey.service.carry_out(prey.unripe.id)


async def flood(prey: Prey) -> None:
    for _ in range(100):
        await prey.service.propose(RotateSeal())


async def clock_alone(prey: Prey) -> None:
    prey.clock.jump(timedelta(days=4000))
    proposal = await prey.service.propose(SetClock(prey.clock.now()))
    await prey.service.carry_out(proposal.id)


ATTACKS: dict[str, tuple[Attack, str]] = {
    "a generation far off": (make("live.100000"), "hsm.not_next_generation"),
    "a year far off": (make("expire.2300"), "hsm.out_of_window"),
    "a log year to come": (make("log.2030"), "hsm.out_of_window"),
    "a month long past": (make("work.2020-01"), "hsm.out_of_window"),
    "temporary numbers": (make("transit.2026-11-28T12"), "hsm.no_business"),
    "a second seal": (make("seal.2"), "hsm.not_next_generation"),
    "another kind of key": (make("root.1"), "hsm.name_unknown"),
    "the seal itself": (unwrap("seal.1"), "hsm.key_stays"),
    "a key that is not there": (unwrap("live.3"), "hsm.key_unknown"),
    "a label with a path": (unwrap("live.1/../seal.1"), "hsm.name_unknown"),
    "early destruction": (kill("expire.2176"), "hsm.key_not_due"),
    "early among the due": (kill("work.2026-10", "log.2026"), "hsm.key_not_due"),
    "the newest live by date": (kill("live.2"), "hsm.key_needs_custodians"),
    "a hold by date": (kill("hold.1"), "hsm.key_needs_custodians"),
    "the seal by date": (kill("seal.1"), "hsm.key_needs_custodians"),
    "a fork": (checkpoint(grown(5), root=grown(6).root), "hsm.checkpoint_inconsistent"),
    "no proof": (checkpoint(grown(9)), "hsm.checkpoint_inconsistent"),
    "another's proof": (checkpoint(grown(9, since=4)), "hsm.checkpoint_inconsistent"),
    "a cut": (checkpoint(grown(3)), "hsm.checkpoint_inconsistent"),
    "an empty log": (checkpoint(grown(0)), "hsm.checkpoint_inconsistent"),
    "another epoch": (checkpoint(grown(5), epoch=2), "hsm.epoch_unknown"),
    "a statement as a checkpoint": (
        checkpoint(grown(5), extensions=["x\njukura.jp/honnin/statement"]),
        "hsm.checkpoint_malformed",
    ),
    "unsigned": (carry(lambda prey: prey.open.id), "hsm.proposal_unsigned"),
    "a minute early": (carry(lambda prey: prey.unripe.id), "hsm.proposal_unripe"),
    "cancelled": (carry(lambda prey: prey.cancelled.id), "hsm.proposal_closed"),
    "never proposed": (carry(lambda _: "0" * 32), "hsm.proposal_unknown"),
    "another proposal's signature": (
        signed(lambda prey: prey.unripe.text.encode(), HOLDERS[1]),
        "hsm.custodian_signature_false",
    ),
    "the same for another register": (
        signed(text_for(DestroyKey("live.1"), register="fuhyo"), HOLDERS[1]),
        "hsm.custodian_signature_false",
    ),
    "for another id": (
        signed(text_for(DestroyKey("live.1"), ident="0" * 32), HOLDERS[1]),
        "hsm.custodian_signature_false",
    ),
    "for another key": (
        signed(text_for(DestroyKey("live.9")), HOLDERS[1]),
        "hsm.custodian_signature_false",
    ),
    "for another time": (
        signed(text_for(DestroyKey("live.1"), asked=timedelta(days=-9)), HOLDERS[1]),
        "hsm.custodian_signature_false",
    ),
    "a signature to cancel": (signed(open_cancel_text, HOLDERS[1]), "hsm.custodian_signature_false"),
    "a stranger's": (signed(open_text, STRANGER), "hsm.custodian_signature_false"),
    "under an unknown name": (signed(open_text, HOLDERS[1], under="nobody"), "hsm.custodian_unknown"),
    "a former custodian's": (signed(open_text, FORMER), "hsm.custodian_unknown"),
    "one custodian for another": (one_alone, "hsm.custodian_signature_false"),
    "no signature": (
        lambda prey: prey.service.sign_proposal(prey.open.id, HOLDERS[1].id, b""),
        "hsm.custodian_signature_false",
    ),
    "cancelling without a key": (
        lambda prey: prey.service.cancel_proposal(prey.unripe.id, HOLDERS[0].id, b"x" * 5000),
        "hsm.custodian_signature_false",
    ),
    "cancelling with consent": (
        lambda prey: prey.service.cancel_proposal(
            prey.unripe.id, HOLDERS[0].id, HOLDERS[0].sign(prey.unripe.text)
        ),
        "hsm.custodian_signature_false",
    ),
    "signing what is done": (
        lambda prey: consent(prey.service, prey.done, HOLDERS[2]),
        "hsm.proposal_closed",
    ),
    "another module": (retarget, "hsm.custodian_signature_false"),
    "no module": (propose(EnrolToken("pkcs11:token=x")), "hsm.uri_module"),
    "a relative module": (propose(EnrolToken("pkcs11:token=x?module-path=evil.so")), "hsm.uri_module"),
    "a line in a URI": (propose(EnrolToken("pkcs11:token=x?module-path=/x\n")), "hsm.uri_malformed"),
    "custodians of one's own": (own_custodians, "hsm.custodian_unknown"),
    "a line in a name": (
        propose(
            SetCustodians(
                [CUSTODIANS[0], Custodian(id="x", name="x\ncustodian y", public=STRANGER.custodian.public)]
            )
        ),
        "hsm.custodian_malformed",
    ),
    "the newest live": (propose(DestroyKey("live.2")), "hsm.key_in_force"),
    "the only store": (propose(DestroyKey("store.1")), "hsm.key_in_force"),
    "a lawful key by custodians": (propose(DestroyKey("log.2026")), "hsm.key_dies_on_its_date"),
    "a token that is none": (propose(RetireToken("x")), "hsm.token_unknown"),
    "a clock far off": (propose(SetClock(NOW + timedelta(days=4000))), "hsm.clock_differs"),
    "a clock without a zone": (propose(SetClock(datetime(2026, 11, 28))), "hsm.request_malformed"),  # noqa: DTZ001
    "the clock set without custodians": (clock_alone, "hsm.proposal_unsigned"),
    "the machine's clock": (forward, "hsm.key_not_due"),
    "the machine's clock, day by day": (forward_by_days, "hsm.key_not_due"),
    "the 72 hours by the machine's clock": (hasten, "hsm.proposal_unripe"),
    "proposals without end": (flood, "hsm.too_many_proposals"),
}


@pytest.mark.parametrize(("attack", "code"), ATTACKS.values(), ids=ATTACKS)
async def test_each_attack_is_refused_with_its_reason_and_changes_nothing(
    prey: Prey, attack: Attack, code: str
) -> None:
    before = await facts(prey)
    with pytest.raises(JukuraError) as caught:
        await attack(prey)
    assert caught.value.code == code
    assert await facts(prey) == before


NOT_REQUESTS = [
    {"type": "sign", "text": b"anything"},
    {"type": "sign_statement", "kind": "token_retired", "lines": []},
    {"type": "destroy", "names": ["live.2"]},
    {"type": "derive", "label": "live.1", "data": b""},
    {"type": "make_secret", "label": "live.9"},
    {"type": "ping", "force": True},
    {"type": "carry_out", "id": "x", "deed": {"type": "rotate_seal"}},
    {"type": "propose", "deed": {"type": "reveal", "name": "seal.1"}},
    {"type": "propose", "deed": {"type": "destroy_key", "name": "live.1", "at_once": True}},
    {"type": "make", "names": "live.3"},
    {"names": ["live.3"]},
    ["ping"],
    "ping",
]


@pytest.mark.parametrize("message", NOT_REQUESTS, ids=str)
def test_what_is_no_request_is_not_understood(message: object) -> None:
    decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
    with pytest.raises(InputError, match=r"hsm\.request_malformed"):
        frames.unpack(msgspec.msgpack.encode(message), decoder)


async def test_100_000_generations_come_to_eight(prey: Prey) -> None:
    """Those of the first requests are made, as they might be in need; then it is over, and the rest is untouched."""
    before = await facts(prey)
    with pytest.raises(JukuraError, match=r"hsm\.too_many_generations"):
        await prey.service.make([f"live.{number}" for number in range(3, 100_000)])
    alive = [info.name for info in (await prey.service.keys()).keys]
    assert sorted(name for name in alive if name.startswith("live.")) == [f"live.{n}" for n in range(1, 9)]
    assert (await facts(prey))[1:] == before[1:]


async def test_nothing_that_is_signed_for_the_daemon_passes_for_a_statement(prey: Prey) -> None:
    """Checkpoints and statements are signed by the same pairs; their first lines keep them apart."""
    signed = await prey.service.sign_checkpoint(
        msgspec.structs.replace(grown(5), extensions=["destruction", "1", "name live.2"])
    )
    text, ((name, _, _),) = note.split(signed)
    assert text.startswith(b"jukura.jp/honnin/1\n5\n")
    assert name == "jukura.jp/honnin/1"
    assert all(s.note.startswith("jukura.jp/honnin/statement\n") for s in await prey.service.statements(0))


async def test_a_signature_of_one_who_is_no_custodian_any_more_does_not_count(prey: Prey) -> None:
    """What was signed honestly loses its force with the office of the one who signed."""
    proposal = await agree(prey.service, RotateSeal())
    change = await agree(prey.service, SetCustodians([CUSTODIANS[0], CUSTODIANS[2]]))
    prey.clock.advance(timedelta(hours=72))
    await carried_out(prey.service, change)
    shown = next(p for p in (await prey.service.proposals()).proposals if p.id == proposal.id)
    assert (shown.signed_by, shown.ripe) == ([HOLDERS[0].id], None)
    with pytest.raises(JukuraError, match=r"hsm\.proposal_unsigned"):
        await prey.service.carry_out(proposal.id)
