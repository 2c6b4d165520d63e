"""A municipality in a rehearsal reads what the prefecture tells it (通報・連絡調整), and acknowledges it."""

from collections.abc import AsyncIterator

from daemon.contract.reports import (
    ACKNOWLEDGE,
    MOST_REPORTS,
    REPORTS,
    Acknowledge,
    Acknowledged,
    ReportPage,
    ReportsAfter,
    Told,
)
from daemon.rehearsal.calls import Calls


async def reports(calls: Calls, *, limit: int = MOST_REPORTS) -> AsyncIterator[Told]:
    """Every report that was not acknowledged, the oldest first."""
    after, more = "", True
    while more:
        page = await calls.call(REPORTS, ReportsAfter(after=after, limit=limit), ReportPage)
        for told in page.reports:
            yield told
        after, more = page.reports[-1].id if page.reports else "", page.more


async def acknowledge(calls: Calls, *ids: str) -> Acknowledged:
    """Tell the register that these were taken in."""
    return await calls.call(ACKNOWLEDGE, Acknowledge(list(ids)), Acknowledged)


async def read_all(calls: Calls) -> list[Told]:
    """Fetch everything that waits and acknowledge it."""
    told = [report async for report in reports(calls)]
    for first in range(0, len(told), MOST_REPORTS):
        await acknowledge(calls, *(report.id for report in told[first : first + MOST_REPORTS]))
    return told
