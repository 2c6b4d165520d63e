"""What is before the custodians: propose, hand in signatures, carry out.

Signatures are only passed on; the key service checks them. What the register adds: nothing is proposed, and nothing
carried out, that would destroy a key something still lies under (`key.in_use`).
"""

import asyncio

import msgspec

from daemon.audit.action import Action
from daemon.commands.caller import Caller, Right
from daemon.commands.custody.keylog import KeyLog, Request, figures_of
from daemon.commands.custody.statements import StatementLog
from daemon.contract.endpoint import Empty
from daemon.contract.keys import (
    CancelProposal,
    CarryOut,
    Deed,
    DestroyKey,
    Proposal,
    Propose,
    Proposed,
    SignProposal,
    Statements,
    StatementsAfter,
)
from daemon.errors import ConflictError, JukuraError
from daemon.store.dependents import Dependents
from daemon.tasks import Tasks
from hsm.client import KeyService

MOST_ID = 64  # characters
PATIENCE = 3.0  # seconds until whoever asked for carrying out hears how far it is


class Proposals:
    """The use cases of deeds that only custodians decide."""

    def __init__(
        self, service: KeyService, log: KeyLog, dependents: Dependents, statements: StatementLog, tasks: Tasks
    ) -> None:
        self._service = service
        self._log = log
        self._dependents = dependents
        self._statements = statements
        self._tasks = tasks
        self._running: dict[str, asyncio.Task[Proposal | JukuraError]] = {}

    async def listed(self, caller: Caller, _: Empty) -> Proposed:
        """What is open, what was closed lately, and who the custodians are."""
        return await self._log.seeing(caller, self._service.proposals)

    async def statements(self, caller: Caller, asked: StatementsAfter) -> Statements:
        """What the key service signed for, as many as fit."""

        async def work() -> Statements:
            return Statements(await self._service.statements(asked.number))

        return await self._log.seeing(caller, work)

    async def propose(self, caller: Caller, asked: Propose) -> Proposal:
        """Put a deed before the custodians."""
        deed = asked.deed

        async def work() -> Proposal:
            if isinstance(deed, DestroyKey):
                _require_unused(deed.name, self._dependents.dependents(deed.name))
            return await self._service.propose(deed)

        sealed = {"deed": msgspec.to_builtins(deed)}
        request = Request(Right.KEYS_PROPOSE, Action.KEY_PROPOSED, _figures(deed), sealed)
        return await self._log.asking(caller, request, work)

    async def sign(self, caller: Caller, asked: SignProposal) -> Proposal:
        """Hand in a custodian's signature."""

        async def work() -> Proposal:
            return await self._service.sign_proposal(asked.id, asked.custodian, asked.signature)

        return await self._log.asking(caller, _signing(Action.KEY_SIGNED, asked), work, _told)

    async def cancel(self, caller: Caller, asked: CancelProposal) -> Proposal:
        """Hand in a custodian's signature against it."""

        async def work() -> Proposal:
            return await self._service.cancel_proposal(asked.id, asked.custodian, asked.signature)

        return await self._log.asking(caller, _signing(Action.KEY_CANCELLED, asked), work, _told)

    async def carry_out(self, caller: Caller, asked: CarryOut) -> Proposal:
        """Carry out, or go on; how far it has come within `PATIENCE`. It goes on if nobody waits for it any more."""
        task = self._running.get(asked.id)
        if task is None or task.done():
            request = Request(Right.KEYS_DECIDE, Action.KEY_CARRY_OUT, sealed={"proposal": _ident(asked.id)})

            async def begin() -> Proposal:
                return await self._find(asked.id)

            # No act without its entry: it is written before the first step.
            await self._log.asking(caller, request, begin, _told)
            task = self._tasks.start(self._carry(caller, asked.id), name="keys.carry_out")
            self._running[asked.id] = task
        else:
            caller.require(Right.KEYS_DECIDE)
        await asyncio.wait({task}, timeout=PATIENCE)
        if not task.done():
            return await self._find(asked.id)
        self._running.pop(asked.id, None)
        result = task.result()
        if isinstance(result, JukuraError):
            raise result
        return result

    async def _carry(self, caller: Caller, ident: str) -> Proposal | JukuraError:
        """Step after step to the end; the error that stopped it is for whoever asks next, not for the task's owner."""
        request = Request(Right.KEYS_DECIDE, Action.KEY_CARRIED_OUT, sealed={"proposal": ident})
        try:
            return await self._log.asking(caller, request, lambda: self._steps(ident), _told)
        except JukuraError as error:
            return error

    async def _steps(self, ident: str) -> Proposal:
        proposal = await self._find(ident)
        deed = proposal.deed
        if isinstance(deed, DestroyKey) and proposal.done is None:
            _require_unused(deed.name, await self._dependents.confirm(deed.name))
        while proposal.done is None:
            proposal = await self._service.carry_out(ident)
        await self._statements.level()
        return proposal

    async def _find(self, ident: str) -> Proposal:
        found = (each for each in (await self._service.proposals()).proposals if each.id == ident)
        proposal = next(found, None)
        if proposal is None:
            raise ConflictError("hsm.proposal_unknown", field="id")
        return proposal


def _require_unused(name: str, count: int) -> None:
    if count:
        raise ConflictError("key.in_use", field=name)


def _figures(deed: Deed) -> dict[str, int]:
    named = figures_of(deed.name) if isinstance(deed, DestroyKey) else {}
    return {str(deed.__struct_config__.tag): 1} | named


def _told(proposal: Proposal) -> dict[str, int]:
    return _figures(proposal.deed) | {"signatures": len(proposal.signed_by)}


def _signing(action: Action, asked: SignProposal | CancelProposal) -> Request:
    sealed = {"proposal": _ident(asked.id), "custodian": _ident(asked.custodian)}
    return Request(Right.KEYS_DECIDE, action, sealed=sealed)


def _ident(given: str) -> str:
    """As much of what was given as an id can have: it may be anything."""
    return given[:MOST_ID]
