"""What goes to the national server and what was told to municipalities, as the console shows it; of people a reference at the most.

Who somebody is shows the ordinary way: `PERSON` with an affair and a purpose.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from daemon.contract.endpoint import Endpoint

PAGE = 100
"""Messages or reports in one answer."""

Id = Annotated[str, Meta(pattern=r"\A([0-9a-f]{24})?\Z")]


class AsideState(StrEnum):
    REFUSED = "refused"
    """The national server refused it."""
    WAITING = "waiting"
    """It waits behind a refused one of the same person."""


class AsideMessage(Struct, frozen=True, kw_only=True):
    """One message that is aside."""

    id: str
    person: str
    """Opaque reference, for `PersonQuery`."""
    sender: str
    """The municipality whose notice it was (5 digits)."""
    serial: int
    """更新順番号 of the version that it tells of; 0 where the row was erased."""
    state: AsideState
    code: str
    """Why it was refused."""
    applied: datetime | None
    """When the notice was applied."""
    since: datetime | None
    """When it was set aside."""


class OutboxAfter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    after: Id = ""
    """Id of the last message seen; empty for the first page."""


class OutboxView(Struct, frozen=True, kw_only=True):
    waiting: int
    """Messages that wait their turn."""
    oldest: datetime | None
    """When the notice of the oldest of them was applied."""
    failures: int
    """Tries in a row that came to nothing; 0 while the national server answers."""
    next_try: datetime | None
    """When it is tried again, after a failure."""
    again: int
    """Numbers that the 機構 asked for again and that have not gone out yet."""
    aside: int
    messages: list[AsideMessage]
    """Those aside, in their order, a page of them."""
    more: bool


class Retry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Asks to try messages again that are aside; what waits behind them goes with them."""

    ids: Annotated[list[Annotated[str, Meta(pattern=r"\A[0-9a-f]{24}\Z")]], Meta(max_length=1000)] = []
    all: bool = False
    """Everything that is aside, in place of `ids`."""


class Retried(Struct, frozen=True):
    messages: int
    """How many of those named are aside, and so will be tried once the national server answers."""


class ReportLine(Struct, frozen=True, kw_only=True):
    """A report to a municipality, as the list has it."""

    id: str
    kind: str
    """`daemon.contract.reports.ReportKind`"""
    law: str
    to: str
    """5 digits; empty where there is nobody to tell but the prefecture."""
    at: datetime
    acknowledged: datetime | None
    person: str
    """Opaque reference; empty where it is about nobody here."""
    serial: int | None
    items: list[str]
    """Names of the items at fault."""
    other: str
    reference: str
    counts: dict[str, int]


class ReportsQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    after: Id = ""


class ReportLines(Struct, frozen=True, kw_only=True):
    overdue: int
    """Reports that were not acknowledged in time."""
    reports: list[ReportLine]
    """The oldest first, acknowledged or not, a page of them."""
    more: bool


class ReportQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{24}\Z")]


class ReportShown(Struct, frozen=True, kw_only=True):
    """One report with what the 機構 wrote. Showing it is an entry in the log."""

    report: ReportLine
    words: str


OUTBOX = Endpoint("POST", "/v1/outbox", OutboxAfter, OutboxView)
RETRY = Endpoint("POST", "/v1/outbox/retry", Retry, Retried)
REPORT_LIST = Endpoint("POST", "/v1/reports", ReportsQuery, ReportLines)
REPORT = Endpoint("POST", "/v1/report", ReportQuery, ReportShown)
OUTBOX_ENDPOINTS = (OUTBOX, RETRY, REPORT_LIST, REPORT)
