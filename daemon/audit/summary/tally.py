"""What the summary counts, one header after the other. Its memory is bounded by persons, actions and days, never by entries.

A time is counted by its hour of the day and its day in Japan: what was done at night, or on a holiday, stands out in any span.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.head import Head
from daemon.clock import JST

MOST_LISTED = 10_000
"""Approvals, and findings, that are listed one by one; of those beyond only the number is told."""
MOST_OPEN = 100
"""First words of one kind that still wait for a second one."""

PAIRS: Mapping[str, str] = {
    Action.HOLD_CANCELLED: Action.HOLD_CANCEL_ASKED,
    Action.BOUNDARY_ANNOUNCED: Action.BOUNDARY_ANNOUNCE_ASKED,
    Action.BOUNDARY_WITHDRAWN: Action.BOUNDARY_WITHDRAW_ASKED,
    Action.LOG_HOLD_PLACED: Action.LOG_HOLD_ASKED,
    Action.ROWS_ACCEPTED: Action.ROWS_ACCEPT_ASKED,
    Action.LOG_HOLD_ENDED: Action.LOG_HOLD_LIFT_ASKED,
    Action.SERVICE_RESUMED: Action.RESUMPTION_PROPOSED,
    Action.LOG_EXPORT_APPROVED: Action.LOG_EXPORT_ORDERED,
    Action.LOG_EXPORT_DECLINED: Action.LOG_EXPORT_ORDERED,
    Action.KEY_CARRY_OUT: Action.KEY_PROPOSED,
}
"""What a second person does, and what the first one did."""
ASKED = frozenset(PAIRS.values())

FINDINGS = frozenset(
    {
        Action.OUTBOX_SET_ASIDE, Action.NATIONAL_ERROR, Action.SERVICE_STOPPED, Action.RECONCILIATION_STOPPED,
        Action.LOG_MISMATCH, Action.LOG_EPOCH_OPENED, Action.LOG_REATTACHED, Action.DISK_STAGE, Action.LOG_PURGED, Action.LOG_RELEASED, Action.TIMESTAMP_FAILED, Action.WITNESS_REFUSED, Action.MIGRATION_STOPPED, Action.KEY_DESTROYED, Action.KEY_STATEMENT,
    }
)  # fmt: skip
"""What an auditor wants to see one by one, beside whatever failed."""
CLOCK_BACK = "clock_back"
"""The code of a finding: an entry is earlier than the one before."""

Row = tuple[str, ...]


class Count(NamedTuple):
    """One kind of rows."""

    row: Callable[[Head, str, str], Row | None]
    """Of a header, its day and its hour; None where it does not count."""
    figure: str = ""
    """Of `counts`, what is summed; empty: the entries."""


def _peer(head: Head) -> Row | None:
    is_peer = head.actor.startswith("CS:") or head.actor == "zenkoku"
    return (head.actor, head.action, head.outcome) if is_peer else None


COUNTS: Mapping[str, Count] = {
    "acts": Count(lambda head, _, hour: (head.actor, head.action, hour)),
    "days": Count(lambda head, day, _: (day, head.action)),
    "refusals": Count(lambda head, *_: (head.code, head.action, head.outcome) if head.code else None),
    "terminals": Count(lambda head, *_: (head.terminal, head.action) if head.terminal else None),
    "keys": Count(
        lambda head, *_: (head.action, *_figures(head)) if head.action.startswith("key.") else None
    ),
    "peers": Count(lambda head, *_: _peer(head)),
    "volumes": Count(lambda head, *_: _peer(head), "bytes"),
}
"""What is counted, by name."""


def _figures(head: Head) -> Row:
    return (" ".join(sorted(head.counts)),)


class Approval(msgspec.Struct, frozen=True, array_like=True):
    """A second word, and the first one that it goes with: the last of its kind, of somebody else, with the same public figures."""

    action: str
    seq: int
    time: str
    actor: str
    asked_seq: str
    """Empty where the first word is not in the span."""
    asked_time: str
    asked_actor: str


class Finding(msgspec.Struct, frozen=True, array_like=True):
    """One entry that stands out."""

    seq: int
    time: str
    action: str
    actor: str
    outcome: str
    code: str
    figures: str


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """All of it, as it is put down between two files of entries."""

    counts: dict[str, list[tuple[Row, int]]] = {}
    approvals: list[Approval] = []
    findings: list[Finding] = []
    asked: dict[str, list[Head]] = {}
    beyond: int = 0
    time: str = ""
    seen: int = 0


class Tally:
    """Counts."""

    def __init__(self, kept: Kept | None = None) -> None:
        kept = kept or Kept()
        self.counts = {name: Counter(dict(kept.counts.get(name, ()))) for name in COUNTS}
        self.approvals, self.findings = list(kept.approvals), list(kept.findings)
        self.beyond = kept.beyond
        """How many approvals and findings are not listed."""
        self._asked = {action: list(kept.asked.get(action, ())) for action in ASKED}
        self._time = kept.time
        self.seen = kept.seen
        """Entries."""

    def kept(self) -> Kept:
        """As it stands."""
        counts = {name: list(counter.items()) for name, counter in self.counts.items()}
        return Kept(counts, self.approvals, self.findings, self._asked, self.beyond, self._time, self.seen)

    def look(self, head: Head) -> None:
        """Count one entry more."""
        day, hour = _day_and_hour(head.time[:13])
        for name, count in COUNTS.items():
            if (row := count.row(head, day, hour)) is not None:
                self.counts[name][row] += head.counts.get(count.figure, 0) if count.figure else 1
        if head.outcome == Outcome.OK:
            self._pair(head)
        if head.action in FINDINGS or head.outcome == Outcome.FAILED:
            self._find(head, head.code)
        if head.time < self._time:
            self._find(head, CLOCK_BACK)
        self._time = head.time
        self.seen += 1

    def _pair(self, head: Head) -> None:
        if head.action in ASKED:
            self._asked[head.action] = [*self._asked[head.action], head][-MOST_OPEN:]
        if head.action not in PAIRS:
            return
        waiting = self._asked[PAIRS[head.action]]
        first = next((one for one in reversed(waiting) if _fits(one, head)), None)
        asked = (str(first.seq), first.time, first.actor) if first else ("", "", "")
        if first is not None:
            waiting.remove(first)
        if self._has_room(self.approvals):
            self.approvals.append(Approval(head.action, head.seq, head.time, head.actor, *asked))

    def _find(self, head: Head, code: str) -> None:
        if self._has_room(self.findings):
            figures = " ".join(f"{name}={figure}" for name, figure in sorted(head.counts.items()))
            self.findings.append(
                Finding(head.seq, head.time, head.action, head.actor, head.outcome, code, figures)
            )

    def _has_room(self, listed: list[Approval] | list[Finding]) -> bool:
        room = len(listed) < MOST_LISTED
        self.beyond += not room
        return room


def _fits(first: Head, second: Head) -> bool:
    same = first.counts.keys() & second.counts.keys()
    return first.actor != second.actor and all(first.counts[name] == second.counts[name] for name in same)


@lru_cache(maxsize=64)
def _day_and_hour(hour: str) -> tuple[str, str]:
    """The day (YYYY-MM-DD) and the hour (00 to 23) in Japan, of an hour in UTC (YYYY-MM-DDTHH)."""
    there = datetime.fromisoformat(f"{hour}:00:00+00:00").astimezone(JST)
    return there.date().isoformat(), f"{there.hour:02}"
