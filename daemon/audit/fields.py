"""What an entry of each action may say beyond its form: the names of its public figures, and of its sealed fields.

The table is the source of the published schema (`daemon.audit.schema`, docs/audit/entry.schema.json). An entry need not have all
of them. Every entry that any test writes is held against it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from daemon.audit.action import Action


class Fields(NamedTuple):
    """Names."""

    counts: frozenset[str]
    sealed: frozenset[str]


def _fields(counts: str = "", sealed: str = "", *more: Iterable[str]) -> Fields:
    return Fields(frozenset(counts.split()).union(*more), frozenset(sealed.split()))


_KEYS = frozenset(
    ("expire", "log", "case", "work", "transit", "hold", "live", "store", "index", "backup", "secret", "seal", "form")
)  # fmt: skip
"""Classes of keys (design, section 3): the figure is the generation, or the digits of the date."""
_DEEDS = frozenset(
    ("destroy_key", "rotate_seal", "enrol_token", "replace_token", "retire_token", "clear_pin", "set_clock", "set_custodians", "open_epoch")
)  # fmt: skip
"""Of custodians: the figure is 1."""
_STATEMENTS = frozenset(
    ("endorsement", "destruction", "token_enrolled", "token_retired", "clock_set", "custodians_set", "pin_cleared", "ceremony", "epoch_opened")
)  # fmt: skip
"""Kinds of what the key service states: the figure is 1."""
_REPORTS = frozenset(("omission", "error", "coordination", "hold_expired", "reconciliation"))
"""Kinds of reports to municipalities: the figure is 1."""
_FINDINGS = frozenset(("only_here", "only_there", "differs", "changed", "twice", "broken"))
"""Kinds of what a comparison finds: the figure is how many."""
_MODES = frozenset(("full", "ranges"))
"""Of a comparison: the figure is 1."""
_REQUESTS = frozenset((
    "announcements", "checkpoint", "cosignature", "errors", "holds", "messages_again", "notices", "reconciliations", "reconciliations_cancel", "reconciliations_finish",
    "reconciliations_lacking", "reconciliations_ranges", "reconciliations_records", "reconciliations_result", "reports", "reports_ack",
    "unknown",
))  # fmt: skip
"""Kinds of peers' requests: the figure is how many things one held."""

_STAGES = frozenset(("ample", "low", "no_disclosures", "no_notices"))
"""Of a disk that fills: the figure is 1."""

_NOTHING = _fields()
_CHECKPOINT = _fields("size")
_DECISION = _fields("", "export reason")
_REASON = _fields("", "reason")
_BOUNDARY = _fields("old new on")
_SUMMED = _fields("times", "address addresses")
_REQUEST = _fields("bytes", "address digest", _REQUESTS)
_SEARCH = _fields("hits", "terms subjects purpose application")
_LOOKUP = _fields("hits code number", "terms subjects withheld purpose application")
_PERSON = _fields("code number versions", "subject purpose application")
_HOLD = _fields("", "notice subject reason")
_LOG_HOLD = _fields("hold entries until", "entries basis")
_REFUSED_BY_NATIONAL = _fields("", "key reason")
_MIGRATION = _fields("people rows warnings", "digest warnings")
_ROTATION = _fields("rows", "", _KEYS)
_PROPOSAL = _fields("signatures", "proposal custodian", _DEEDS, _KEYS)

