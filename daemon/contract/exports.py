"""Exports of the log for external auditors (外部監査): ordered, made in the background, fetched file by file.

An export of headers and commitments begins at once. One in which sealed fields are to be open waits for a second person. The form of what
is fetched is docs/audit/EXPORT.md.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from daemon.contract.endpoint import Empty, Endpoint

MOST_OPENINGS = 50
"""In one order."""

_Time = Annotated[datetime, Meta(tz=True)]
_Seq = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class ExportPhase(StrEnum):
    """How far one has come."""

    WAITING = "waiting"
    """It opens sealed fields: a second person has to approve it."""
    DECLINED = "declined"
    """That person did not."""
    MAKING = "making"
    READY = "ready"
    """It can be fetched."""
    CANCELLED = "cancelled"
    FAILED = "failed"
    """`code` says why."""


class Opening(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sealed fields to be open in the entries of one action."""

    action: str
    fields: list[str]
    first: _Seq = 0
    """Sequence number of the first entry that it is about,"""
    last: _Seq | None = None
    """and of the last; None to the end of the export."""


class OrderExport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From `since` to `until`, widened to the signed checkpoints around; without them from the beginning, and to now."""

    since: _Time | None = None
    until: _Time | None = None
    openings: Annotated[list[Opening], Meta(max_length=MOST_OPENINGS)] = []
    basis: str
    """For what it is needed, in words; sealed in the log."""


class ExportState(Struct, frozen=True, kw_only=True):
    """One export."""

    export: str
    """Its number, 32 hexadecimal digits, which the manifest bears."""
    phase: ExportPhase
    operator: str
    """Who ordered it, and alone may fetch it."""
    ordered: datetime
    since: datetime | None
    until: datetime | None
    openings: list[Opening]
    basis: str
    decided_by: str
    """Who approved or declined it; empty while nobody did, or nobody had to."""
    first: int
    """Sequence number of its first entry,"""
    end: int
    """and of its last, plus one; both 0 while that is not known."""
    done: int
    """Entries gone through."""
    files: int
    size: int
    """Bytes, of as many files as are made."""
    code: str
    """Why it failed."""
    until_kept: datetime
    """Then it is forgotten."""


class Exports(Struct, frozen=True):
    """The newest first."""

    exports: list[ExportState]


class DecideExport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A second person's word on one that opens sealed fields."""

    export: str
    approve: bool
    reason: str
    """In words; sealed in the log."""


class CancelExport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Give one up: by who ordered it, at any time."""

    export: str


class FetchFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of an export that is ready: its manifest, or any that this names."""

    export: str
    file: str


EXPORTS = Endpoint("GET", "/v1/exports", Empty, Exports)
ORDER_EXPORT = Endpoint("POST", "/v1/exports", OrderExport, ExportState)
DECIDE_EXPORT = Endpoint("POST", "/v1/exports/decision", DecideExport, ExportState)
CANCEL_EXPORT = Endpoint("POST", "/v1/exports/cancel", CancelExport, ExportState)
FETCH_FILE = Endpoint("POST", "/v1/exports/file", FetchFile, bytes)
"""Answers with the bytes of the file themselves."""
EXPORT_ENDPOINTS = (EXPORTS, ORDER_EXPORT, DECIDE_EXPORT, CANCEL_EXPORT, FETCH_FILE)
