"""A new epoch of the log, where it does not continue what was signed last: the one lawful way on (docs/adr/0014).

The register is sealed then and nobody can sign in; nothing can be written either. So each step is told to the machine's journal, the
key service keeps who agreed, and the first entry of the new epoch says it all. A custodian's signature is only passed on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from daemon.audit import epochs
from daemon.audit.journal import Journal
from daemon.audit.surviving import Survivor, surviving
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.epochs import OpenEpoch, epoch_at, spans
from daemon.contract.log_epochs import (
    ASK_EPOCH,
    CANCEL_EPOCH,
    EPOCH,
    OPEN_EPOCH,
    SIGN_EPOCH,
    AskEpoch,
    EpochOffer,
)
from daemon.crypto.classes import kind
from daemon.crypto.keyring import Keyring
from daemon.crypto.seal import Sealer
from daemon.errors import ConflictError
from daemon.register.rows import Register
from daemon.store.opening import open_truth
from hsm.client import KeyService
from hsm.protocol import CancelProposal, CarryOut, Proposal, SignProposal

log = logging.getLogger(__name__)

FAULTS = frozenset(("log.cut", "log.replaced"))
"""Why a register is sealed for which a new epoch is the way on."""


class EpochDesk:
    """For one register. `fault` says why it is sealed, as long as its store is closed; `opened` is told when there is a new epoch."""

    def __init__(
        self,
        register: Register,
        state: Path,
        service: KeyService,
        keyring: Keyring,
        *,
        fault: Callable[[], str],
        opened: Callable[[], None],
    ) -> None:
        self._register = register
        self._state = state
        self._service = service
        self._keyring = keyring
        self._fault = fault
        self._opened = opened
        self._turn = asyncio.Lock()
        self.handlers: Mapping[Endpoint, Callable[[Any], Awaitable[Any]]] = {
            EPOCH: self.offer,
            ASK_EPOCH: self.ask,
            SIGN_EPOCH: self.sign,
            CANCEL_EPOCH: self.cancel,
            OPEN_EPOCH: self.carry_out,
        }

    async def offer(self, _: Empty) -> EpochOffer:
        """What there is to go on from."""
        async with self._turn:
            fault = self._required()
            found, witness = await self._found(), await self._service.witness()
            return EpochOffer(
                fault=fault,
                epoch=witness.epoch,
                size=witness.size,
                kept=found.tree.size,
                proven=found.proven,
                proposals=await self._proposals(),
            )

    async def ask(self, asked: AskEpoch) -> Proposal:
        """Put it before the custodians."""
        async with self._turn:
            self._required()
            deed = await self._deed(asked)
            for proposal in await self._proposals():
                if proposal.deed == deed and proposal.done is None and not proposal.cancelled_by:
                    return proposal
            proposal = await self._service.propose(deed)
            log.warning("epoch proposed", extra={"size": deed.kept})
            return proposal

    async def sign(self, asked: SignProposal) -> Proposal:
        """Hand in a custodian's signature."""
        await self._mine(asked.id)
        return await self._service.sign_proposal(asked.id, asked.custodian, asked.signature)

    async def cancel(self, asked: CancelProposal) -> Proposal:
        """Hand in a custodian's signature against it."""
        await self._mine(asked.id)
        return await self._service.cancel_proposal(asked.id, asked.custodian, asked.signature)

    async def carry_out(self, asked: CarryOut) -> Proposal:
        """Open it, and then the register."""
        async with self._turn:
            deed = await self._mine(asked.id)
            found = await self._found()
            if (found.tree.size, found.tree.root()) != (deed.kept, deed.kept_root):
                raise ConflictError("hsm.epoch_last_differs")  # the files were exchanged since
            proposal = await self._service.carry_out(asked.id)
            if proposal.done is not None:
                log.warning("epoch opened", extra={"size": deed.kept})
                self._opened()
            return proposal

    def _required(self) -> str:
        """Why the register is sealed; ConflictError where a new epoch is not what it needs."""
        fault = self._fault()
        if fault not in FAULTS:
            raise ConflictError("log.epoch_not_open")
        return fault

    async def _deed(self, asked: AskEpoch) -> OpenEpoch:
        found, witness = await self._found(), await self._service.witness()
        before = spans(each.opening for each in await epochs.stated(self._service))
        if found.tree.size and epoch_at(found.tree.size - 1, before) != found.epoch:
            raise ConflictError("log.epoch_passed")
        return OpenEpoch(
            epoch=witness.epoch,
            size=witness.size,
            root=witness.root,
            kept=found.tree.size,
            kept_root=found.tree.root(),
            reason=asked.reason,
            checkpoint=found.checkpoint,
            proof=found.proof,
        )

    async def _found(self) -> Survivor:
        """The log as it lies there. IntegrityError where it is not even whole in itself: then there is nothing to go on from."""
        engine = await open_truth(self._state, self._keyring)
        try:
            journal = await Journal.load(self._register, Sealer(self._keyring), engine)
            seals = [pair.public for pair in (await self._service.keys()).pairs if kind(pair.name) == "seal"]
            return await surviving(self._register, journal.epoch, journal.tree, engine, seals)
        finally:
            await engine.close()

    async def _proposals(self) -> list[Proposal]:
        return [
            each for each in (await self._service.proposals()).proposals if isinstance(each.deed, OpenEpoch)
        ]

    async def _mine(self, ident: str) -> OpenEpoch:
        """The deed of a proposal, which is about this; anything else needs a session."""
        self._required()
        for each in await self._proposals():
            if each.id == ident and isinstance(each.deed, OpenEpoch):
                return each.deed
        raise ConflictError("hsm.proposal_unknown", field="id")
