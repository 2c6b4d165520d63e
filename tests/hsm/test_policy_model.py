"""The policy against a model of it: whatever is asked in whatever order, these hold.

- A destroyed key never returns, and a key that exists opens to the same bytes for ever.
- The newest `live` is always there.
- A dated key is gone only when its date has passed; any other only by two custodians, 72 hours, and no cancellation.
- Statements have no gap.
"""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from daemon.clock import ManualClock
from daemon.errors import AuthorityError, ConflictError, InputError, StateError, TooMuchError
from hsm import names
from hsm.fake import FakeKeyService
from hsm.protocol import Deed, DestroyKey, Proposal, RotateSeal
from tests.hsm.kit import CUSTODIANS, HOLDERS, Holder

T = TypeVar("T")
REFUSED = (AuthorityError, ConflictError, InputError, TooMuchError, StateError)
KINDS = ("live", "live", "store", "index", "backup", "secret", "hold", "seal")
DATED = (
    "work.2026-10",
    "work.2026-12",
    "log.2026",
    "expire.2176",
    "transit.2026-11-25T12",
    "transit.2026-11-26T00",
)
START = ("seal.1", "live.1", "live.2", "store.1", "store.2", "hold.1", "work.2026-10")
WAIT = timedelta(hours=72)


class Wanted:
    """A proposal as the model knows it."""

    def __init__(self, proposal: Proposal) -> None:
        self.proposal = proposal
        self.signed: dict[str, datetime] = {}
        self.cancelled = False

    def ripe(self, now: datetime) -> bool:
        signed = sorted(self.signed.values())
        return not self.cancelled and len(signed) >= 2 and now >= signed[1] + WAIT


class Policy(RuleBasedStateMachine):
    """A key service with two tokens, asked anything at all."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(datetime(2026, 11, 25, 3, tzinfo=UTC))
        self.runner = asyncio.Runner()
        self.service = self.run(self.made())
        self.keys: dict[str, bytes] = {}
        self.there: set[str] = set()
        self.gone: set[str] = set()
        self.wanted: dict[str, Wanted] = {}

    async def made(self) -> FakeKeyService:
        service = FakeKeyService("fuhyo", clock=self.clock, tokens=2, custodians=CUSTODIANS)
        await service.make(START)
        return service

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def tried(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What is answered; None where it is refused."""
        try:
            return self.run(work)
        except REFUSED:
            return None

    def teardown(self) -> None:
        self.what_opens_opens_to_the_same()
        numbers = [statement.number for statement in self.run(self.service.statements(0))]
        assert numbers == list(range(1, len(numbers) + 1))
        self.run(self.service.close())
        self.runner.close()

    @rule(
        kind=st.sampled_from(KINDS),
        step=st.sampled_from((1, 1, 1, 1, 0, 2)),
        dated=st.sampled_from((None, *DATED)),
    )
    def make(self, kind: str, step: int, dated: str | None) -> None:
        newest = names.newest(kind, self.there | self.gone)
        self.tried(self.service.make([dated or f"{kind}.{max(1, newest + step)}"]))

    @rule(data=st.data())
    def destroy_lawful(self, data: st.DataObject) -> None:
        self.tried(self.service.destroy_lawful([data.draw(st.sampled_from(sorted({*self.there, *DATED})))]))

    @rule(data=st.data(), signers=st.lists(st.sampled_from(HOLDERS), max_size=3))
    def propose(self, data: st.DataObject, signers: list[Holder]) -> None:
        undated = sorted(name for name in self.there if names.ends(name) is None)
        deeds: list[Deed] = [RotateSeal(), *(DestroyKey(name) for name in undated)]
        proposal = self.tried(self.service.propose(data.draw(st.sampled_from(deeds))))
        if proposal is not None:
            self.wanted[proposal.id] = Wanted(proposal)
            for holder in signers:
                self._signs(self.wanted[proposal.id], holder, holder)

    @precondition(lambda self: self.wanted)
    @rule(
        data=st.data(),
        holder=st.sampled_from(HOLDERS),
        act=st.sampled_from(("sign", "sign", "forge", "cancel")),
    )
    def decide(self, data: st.DataObject, holder: Holder, act: str) -> None:
        wanted = data.draw(st.sampled_from(list(self.wanted.values())))
        if act == "cancel":
            self._cancels(wanted, holder)
        else:
            other = HOLDERS[HOLDERS.index(holder) - 1]
            self._signs(wanted, holder, other if act == "forge" else holder)

    def _signs(self, wanted: Wanted, holder: Holder, signer: Holder) -> None:
        signature = signer.sign(wanted.proposal.text)
        if self.tried(self.service.sign_proposal(wanted.proposal.id, holder.id, signature)):
            assert signer is holder
            wanted.signed.setdefault(holder.id, self.clock.now())

    def _cancels(self, wanted: Wanted, holder: Holder) -> None:
        signature = holder.sign(wanted.proposal.cancel_text)
        if self.tried(self.service.cancel_proposal(wanted.proposal.id, holder.id, signature)):
            wanted.cancelled = True

    @precondition(lambda self: self.wanted)
    @rule()
    def carry_out_all(self) -> None:
        for wanted in self.wanted.values():
            if self.tried(self.service.carry_out(wanted.proposal.id)):
                assert wanted.ripe(self.clock.now())

    @rule(
        hours=st.sampled_from((1, 20, 71, 72, 72, 100, 24 * 40)),
        which=st.sampled_from((0, 1)),
        away=st.sampled_from((False, False, True)),
    )
    def the_world_goes_on(self, hours: int, which: int, *, away: bool) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.service.tokens[which].away = away

    @rule()
    def restart(self) -> None:
        self.what_opens_opens_to_the_same()
        self.service.restart()

    @invariant()
    def what_is_gone_went_lawfully(self) -> None:
        listed = self.run(self.service.keys())
        there, now = {key.name for key in listed.keys}, self.clock.now()
        destroyed = {each.name for each in listed.destroyed}
        # Of two rotations of `seal` that are carried out together the first one's key is gone before anybody looks.
        went = (self.there - there) | (destroyed - self.gone - self.there)
        for name in went:
            end = names.ends(name)
            assert (
                end <= now if end else any(self._killed(wanted, name, now) for wanted in self.wanted.values())
            )
        self.gone |= went
        self.there = there
        assert not there & self.gone
        assert destroyed == self.gone

    def _killed(self, wanted: Wanted, name: str, now: datetime) -> bool:
        deed = wanted.proposal.deed
        about = deed.name == name if isinstance(deed, DestroyKey) else name.startswith("seal.")
        return about and wanted.ripe(now)

    @invariant()
    def the_newest_live_is_there(self) -> None:
        newest = names.newest("live", self.there | self.gone)
        assert not newest or f"live.{newest}" in self.there

    def what_opens_opens_to_the_same(self) -> None:
        data = sorted(name for name in self.there if not names.is_pair(name))
        opened = self.tried(self.service.unwrap(data))
        if opened is None:
            assert any(token.away for token in self.service.tokens)
            return
        assert {name: self.keys.setdefault(name, key) for name, key in opened.items()} == opened
        for name in sorted(self.gone)[:1]:
            assert self.tried(self.service.unwrap([name])) is None


Policy.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestPolicy = Policy.TestCase
