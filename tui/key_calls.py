"""The calls about keys, tokens and proposals, typed, over a signed-in client."""

from daemon.contract import keys as contract
from daemon.contract.endpoint import Empty
from daemon.contract.keys import (
    CancelProposal,
    CarryOut,
    Deed,
    KeyList,
    MadeKeys,
    MakeKeys,
    Proposal,
    Propose,
    Proposed,
    Rotatable,
    Rotated,
    RotateKey,
    SignProposal,
    Statements,
    StatementsAfter,
    TokenList,
)
from tui.client import ConsoleClient

CARRY_DEADLINE = 30.0  # seconds; the register answers after a few, however long the whole takes
ACT_DEADLINE = 30.0  # seconds; making keys asks the token


class KeyCalls:
    """One register's keys."""

    def __init__(self, client: ConsoleClient) -> None:
        self._client = client

    async def listed(self) -> KeyList:
        """Every key, those destroyed, and rotations under way."""
        return await self._client.call(contract.LIST_KEYS, Empty(), KeyList)

    async def make(self, names: list[str]) -> MadeKeys:
        """Make dated keys ahead."""
        return await self._client.call(contract.MAKE_KEYS, MakeKeys(names), MadeKeys, deadline=ACT_DEADLINE)

    async def rotate(self, kind: Rotatable) -> Rotated:
        """Begin a rotation."""
        return await self._client.call(contract.ROTATE_KEY, RotateKey(kind), Rotated, deadline=ACT_DEADLINE)

    async def tokens(self) -> TokenList:
        """The enrolled tokens and what stands wrong with them."""
        return await self._client.call(contract.TOKENS, Empty(), TokenList)

    async def statements(self, after: int) -> Statements:
        """What the key service signed for, as many as fit."""
        return await self._client.call(contract.STATEMENTS, StatementsAfter(after), Statements)

    async def proposals(self) -> Proposed:
        """What is before the custodians, and who they are."""
        return await self._client.call(contract.PROPOSALS, Empty(), Proposed)

    async def propose(self, deed: Deed) -> Proposal:
        """Put a deed before them."""
        return await self._client.call(contract.PROPOSE, Propose(deed), Proposal)

    async def sign(self, ident: str, custodian: str, signature: bytes) -> Proposal:
        """Hand in a signature over the proposal's text."""
        return await self._client.call(contract.SIGN, SignProposal(ident, custodian, signature), Proposal)

    async def cancel(self, ident: str, custodian: str, signature: bytes) -> Proposal:
        """Hand in a signature over its cancel text."""
        return await self._client.call(contract.CANCEL, CancelProposal(ident, custodian, signature), Proposal)

    async def carry_out(self, ident: str) -> Proposal:
        """Go on carrying out; asked again until `done`."""
        return await self._client.call(contract.CARRY_OUT, CarryOut(ident), Proposal, deadline=CARRY_DEADLINE)