FIELDS: dict[Action, Fields] = {
    Action.REGISTER_STARTED: _NOTHING,
    Action.REGISTER_STOPPED: _NOTHING,
    Action.NOTICE_APPLIED: _fields("held", "notice subject serial"),
    Action.NOTICE_DUPLICATE: _fields("held", "notice"),
    Action.NOTICE_REFUSED: _fields("held", "notice subject"),
    Action.NOTICE_HELD: _fields("days", "notice subject"),
    Action.NOTICE_FORGOTTEN: _fields("notices"),
    Action.HOLD_CANCEL_ASKED: _HOLD,
    Action.HOLD_CANCELLED: _HOLD,
    Action.HOLDS_SHOWN: _fields("holds"),
    Action.BOUNDARY_ANNOUNCE_ASKED: _BOUNDARY,
    Action.BOUNDARY_ANNOUNCED: _BOUNDARY,
    Action.BOUNDARY_WITHDRAW_ASKED: _BOUNDARY,
    Action.BOUNDARY_WITHDRAWN: _BOUNDARY,
    Action.HANDSHAKE_ACCEPTED: _SUMMED,
    Action.HANDSHAKE_REFUSED: _SUMMED,
    Action.PEER_RECEIVED: _REQUEST,
    Action.PEER_REFUSED: _REQUEST,
    Action.PEER_TURNED_AWAY: _SUMMED,
    Action.SESSION_OPENED: _NOTHING,
    Action.SESSION_REFUSED: _fields("", "operator"),
    Action.SESSION_CLOSED: _NOTHING,
    Action.SEARCH_DONE: _SEARCH,
    Action.SEARCH_REFUSED: _SEARCH,
    Action.LOOKUP_DONE: _LOOKUP,
    Action.LOOKUP_REFUSED: _LOOKUP,
    Action.PERSON_SHOWN: _PERSON,
    Action.PERSON_REFUSED: _PERSON,
    Action.OUTBOX_DELIVERED: _fields("messages", "subjects serials"),
    Action.OUTBOX_SET_ASIDE: _fields("", "key reason subject serial"),
    Action.OUTBOX_WAITS: _fields("messages"),
    Action.OUTBOX_RETRY_ASKED: _fields("messages all", "ids"),
    Action.OUTBOX_VIEW_REFUSED: _NOTHING,
    Action.OUTBOX_PUT_BACK: _fields("messages"),
    Action.OUTBOX_REPEATED: _fields("messages erased refused"),
    Action.OUTBOX_REPEAT_REFUSED: _REFUSED_BY_NATIONAL,
    Action.OUTBOX_FORGOTTEN: _fields("messages"),
    Action.NATIONAL_AGAIN: _fields("messages", "first last"),
    Action.NATIONAL_ERROR: _fields("known", "report subject items words"),
    Action.REPORT_MADE: _fields("to", "subject reference items", _REPORTS),
    Action.REPORT_FETCHED: _fields("reports"),
    Action.REPORT_SHOWN: _fields("", "report subject"),
    Action.REPORT_ACKNOWLEDGED: _fields("reports"),
    Action.REPORT_FORGOTTEN: _fields("reports"),
    Action.SERVICE_STOPPED: _REASON,
    Action.RESUMPTION_PROPOSED: _REASON,
    Action.SERVICE_RESUMED: _NOTHING,
    Action.STOP_ANNOUNCED: _fields("", "text"),
    Action.STOP_WITHDRAWN: _NOTHING,
    Action.SETUP_IMPORTED: _fields("operators affairs"),
    Action.MIGRATION_STARTED: _MIGRATION,
    Action.MIGRATION_BATCH: _MIGRATION,
    Action.MIGRATION_DONE: _MIGRATION,
    Action.MIGRATION_STOPPED: _MIGRATION,
    Action.RECONCILIATION_STARTED: _fields("records", "", _MODES),
    Action.RECONCILIATION_DONE: _fields("records", "", _MODES, _FINDINGS),
    Action.RECONCILIATION_STOPPED: _fields("records", "", _MODES, _FINDINGS),
    Action.RECONCILIATION_SHOWN: _fields("municipality findings", "run after", _FINDINGS),
    Action.RECONCILIATION_VIEW_REFUSED: _NOTHING,
    Action.WITNESS_COSIGNED: _fields("size"),
    Action.WITNESS_REFUSED: _fields("size"),
    Action.ROWS_VERIFIED: _fields("rows"),
    Action.ROWS_ACCEPT_ASKED: _REASON,
    Action.ROWS_ACCEPTED: _REASON,
    Action.TIMESTAMP_KEPT: _CHECKPOINT,
    Action.TIMESTAMP_FAILED: _CHECKPOINT,
    Action.LOG_MISMATCH: _fields("entry entries"),
    Action.DISK_STAGE: _fields("free", "", _STAGES),
    Action.LOG_EPOCH_OPENED: _fields("number first end proven", "note"),
    Action.LOG_REATTACHED: _fields("first end"),
    Action.LOG_PURGED: _fields("first end", "range"),
    Action.LOG_RELEASED: _fields("hold entries", "entries"),
    Action.LOG_HOLD_ASKED: _LOG_HOLD,
    Action.LOG_HOLD_PLACED: _LOG_HOLD,
    Action.LOG_HOLD_LIFT_ASKED: _fields("hold", "reason"),
    Action.LOG_HOLD_ENDED: _fields("hold", "reason"),
    Action.LOG_HOLDS_SHOWN: _fields("holds"),
    Action.LOG_EXPORT_ORDERED: _fields("openings", "export span openings basis"),
    Action.LOG_EXPORT_APPROVED: _DECISION,
    Action.LOG_EXPORT_DECLINED: _DECISION,
    Action.LOG_EXPORT_CANCELLED: _fields("", "export"),
    Action.LOG_EXPORT_MADE: _fields("first end files bytes", "export manifest"),
    Action.LOG_EXPORT_FORGOTTEN: _fields("exports"),
    Action.LOG_EXPORT_VIEW_REFUSED: _NOTHING,
    Action.LOG_EXPORTED: _fields("bytes", "export file"),
    Action.LOG_SEARCHED: _fields("hits subject reference", "terms subject reference purpose application"),
    Action.LOG_ENTRY_SHOWN: _fields("entry"),
    Action.LOG_CASE_SHOWN: _fields("entry entries"),
    Action.LOG_DAY_SHOWN: _fields("day checkpoints"),
    Action.LOG_STATISTICS_SHOWN: _NOTHING,
    Action.LOG_VIEW_REFUSED: _fields("subject reference", "terms subject reference purpose application"),
    Action.KEY_MADE: _fields("keys", "names"),
    Action.KEY_VIEW_REFUSED: _NOTHING,
    Action.KEY_ROTATION_ASKED: _fields("", "", _KEYS),
    Action.KEY_ROTATION_STARTED: _ROTATION,
    Action.KEY_ROTATION_DONE: _ROTATION,
    Action.KEY_PROPOSED: _fields("", "deed", _DEEDS, _KEYS),
    Action.KEY_SIGNED: _PROPOSAL,
    Action.KEY_CANCELLED: _PROPOSAL,
    Action.KEY_CARRY_OUT: _PROPOSAL,
    Action.KEY_CARRIED_OUT: _PROPOSAL,
    Action.KEY_ENDED: _fields("keys", "names"),
    Action.KEY_DESTROYED: _fields("rows missing", "key", _KEYS),
    Action.KEY_STATEMENT: _fields("number", "note", _STATEMENTS),
}


def unknown(action: Action, counts: Iterable[str], sealed: Iterable[str]) -> list[str]:
    """The names that an entry of `action` may not have."""
    fields = FIELDS[action]
    return sorted({*counts} - fields.counts) + sorted({*sealed} - fields.sealed)
