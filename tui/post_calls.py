"""The calls about the outbox and about reports to municipalities, typed, over a signed-in client."""

from daemon.contract import outbox as contract
from daemon.contract.outbox import (
    OutboxAfter,
    OutboxView,
    ReportLines,
    ReportQuery,
    ReportShown,
    ReportsQuery,
    Retried,
    Retry,
)
from tui.client import ConsoleClient


class PostCalls:
    """What one register sends, and has sent back."""

    def __init__(self, client: ConsoleClient) -> None:
        self._client = client

    async def outbox(self, after: str = "") -> OutboxView:
        """The figures, and a page of what is aside."""
        return await self._client.call(contract.OUTBOX, OutboxAfter(after=after), OutboxView)

    async def retry(self, ids: list[str], *, everything: bool) -> Retried:
        """Have messages tried again."""
        return await self._client.call(contract.RETRY, Retry(ids=ids, all=everything), Retried)

    async def reports(self, after: str = "") -> ReportLines:
        """A page of reports to municipalities."""
        return await self._client.call(contract.REPORT_LIST, ReportsQuery(after=after), ReportLines)

    async def report(self, ident: str) -> ReportShown:
        """One of them with what the 機構 wrote; an entry in the log."""
        return await self._client.call(contract.REPORT, ReportQuery(id=ident), ReportShown)
