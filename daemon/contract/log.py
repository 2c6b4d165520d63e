"""What an auditor (監査人) may read of the log on the console: headers and the names of sealed fields, proofs, figures; never a value.

Each reading is an entry itself, and in the log before its answer. Whoever asks by person or by reference says for what and on which
document: a complaint ("who looked at me?") brings the 住民票コード, the log gives no name for it.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from daemon.contract.endpoint import Endpoint

PAGE = 100
"""Entries in one answer."""
MOST_CASE = 500
"""Entries of one case that are shown."""

Name = Annotated[str, Meta(max_length=64)]
Month = Annotated[str, Meta(pattern=r"\A([0-9]{4}-(0[1-9]|1[0-2]))?\Z")]
Cursor = Annotated[str, Meta(pattern=r"\A([0-9a-f]{32})?\Z")]
Seq = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class LogSearch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Entries whose header has everything that is given; and, where `subject` or `reference` is, that mention it."""

    since: datetime | None = None
    until: datetime | None = None
    """Before this moment."""
    actor: Name = ""
    """As a header has it: `operator:<id>`, `CS:35203`, `jukurad`."""
    terminal: Name = ""
    action: Name = ""
    """`search.done`, or what stands before the point for all of a kind: `search`."""
    outcome: Name = ""
    """`ok`, `refused`, `failed`."""
    affair: Name = ""
    subject: str = ""
    """A 住民票コード, in whatever width and groups; needs `purpose` and `application`."""
    reference: str = ""
    """申請書等の番号, as it was given with the act; needs them, too."""
    purpose: str = ""
    application: str = ""
    """The document for which the auditor asks."""
    after: Cursor = ""
    """`next` of the page before, with the same question; empty for the first."""


class LogLine(Struct, frozen=True, kw_only=True):
    """What anyone may know of an entry."""

    seq: int
    time: datetime
    actor: str
    terminal: str
    action: str
    outcome: str
    affair: str
    code: str
    counts: dict[str, int]
    sealed: list[str]
    """The names of what else it says."""


class LogPage(Struct, frozen=True, kw_only=True):
    """Entries, the newest first."""

    entries: list[LogLine]
    next: str
    """Where to go on; empty where nothing older fits. A page may have no entries and a `next`: then so much was looked through."""
    back_to: datetime | None
    """How far back everything was looked through; None where that is the whole of what was asked."""


class EntryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    seq: Seq


class LogEntry(Struct, frozen=True, kw_only=True):
    """One entry with its proof."""

    line: LogLine
    leaf: str
    """The canonical text that the tree hashes."""
    proof: str
    """A C2SP tlog-proof that this leaf is under a signed checkpoint; empty while no checkpoint is over it."""
    size: int
    """Entries under that checkpoint."""
    signed: datetime | None
    """When the key service signed it."""


class Case(Struct, frozen=True, kw_only=True):
    """Entries of one case, the oldest first."""

    entries: list[LogLine]
    more: bool
    """Whether there are more than are shown."""


class StatisticsQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    since: Month = ""
    until: Month = ""
    """The first and the last month (in Japan); empty for the oldest, the newest."""


class Figure(Struct, frozen=True, kw_only=True):
    """How often one action was done in one month."""

    month: str
    action: str
    ok: int
    refused: int
    failed: int


class Statistics(Struct, frozen=True):
    """Month by month, purged ones as well; by action in alphabetical order."""

    figures: list[Figure]


LOG_SEARCH = Endpoint("POST", "/v1/log/search", LogSearch, LogPage)
LOG_ENTRY = Endpoint("POST", "/v1/log/entry", EntryQuery, LogEntry)
LOG_CASE = Endpoint("POST", "/v1/log/case", EntryQuery, Case)
"""All entries that belong together with one: the same application document by the same person for the same affair; the same notice, from its
coming to the delivery of the row that it became; the same report of the 機構."""
LOG_STATISTICS = Endpoint("POST", "/v1/log/statistics", StatisticsQuery, Statistics)
LOG_ENDPOINTS = (LOG_SEARCH, LOG_ENTRY, LOG_CASE, LOG_STATISTICS)
