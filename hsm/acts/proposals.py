"""What is put before the custodians, their signatures, and carrying it out."""

import asyncio
from collections.abc import Callable, Sequence

from daemon.errors import ConflictError
from hsm import deeds, names, proposals
from hsm.acts.table import Table
from hsm.carrying import Carrier
from hsm.deeds import Facts
from hsm.enrolment import Enrolment
from hsm.proposals import Case, Signature
from hsm.protocol import (
    CancelProposal,
    CarryOut,
    Custodian,
    Proposal,
    Proposals,
    Propose,
    Proposed,
    SignProposal,
)
from hsm.vault import Vault

STEPPING = 2.0  # seconds of steps in one request
MAX_SIGNATURE = 1024  # bytes: RSA 8192


class ProposalActs:
    """The acts about custodians. `modules`: those that the configuration lets us load; None leaves it to them."""

    def __init__(
        self,
        register: str,
        vault: Vault,
        enrolment: Enrolment,
        carrier: Carrier,
        *,
        modules: frozenset[str] | None,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._register = register
        self._vault = vault
        self._store = vault.store
        self._run = vault.files.run
        self._enrolment = enrolment
        self._carrier = carrier
        self._modules = modules
        self._entropy = entropy
        self.table: Table = {
            Propose: self._propose,
            Proposals: self._list,
            SignProposal: self._sign,
            CancelProposal: self._cancel,
            CarryOut: self._carry_out,
        }

    async def _propose(self, request: Propose, _: str) -> Proposal:
        async with self._vault.changing:
            deeds.check(request.deed, await self._facts())
            now, custodians = self._vault.keeper.now(), await self._custodians()
            cases = await self._run(self._store.proposals.since, now)
            proposals.require_room(sum(proposals.is_open(case, custodians, now) for case in cases))
            case = proposals.opened(self._register, self._entropy(16).hex(), request.deed, now)
            await self._run(self._store.proposals.add, case)
            return proposals.shown(case, custodians, now)

    async def _list(self, _: Proposals, __: str) -> Proposed:
        now, custodians = self._vault.keeper.now(), await self._custodians()
        cases = await self._run(self._store.proposals.since, now - proposals.SHOWN)
        listed = [case for case in cases if proposals.is_listed(case, custodians, now)]
        return Proposed([proposals.shown(case, custodians, now) for case in listed], custodians)

    async def _sign(self, request: SignProposal, _: str) -> Proposal:
        async with self._vault.changing:
            case, custodians = await self._open(request.id)
            public = _judged(case.text, request, custodians)
            given = Signature(request.custodian, public, self._vault.keeper.now())
            await self._run(self._store.proposals.consent, case.id, given, request.signature)
        return await self._shown(request.id)

    async def _cancel(self, request: CancelProposal, _: str) -> Proposal:
        async with self._vault.changing:
            case, custodians = await self._open(request.id)
            _judged(case.cancel_text, request, custodians)
            now = self._vault.keeper.now()
            await self._enrolment.undo(
                case, lambda: self._store.proposals.cancel(case.id, request.custodian, now)
            )
        return await self._shown(request.id)

    async def _carry_out(self, request: CarryOut, _: str) -> Proposal:
        loop = asyncio.get_running_loop()
        until = loop.time() + STEPPING
        while not await self._step(request.id) and loop.time() < until:
            pass
        return await self._shown(request.id)

    async def _step(self, ident: str) -> bool:
        """One step of a ripe case; whether it is done."""
        async with self._vault.changing:
            case = await self._case(ident)
            if case.done:
                return True
            proposals.require_ripe(case, await self._custodians(), self._vault.keeper.now())
            if not case.work:
                deeds.check(case.deed, await self._facts())
            await self._carrier.step(case)
            return (await self._case(ident)).done

    async def _open(self, ident: str) -> tuple[Case, list[Custodian]]:
        case, custodians = await self._case(ident), await self._custodians()
        proposals.require_open(case, custodians, self._vault.keeper.now())
        return case, custodians

    async def _case(self, ident: str) -> Case:
        case = await self._run(self._store.proposals.get, ident)
        if case is None:
            raise ConflictError("hsm.proposal_unknown")
        return case

    async def _shown(self, ident: str) -> Proposal:
        now = self._vault.keeper.now()
        return proposals.shown(await self._case(ident), await self._custodians(), now)

    async def _custodians(self) -> list[Custodian]:
        return await self._run(self._store.custodians.all)

    async def _facts(self) -> Facts:
        def facts() -> Facts:
            with self._store.transaction():
                inventory = self._store.inventory()
                return Facts(
                    names=frozenset(inventory.names),
                    destroyed=self._store.graves.names(),
                    tokens={row.serial: row.uri for row in inventory.tokens},
                    labels=self._vault.rack.labels,
                    modules=self._modules,
                    wall=self._vault.keeper.wall(),
                    register=self._register,
                    last=self._store.witness.last(),
                    seals=[
                        pair.public
                        for pair in self._store.pairs.listed()
                        if names.kind(pair.name) == names.SEAL
                    ],
                )

        return await self._run(facts)


def _judged(text: bytes, request: SignProposal | CancelProposal, custodians: Sequence[Custodian]) -> bytes:
    known = {each.id: each for each in custodians}
    return proposals.judge_signature(text, request.custodian, request.signature[:MAX_SIGNATURE], known)
