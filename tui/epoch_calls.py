"""The calls about a new epoch of the log, typed; none needs a session."""

from daemon.contract import log_epochs as contract
from daemon.contract.endpoint import Empty
from daemon.contract.keys import CancelProposal, CarryOut, Proposal, SignProposal
from daemon.contract.log_epochs import AskEpoch, EpochOffer, Loss
from tui.client import ConsoleClient

DEADLINE = 60.0  # seconds; checkpoints are looked at one by one, back to the newest that holds


class EpochCalls:
    """One register's, while it is sealed for that."""

    def __init__(self, client: ConsoleClient) -> None:
        self._client = client

    async def offer(self) -> EpochOffer:
        """What there is to go on from."""
        return await self._client.call(contract.EPOCH, Empty(), EpochOffer, deadline=DEADLINE)

    async def ask(self, reason: Loss) -> Proposal:
        """Put it before the custodians."""
        return await self._client.call(contract.ASK_EPOCH, AskEpoch(reason), Proposal, deadline=DEADLINE)

    async def sign(self, ident: str, custodian: str, signature: bytes) -> Proposal:
        """Hand in a signature over the proposal's text."""
        return await self._client.call(
            contract.SIGN_EPOCH, SignProposal(ident, custodian, signature), Proposal
        )

    async def cancel(self, ident: str, custodian: str, signature: bytes) -> Proposal:
        """Hand in a signature over its cancel text."""
        return await self._client.call(
            contract.CANCEL_EPOCH, CancelProposal(ident, custodian, signature), Proposal
        )

    async def carry_out(self, ident: str) -> Proposal:
        """Open it."""
        return await self._client.call(contract.OPEN_EPOCH, CarryOut(ident), Proposal, deadline=DEADLINE)
