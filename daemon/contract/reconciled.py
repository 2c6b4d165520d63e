"""整合性確認 as operators see it: which municipality compared when, what it came to, and whose turn it is. Figures, nobody's data."""

from datetime import date, datetime

from msgspec import Struct

from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.reconciliation import Mode, Phase, Traffic


class RunFigures(Struct, frozen=True, kw_only=True):
    """One run."""

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
    """What was found, by kind (`daemon.register.reconcile.Kind`)."""
    items: dict[str, int]
    """Of those that differ, in how many each item does."""
    traffic: Traffic


class Schedule(Struct, frozen=True, kw_only=True):
    """One municipality's."""

    municipality: str
    """5 digits."""
    days: int
    """A comparison is due so many days after the last one ended."""
    last: date | None
    """The day on which the last one ended; None where there was none."""
    due: date
    overdue: bool
    newest: RunFigures | None
    """The run under way, or the last one, while its figures are kept."""
    done: RunFigures | None
    """The last one that came to its end."""


class Schedules(Struct, frozen=True):
    """By municipality."""

    schedules: list[Schedule]


class ScheduleQuery(Struct, frozen=True, forbid_unknown_fields=True):
    municipality: str
    """5 or 6 digits."""


RECONCILIATIONS = Endpoint("GET", "/v1/reconciliations", Empty, Schedules)
RECONCILIATION = Endpoint("POST", "/v1/reconciliation", ScheduleQuery, Schedule)
RECONCILED_ENDPOINTS = (RECONCILIATIONS, RECONCILIATION)
