"""The calls about reconciliations (整合性確認), typed, over a signed-in client."""

from daemon.contract.endpoint import Empty
from daemon.contract.findings import FINDINGS, FindingLines, FindingsQuery
from daemon.contract.reconciled import RECONCILIATION, RECONCILIATIONS, Schedule, ScheduleQuery, Schedules
from tui.client import ConsoleClient


class ReconciledCalls:
    """Whose turn it is at one register, and what the last ones came to."""

    def __init__(self, client: ConsoleClient) -> None:
        self._client = client

    async def schedules(self) -> Schedules:
        """Every municipality's."""
        return await self._client.call(RECONCILIATIONS, Empty(), Schedules)

    async def schedule(self, municipality: str) -> Schedule:
        """One municipality's (5 or 6 digits)."""
        return await self._client.call(RECONCILIATION, ScheduleQuery(municipality), Schedule)

    async def findings(self, municipality: str, after: str = "") -> FindingLines:
        """A page of what its last finished one found; an entry in the log."""
        asked = FindingsQuery(municipality=municipality, after=after)
        return await self._client.call(FINDINGS, asked, FindingLines)
