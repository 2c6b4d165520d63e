"""What the last 整合性確認 of a municipality found, one by one, as 市町課 sees it: what each is and in which items, never a value.

住民票コード are masked: who somebody is shows the ordinary way, with an affair and a purpose, and the municipality has each finding
in full. Showing a page is an entry in the log.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from daemon.contract.endpoint import Endpoint
from daemon.register.reconcile import Kind

PAGE = 100
"""Findings in one answer."""

Id = Annotated[str, Meta(pattern=r"\A([0-9a-f]{48})?\Z")]


class FindingsQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    municipality: str
    """5 or 6 digits."""
    after: Id = ""
    """Id of the last finding seen; empty for the first page."""


class FindingLine(Struct, frozen=True, kw_only=True):
    """One finding, as the list has it."""

    id: str
    kind: Kind
    juminhyo_code: str
    """Masked; empty where a record could not be read."""
    record: int
    """The number of the record in the transfer, from 1; 0 where no record came."""
    items: list[str]
    """`differs`: the names of the items."""
    code: str
    """`broken`: the error,"""
    field: str
    """and the name of the item at fault, if one is."""


class FindingLines(Struct, frozen=True, kw_only=True):
    """A page of what the last run that came to its end found."""

    run: str
    """Empty where there was none, or none whose findings are still kept."""
    ended: datetime | None
    counts: dict[str, int]
    """All findings by kind, those of other pages as well."""
    findings: list[FindingLine]
    """In the order in which the municipality gets them."""
    more: bool
    complete: bool
    """False where there were more than `MOST_FINDINGS`: the rest is in the counts alone."""


FINDINGS = Endpoint("POST", "/v1/reconciliation/findings", FindingsQuery, FindingLines)
FINDING_ENDPOINTS = (FINDINGS,)
