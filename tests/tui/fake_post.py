"""The fake register's outbox and reports: what is tried again leaves the list."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from daemon.contract import outbox as contract
from daemon.contract.endpoint import Endpoint
from daemon.contract.outbox import (
    AsideMessage,
    AsideState,
    OutboxView,
    ReportLine,
    ReportLines,
    ReportShown,
    Retried,
)

AT = datetime(2026, 4, 1, 1, 2, 3, tzinfo=UTC)
REFUSED = AsideMessage(
    id="0a" * 12, person="0" * 32, sender="35203", serial=2, state=AsideState.REFUSED, code="national.bad_row",
    applied=AT, since=AT,
)  # fmt: skip
BEHIND = AsideMessage(
    id="0b" * 12,
    person="0" * 32,
    sender="35201",
    serial=3,
    state=AsideState.WAITING,
    code="",
    applied=AT,
    since=AT,
)
WRONG = ReportLine(
    id="0c" * 12, kind="error", law="住基法30条の8", to="35203", at=AT, acknowledged=None, person="0" * 32, serial=2,
    items=["name", "kana"], other="", reference="kikou-1", counts={},
)  # fmt: skip
COMPARED = ReportLine(
    id="0d" * 12, kind="reconciliation", law="住基法12条の5", to="35201", at=AT, acknowledged=AT, person="", serial=None,
    items=[], other="", reference="run-1", counts={"only_here": 7},
)  # fmt: skip


class FakePost:
    """Answers the endpoints about the outbox and reports; tests look at it and change it."""

    def __init__(self) -> None:
        self.aside = [REFUSED, BEHIND]
        self.reports = [WRONG, COMPARED]
        self.failures = 0
        self.page = contract.PAGE
        """Reports in one answer."""
        self.acts: Mapping[Endpoint, Callable[[Any], Any]] = {
            contract.OUTBOX: lambda _: self._view(),
            contract.RETRY: self._retry,
            contract.REPORT_LIST: self._reports,
            contract.REPORT: lambda asked: ReportShown(
                report=next(each for each in self.reports if each.id == asked.id), words="氏名の字が違う"
            ),
        }

    def _view(self) -> OutboxView:
        return OutboxView(
            waiting=4, oldest=AT, failures=self.failures, next_try=AT if self.failures else None, again=120,
            aside=len(self.aside), messages=self.aside, more=False,
        )  # fmt: skip

    def _reports(self, asked: contract.ReportsQuery) -> ReportLines:
        later = [each for each in self.reports if each.id > asked.after]
        return ReportLines(overdue=1, reports=later[: self.page], more=len(later) > self.page)

    def _retry(self, asked: contract.Retry) -> Retried:
        before = len(self.aside)
        named = {each.person for each in self.aside if asked.all or each.id in asked.ids}
        self.aside = [each for each in self.aside if each.person not in named]
        return Retried(len(asked.ids) or before)
