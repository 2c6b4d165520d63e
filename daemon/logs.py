"""Structured log lines: constant event text, a closed list of fields, one JSON object a line on standard error.

No personal data can pass: a field outside `FIELDS` is dropped and named as dropped, exceptions give their type
alone, and messages carry no arguments. This log is for those who keep the machine running; what people did is
in the audit log (`daemon.audit`).
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

FIELDS = (
    "register", "state", "reasons", "reason", "task", "error", "code", "peer", "kind", "count", "size", "stage",
    "seconds", "late", "pid", "key", "call", "commit", "uid", "attempt", "socket", "event",
)  # fmt: skip
"""Every field a line may carry. None of them may ever hold a name, a number, a date of birth or an address."""

_OWN = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {
    "message",
    "asctime",
    "taskName",
}


class Lines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.msg if isinstance(record.msg, str) else type(record.msg).__name__,
        }
        given = {name: value for name, value in record.__dict__.items() if name not in _OWN}
        line |= {name: given[name] for name in FIELDS if name in given}
        if dropped := sorted(given.keys() - set(FIELDS)):
            line["dropped"] = dropped
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False, default=str)


def start(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Send every logger's lines to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # These two name clients and requests on their own; what we want said of them, we say.
    for noisy in ("aiohttp.access", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
