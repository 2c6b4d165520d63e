"""The log of the register of the screens' tests: entries that are given, found as the contract says."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from daemon.contract.daily import LOG_DAY, DailyReport, DayFigure, DayQuery, HourCheckpoint
from daemon.contract.endpoint import Endpoint
from daemon.contract.log import (
    LOG_CASE,
    LOG_ENTRY,
    LOG_SEARCH,
    LOG_STATISTICS,
    PAGE,
    Case,
    EntryQuery,
    Figure,
    LogEntry,
    LogLine,
    LogPage,
    LogSearch,
    Statistics,
    StatisticsQuery,
)
from daemon.contract.seal_keys import LOG_KEYS, SealKey, SealKeys
from daemon.contract.witnessing import WitnessState
from daemon.register.rows import Register

START = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
PROOF = "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\njukura.jp/honnin/1\n9\nAAAA\n\n— jukura.jp/honnin/1 AAAA\n"


def line(seq: int, action: str = "search.done", **more: Any) -> LogLine:
    """An entry, `seq` hours after the first."""
    plain = LogLine(
        seq=seq, time=START + timedelta(hours=seq), actor="operator:OP001", terminal="T-001", action=action, outcome="ok",
        affair="passport", code="", counts={"hits": 3}, sealed=["application", "purpose", "subjects", "terms"],
    )  # fmt: skip
    return replace(plain, **more)


REFUSED = line(2, "lookup.refused", outcome="refused", code="affair.without_code", counts={}, affair="tax")
STOPPED = line(3, "service.stopped", actor="operator:SO001", affair="", counts={}, sealed=["reason"])


NOTE = "jukura.jp/honnin/1\n9\nAAAA\ntime 2026-04-01T09:00:00Z\n\n— jukura.jp/honnin/1 <&>AAAA\n"
KEY = SealKey(
    name="seal.1", fingerprint="0123456789abcdef" * 4, public="AAAA", made=START, vkey=f"jukura.jp/honnin/1+01234567+{'A' * 124}"
)  # fmt: skip
REPORT = DailyReport(
    register=Register.HONNIN, day=START.date(), made=START + timedelta(hours=10), first=3, end=1_204,
    figures=[
        DayFigure(action="search.done", ok=1_190, refused=0, failed=0), DayFigure(action="lookup.refused", ok=0, refused=3, failed=0)
    ],
    checkpoints=[
        HourCheckpoint(signed=START, size=4, root="AAAA"), HourCheckpoint(signed=START + timedelta(hours=9), size=1_204, root="BBBB")
    ],
    note=NOTE, keys=[KEY],
    witnesses=[
        WitnessState(
            municipality="35203", name="35203.witness", size=1_000, cosigned=START, taken=START, overdue=True
        )
    ],
)  # fmt: skip


class FakeLog:
    """Answers the endpoints about the log; tests look at it and change it."""

    def __init__(self) -> None:
        self.lines = [line(0), line(1), REFUSED, STOPPED]
        self.page = PAGE
        """Entries in one answer."""
        self.proof = PROOF
        self.day: dict[str, Any] = {}
        """What is different in its daily reports."""
        self.back_to: datetime | None = None
        """How far the next answer without entries was looked through."""
        self.figures = [
            Figure(month="2026-03", action="search.done", ok=1_204, refused=3, failed=0),
            Figure(month="2026-04", action="session.opened", ok=5, refused=0, failed=0),
        ]
        self.acts: Mapping[Endpoint, Callable[[Any], Any]] = {
            LOG_SEARCH: self._search,
            LOG_ENTRY: self._entry,
            LOG_CASE: self._case,
            LOG_STATISTICS: self._statistics,
            LOG_DAY: self._day,
            LOG_KEYS: lambda _: SealKeys(origin="jukura.jp/honnin/1", keys=[KEY]),
        }

    def _search(self, asked: LogSearch) -> LogPage:
        below = int(asked.after[:16], 16) if asked.after else len(self.lines)
        found = [each for each in self.lines[::-1] if each.seq < below and _fits(each, asked)]
        shown = found[: self.page]
        following = f"{shown[-1].seq:016x}{'0' * 16}" if len(found) > len(shown) else ""
        if self.back_to is not None and not shown:
            return LogPage(entries=[], next=f"{1:016x}{'0' * 16}", back_to=self.back_to)
        return LogPage(entries=shown, next=following, back_to=shown[-1].time if following else None)

    def _entry(self, asked: EntryQuery) -> LogEntry:
        signed = START + timedelta(hours=9) if self.proof else None
        return LogEntry(
            line=self.lines[asked.seq],
            leaf="{}",
            proof=self.proof,
            size=9 if self.proof else 0,
            signed=signed,
        )

    def _case(self, asked: EntryQuery) -> Case:
        one = self.lines[asked.seq]
        found = [each for each in self.lines if (each.actor, each.affair) == (one.actor, one.affair)]
        return Case(entries=found, more=False)

    def _day(self, asked: DayQuery) -> DailyReport:
        return replace(REPORT, day=asked.day or REPORT.day, **self.day)

    def _statistics(self, asked: StatisticsQuery) -> Statistics:
        return Statistics(
            [
                each
                for each in self.figures
                if (not asked.since or asked.since <= each.month)
                and (not asked.until or each.month <= asked.until)
            ]
        )


def _fits(each: LogLine, asked: LogSearch) -> bool:
    return (
        asked.action in ("", each.action, each.action.partition(".")[0])
        and asked.outcome in ("", each.outcome)
        and asked.actor in ("", each.actor)
        and (asked.since is None or asked.since <= each.time)
        and (asked.until is None or each.time < asked.until)
    )
