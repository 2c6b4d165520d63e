"""The calls about holds on entries of the log (保全), typed, over a signed-in client."""

from daemon.contract import log_holds as contract
from daemon.contract.endpoint import Empty
from daemon.contract.log_holds import LiftLogHold, LogHoldAsked, LogHolds, PlaceLogHold
from tui.client import ConsoleClient


class LogHoldCalls:
    """What people can see of one register's holds, and do about them: never by one person alone."""

    def __init__(self, client: ConsoleClient) -> None:
        self._client = client

    async def held(self) -> LogHolds:
        """Those that there are; an entry in the log."""
        return await self._client.call(contract.LOG_HOLDS, Empty(), LogHolds)

    async def place(self, asked: PlaceLogHold) -> LogHoldAsked:
        """Ask for one to be placed."""
        return await self._client.call(contract.PLACE_LOG_HOLD, asked, LogHoldAsked)

    async def lift(self, hold: int, reason: str) -> LogHoldAsked:
        """Ask for one to end."""
        asked = LiftLogHold(hold=hold, reason=reason)
        return await self._client.call(contract.LIFT_LOG_HOLD, asked, LogHoldAsked)
