"""整合性確認 between a municipality's server and this register (H6; 別添1 6): a municipality compares its records with ours.

    begin ─▶ records … ─▶ finish ─▶ result                       `full`: every record is sent, in any order
    begin ─▶ ranges … ─▶ records …, lacking … ─▶ finish ─▶ result  `ranges`: only what differs is sent

One run of a municipality at a time. A transfer that is cut goes on at the number of records that were taken in, which the answer
to `records` and the result say, after a crash of either end as well. Nothing that is found changes a row: what is wrong is put right
by notices.

`records` takes NDJSON, one value a line: first `Head`, then records as in a notice. A line that cannot be read is a finding, by its
number; a line over `MAX_NOTICE` ends the request.

What a municipality learns is about people who are, or by their newest version were last, its own: every value of ours that comes
back was stated by itself, in the notice that made the version. Of anybody else, and of nobody, the answer is the same bare
`only_there`: who asks for codes at random learns nothing about who has them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from daemon.contract.endpoint import Empty, Endpoint
from daemon.register.ranges import CODES
from daemon.register.reconcile import Kind

MOST_RECORDS = 4_000_000  # in one run
MOST_RANGES = 256  # in one question
MOST_LISTED = 64  # people in a range that is listed
MOST_LACKING = 1000  # codes in one message
MOST_FINDINGS = 100_000  # kept one by one in a run; past it they are counted


class Mode(StrEnum):
    """How the two sets are compared."""

    FULL = "full"
    """The standard procedure: the municipality sends all its records."""
    RANGES = "ranges"
    """By digests of ranges of 住民票コード (`daemon.register.ranges`)."""


class Phase(StrEnum):
    """How far a run has come."""

    PREPARING = "preparing"
    """The register makes its digests (`ranges` only)."""
    RECEIVING = "receiving"
    COMPARING = "comparing"
    """Everything came; the register looks for whom it alone has."""
    DONE = "done"
    STOPPED = "stopped"
    """Cancelled, or given up: `code` says why."""


class Begin(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    mode: Mode
    records: int
    """How many people the municipality has; in `full` so many records will come."""
    nonce: str = ""
    """`ranges`: 32 random bytes of the municipality, as 64 lower-case hexadecimal digits."""


class Begun(Struct, frozen=True, kw_only=True):
    run: str
    nonce: str = ""
    """`ranges`: 32 random bytes of the register; `run_key` makes the key of both."""


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a transfer."""

    run: str
    at: int
    """How many records of this run the register has taken in before."""


class Received(Struct, frozen=True):
    run: str
    records: int
    """Taken in so far, over all transfers; they need not come again."""


class Range(Struct, frozen=True, forbid_unknown_fields=True):
    """Codes from `first` to `last`, both included, as numbers."""

    first: int = 0
    last: int = CODES - 1
    listed: bool = False
    """Also the people, if they are no more than `MOST_LISTED`."""


class Ranges(Struct, frozen=True, forbid_unknown_fields=True):
    run: str
    ranges: list[Range]


class Listed(Struct, frozen=True, array_like=True):
    """One of our people: 住民票コード, and the digest as 32 hexadecimal digits."""

    code: str
    digest: str


class Print(Struct, frozen=True, omit_defaults=True):
    """What the register has in a range, as it was when the run was prepared."""

    count: int
    total: str
    """The sum of the digests modulo 2^128, as 32 hexadecimal digits."""
    people: list[Listed] | None = None
    """None where nobody asked, or where they are too many."""


class Prints(Struct, frozen=True):
    """One for each range, in the order asked."""

    prints: list[Print]


class Lacking(Struct, frozen=True, forbid_unknown_fields=True):
    """`ranges`: people of ours whom the municipality does not have."""

    run: str
    codes: list[str]


class RunName(Struct, frozen=True, forbid_unknown_fields=True):
    run: str


class ResultQuery(Struct, frozen=True, forbid_unknown_fields=True):
    run: str = ""
    """Empty for the run under way, or else the last."""
    page: int = 0
    """The page of findings, from 0."""


class Traffic(Struct, frozen=True, kw_only=True):
    """What crossed the line for a run. Bytes are those of bodies, before TLS."""

    bytes_in: int = 0
    bytes_out: int = 0
    records_in: int = 0
    """Whole records of people that the municipality sent; one that came twice counts twice."""
    codes_in: int = 0
    """住民票コード that it sent by themselves."""
    values_out: int = 0
    """People of whom values went back."""
    codes_out: int = 0
    """People of whom 住民票コード went back, with a digest or without."""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One that was found."""

    kind: Kind
    record: int = 0
    """The number of the record in the transfer, from 1; 0 where no record came."""
    juminhyo_code: str = ""
    items: list[str] = []
    """`differs`: the names of the fields,"""
    ours: dict[str, Any] = {}
    """and our values of them."""
    standing: str = ""
    """`only_there`, of whoever was struck off by a notice of this municipality: `out`, `dead`, `gone`, `struck`."""
    held: bool = False
    """`only_there`: a notice of this municipality about them waits (保留)."""
    code: str = ""
    """`broken`: the error,"""
    field: str = ""
    """and where it is."""


class Result(Struct, frozen=True, kw_only=True):
    """State, figures and one page of findings. The findings are complete once the phase is `done`."""

    run: str
    mode: Mode
    phase: Phase
    begun: datetime
    ended: datetime | None
    code: str
    """Why it was stopped, or empty."""
    expected: int
    received: int
    counts: dict[str, int]
    """Findings by kind, kept or not."""
    items: dict[str, int]
    """Of those that differ, in how many each field does."""
    traffic: Traffic
    page: int
    pages: int
    findings: list[Finding]
    complete: bool
    """False where there were more than `MOST_FINDINGS`: the rest is in the counts alone."""


class Summary(Struct, frozen=True, kw_only=True):
    """What a municipality is told at the end of a run, without anybody's data."""

    run: str
    mode: Mode
    begun: datetime
    ended: datetime
    received: int
    counts: dict[str, int]


BEGIN = Endpoint("POST", "/v1/reconciliations", Begin, Begun)
RECORDS = Endpoint("POST", "/v1/reconciliations/records", Head, Received, stream=True)
RANGES = Endpoint("POST", "/v1/reconciliations/ranges", Ranges, Prints)
LACKING = Endpoint("POST", "/v1/reconciliations/lacking", Lacking, Empty)
FINISH = Endpoint("POST", "/v1/reconciliations/finish", RunName, Received)
CANCEL = Endpoint("POST", "/v1/reconciliations/cancel", RunName, Empty)
RESULT = Endpoint("GET", "/v1/reconciliations/result", ResultQuery, Result)
RECONCILIATION_ENDPOINTS = (BEGIN, RECORDS, RANGES, LACKING, FINISH, CANCEL, RESULT)
