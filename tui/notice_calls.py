"""The calls about held notices (保留) and announced 廃置分合・境界変更, typed, over a signed-in client."""

from daemon.contract import boundaries, holds
from daemon.contract.boundaries import BoundaryAsked, BoundaryChange, BoundaryChanges
from daemon.contract.endpoint import Empty
from daemon.contract.holds import CancelHold, HoldCancelled, Holds
from tui.client import ConsoleClient


class NoticeCalls:
    """What people can see of one register's notices, and do about them: never by one person alone."""

    def __init__(self, client: ConsoleClient) -> None:
        self._client = client

    async def held(self) -> Holds:
        """Everything that is held."""
        return await self._client.call(holds.CONSOLE_HOLDS, Empty(), Holds)

    async def cancel(self, hold: str, reason: str) -> HoldCancelled:
        """Ask for one to be cancelled."""
        asked = CancelHold(hold=hold, reason=reason)
        return await self._client.call(holds.CANCEL_HOLD, asked, HoldCancelled)

    async def boundaries(self) -> BoundaryChanges:
        """What is announced."""
        return await self._client.call(boundaries.BOUNDARIES, Empty(), BoundaryChanges)

    async def announce(self, change: BoundaryChange) -> BoundaryAsked:
        """Ask for one to be announced."""
        return await self._client.call(boundaries.ANNOUNCE_BOUNDARY, change, BoundaryAsked)

    async def withdraw(self, change: BoundaryChange) -> BoundaryAsked:
        """Ask for one to be taken back."""
        return await self._client.call(boundaries.WITHDRAW_BOUNDARY, change, BoundaryAsked)
