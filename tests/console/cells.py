"""One harmless question for every endpoint that a right guards: refused for want of it, or for some other reason, or answered."""

from daemon.commands.caller import Right
from daemon.contract import (
    boundaries,
    daily,
    exports,
    findings,
    halt,
    holds,
    log,
    log_holds,
    outbox,
    reconciled,
    seal_keys,
    verification,
)
from daemon.contract.endpoint import Endpoint

PLACE = "00" * 12
CHANGE: dict[str, object] = {"old": "x", "new": "y", "on": "2030-01-01"}
SPAN: dict[str, object] = {"begins": "2030-01-01T00:00:00Z", "ends": "2030-01-01T01:00:00Z", "text": " "}

CELLS: dict[Right, list[tuple[Endpoint, dict[str, object]]]] = {
    Right.EXPORT: [
        (exports.ORDER_EXPORT, {"basis": " "}),
        (exports.CANCEL_EXPORT, {"export": "x"}),
        (exports.FETCH_FILE, {"export": "x", "file": "y"}),
    ],
    Right.EXPORT_SEE: [(exports.EXPORTS, {})],
    Right.EXPORT_APPROVE: [(exports.DECIDE_EXPORT, {"export": "x", "approve": True, "reason": " "})],
    Right.LOG_READ: [
        (log.LOG_SEARCH, {}),
        (log.LOG_ENTRY, {"seq": 10**9}),
        (log.LOG_CASE, {"seq": 10**9}),
        (log.LOG_STATISTICS, {}),
    ],
    Right.LOG_KEYS: [(seal_keys.LOG_KEYS, {})],
    Right.LOG_DAY: [(daily.LOG_DAY, {"day": "9999-12-31"})],
    Right.HALT_SEE: [(halt.HALT, {})],
    Right.STOP: [(halt.STOP_SERVICE, {"reason": " "})],
    Right.RESUME_PROPOSE: [(halt.PROPOSE_RESUMPTION, {"reason": " "})],
    Right.RESUME_CONFIRM: [(halt.CONFIRM_RESUMPTION, {"proposal": "x"})],
    Right.ANNOUNCE: [(halt.ANNOUNCE, SPAN), (halt.WITHDRAW, {"id": "x"})],
    Right.HOLDS_SEE: [(holds.CONSOLE_HOLDS, {})],
    Right.HOLDS_CANCEL: [(holds.CANCEL_HOLD, {"hold": "00" * 16, "reason": "r"})],
    Right.BOUNDARIES: [
        (boundaries.BOUNDARIES, {}),
        (boundaries.ANNOUNCE_BOUNDARY, CHANGE),
        (boundaries.WITHDRAW_BOUNDARY, CHANGE),
    ],
    Right.ROWS_ACCEPT: [(verification.ACCEPT_ROWS, {"reason": " "})],
    Right.LOG_HOLDS_SEE: [(log_holds.LOG_HOLDS, {})],
    Right.LOG_HOLDS: [
        (log_holds.PLACE_LOG_HOLD, {"entries": [], "until": "2030-01-01", "basis": "b"}),
        (log_holds.LIFT_LOG_HOLD, {"hold": 99, "reason": "r"}),
    ],
    Right.OUTBOX_SEE: [(outbox.OUTBOX, {})],
    Right.OUTBOX_RETRY: [(outbox.RETRY, {"ids": [PLACE]})],
    Right.REPORTS_SEE: [(outbox.REPORT_LIST, {})],
    Right.REPORTS_READ: [(outbox.REPORT, {"id": PLACE})],
    Right.RECONCILIATIONS_SEE: [
        (reconciled.RECONCILIATIONS, {}),
        (reconciled.RECONCILIATION, {"municipality": "35203"}),
    ],
    Right.RECONCILIATIONS_READ: [(findings.FINDINGS, {"municipality": "35203"})],
}
