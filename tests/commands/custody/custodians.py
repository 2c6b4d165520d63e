"""What the tests about keys share: a register with custodians, and someone at its console who is one."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from daemon.audit.action import Action
from daemon.audit.entry import Opened
from daemon.commands.caller import Caller, Role
from daemon.contract import keys as contract
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.keys import CancelProposal, CarryOut, Deed, Proposal, Propose, RotateKey, SignProposal
from tests.commands.notices.test_notices import entries
from tests.conftest import Bench
from tests.hsm.kit import CUSTODIANS, HOLDERS

RIPE = timedelta(hours=72)


class Desk:
    """A custodian's session at the console of `bench`."""

    def __init__(self, bench: Bench, caller: Caller, *roles: Role) -> None:
        self.bench = bench
        self.caller = replace(caller, operator="key1", roles=frozenset(roles or {Role.CUSTODIAN}))
        bench.service.store.custodians.replace(CUSTODIANS)

    async def ask(self, endpoint: Endpoint, message: object = Empty()) -> Any:
        return await self.bench.open.desk.handlers[endpoint](self.caller, message)

    async def keys(self) -> dict[str, contract.Key]:
        return {key.name: key for key in (await self.ask(contract.LIST_KEYS)).keys}

    async def rotate(self, kind: contract.Rotatable = contract.Rotatable.LIVE) -> str:
        """A rotation, to its end."""
        name = (await self.ask(contract.ROTATE_KEY, RotateKey(kind))).name
        await until(lambda: not self.bench.open.rotations.progress())
        return str(name)

    async def propose(self, deed: Deed) -> Proposal:
        proposal = await self.ask(contract.PROPOSE, Propose(deed))
        assert isinstance(proposal, Proposal)
        return proposal

    async def agree(self, deed: Deed) -> Proposal:
        """A proposal that two custodians have signed."""
        proposal = await self.propose(deed)
        for holder in HOLDERS[:2]:
            asked = SignProposal(proposal.id, holder.id, holder.sign(proposal.text))
            proposal = await self.ask(contract.SIGN, asked)
        return proposal

    async def cancel(self, proposal: Proposal) -> Proposal:
        holder = HOLDERS[2]
        asked = CancelProposal(proposal.id, holder.id, holder.sign(proposal.cancel_text))
        cancelled = await self.ask(contract.CANCEL, asked)
        assert isinstance(cancelled, Proposal)
        return cancelled

    async def carry_out(self, proposal: Proposal) -> Proposal:
        carried = await self.ask(contract.CARRY_OUT, CarryOut(proposal.id))
        assert isinstance(carried, Proposal)
        return carried


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def last(bench: Bench, action: Action) -> Opened:
    """The newest entry of that action."""
    return [entry for entry in await entries(bench) if entry.header.action is action][-1]


async def count(bench: Bench, action: Action) -> int:
    return sum(entry.header.action is action for entry in await entries(bench))
