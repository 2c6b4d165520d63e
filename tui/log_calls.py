"""The calls about the log (監査ログ), typed, over a signed-in client. Each reading is an entry in the log."""

from datetime import date

from daemon.contract.daily import LOG_DAY, DailyReport, DayQuery
from daemon.contract.endpoint import Empty
from daemon.contract.log import (
    LOG_CASE,
    LOG_ENTRY,
    LOG_SEARCH,
    LOG_STATISTICS,
    Case,
    EntryQuery,
    LogEntry,
    LogPage,
    LogSearch,
    Statistics,
    StatisticsQuery,
)
from daemon.contract.seal_keys import LOG_KEYS, SealKeys
from tui.client import ConsoleClient

DEADLINE = 30.0  # seconds for one look into a long log


class LogCalls:
    """One register's log."""

    def __init__(self, client: ConsoleClient) -> None:
        self._client = client

    async def search(self, asked: LogSearch) -> LogPage:
        """A page of entries, the newest first."""
        return await self._client.call(LOG_SEARCH, asked, LogPage, deadline=DEADLINE)

    async def entry(self, seq: int) -> LogEntry:
        """One entry with its proof."""
        return await self._client.call(LOG_ENTRY, EntryQuery(seq), LogEntry)

    async def case(self, seq: int) -> Case:
        """What belongs together with one entry."""
        return await self._client.call(LOG_CASE, EntryQuery(seq), Case, deadline=DEADLINE)

    async def statistics(self, since: str = "", until: str = "") -> Statistics:
        """How often what was done, month by month (`2026-11`)."""
        return await self._client.call(LOG_STATISTICS, StatisticsQuery(since=since, until=until), Statistics)

    async def keys(self) -> SealKeys:
        """The public keys that sign or have signed it."""
        return await self._client.call(LOG_KEYS, Empty(), SealKeys)

    async def day(self, day: date | None) -> DailyReport:
        """日報 of one day; of today without one."""
        return await self._client.call(LOG_DAY, DayQuery(day=day), DailyReport, deadline=DEADLINE)
