"""通報・連絡調整: what the prefecture tells a municipality, which fetches it and acknowledges it. Nothing here changes a record.

A municipality sees its own reports only, the oldest first, each until it acknowledges it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from msgspec import Meta, Struct

from daemon.contract.endpoint import Endpoint

MOST_REPORTS = 100
"""In one answer, and in one acknowledgement."""

Id = Annotated[str, Meta(pattern=r"\A[0-9a-f]{24}\Z")]


class ReportKind(StrEnum):
    """Why a municipality is told something."""

    OMISSION = "omission"
    """脱漏・誤載等の通報."""
    ERROR = "error"
    """機構から誤りの通報があった."""
    COORDINATION = "coordination"
    """市町村間の連絡調整."""
    HOLD_EXPIRED = "hold_expired"
    """保留の期限が過ぎ、通知は反映されなかった."""
    RECONCILIATION = "reconciliation"
    """整合性確認の結果."""


LAW: Mapping[ReportKind, str] = MappingProxyType({
    ReportKind.OMISSION: "住基法12条の5",
    ReportKind.ERROR: "住基法30条の8",
    ReportKind.COORDINATION: "住基法30条の22",
    ReportKind.HOLD_EXPIRED: "住基法30条の22",
    ReportKind.RECONCILIATION: "住基法12条の5",
})  # fmt: skip
"""On what law each rests."""


class Report(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What there is to tell. Whatever does not apply is left out."""

    kind: ReportKind
    subject: str = ""
    """住民票コード of whom it is about."""
    serial: int | None = None
    """更新順番号 of the version it is about."""
    items: list[str] = []
    """Names of the items at fault, as in the row."""
    other: str = ""
    """The other municipality concerned (5 digits)."""
    reference: str = ""
    """What it goes back to: a notice's id, a reconciliation's run, the id of the 機構's own report."""
    code: str = ""
    """The code of the error behind it, as verdicts have them."""
    counts: dict[str, int] = {}
    """Figures, such as those of a reconciliation."""
    words: str = ""
    """What the 機構 wrote."""


class Told(Report, frozen=True, kw_only=True, omit_defaults=True):
    """A report as its municipality gets it."""

    id: str
    law: str
    at: datetime
    ja: str
    en: str


class ReportsAfter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    after: str = ""
    """Id of the last report seen; empty to begin with the oldest."""
    limit: Annotated[int, Meta(ge=1, le=MOST_REPORTS)] = MOST_REPORTS


class ReportPage(Struct, frozen=True):
    """Reports that were not acknowledged, the oldest first."""

    reports: list[Told]
    more: bool
    """Whether there are others after these."""


class Acknowledge(Struct, frozen=True, forbid_unknown_fields=True):
    ids: Annotated[list[Id], Meta(min_length=1, max_length=MOST_REPORTS)]


class Acknowledged(Struct, frozen=True):
    """Acknowledging twice is no error."""

    acknowledged: int
    """How many were not acknowledged before."""
    unknown: list[str]
    """Those that are no reports to this municipality, or were deleted long after they had been acknowledged."""


REPORTS = Endpoint("GET", "/v1/reports", ReportsAfter, ReportPage)
ACKNOWLEDGE = Endpoint("POST", "/v1/reports/ack", Acknowledge, Acknowledged)
REPORT_ENDPOINTS = (REPORTS, ACKNOWLEDGE)
