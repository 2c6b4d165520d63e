"""Holds on entries of the log (保全), as the console asks for them, and how far the log is purged.

Entries are deleted 7 years after the event. Where the law or a case asks for some to be kept longer, two people place a hold; it
ends with its last day, or when two people lift it, and what it kept beyond its time is deleted in the next night.
"""

from datetime import date

from msgspec import Struct

from daemon.contract.endpoint import Empty, Endpoint


class Purge(Struct, frozen=True, kw_only=True):
    """How far the log is purged."""

    purged: int
    """Entries before this number are deleted, but those held."""
    held: int
    """Entries that holds keep, of whatever age."""
    looked: date | None
    """The day (in Japan) in whose night all that was due was last deleted; None before the first."""
    next: date | None
    """The day (in Japan) on which more will be past its 7 years; None while nothing more is signed."""


class Run(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entries with neighbouring numbers."""

    first: int
    last: int
    """Included."""


class PlaceLogHold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asked by one person, done when a second one asks for the same in the same words."""

    entries: list[Run]
    until: date
    """The last day (in Japan) on which they are kept."""
    basis: str
    """根拠: the provision, or the case; sealed in the log and with the hold."""


class LiftLogHold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Before its last day. Asked by one person, done when a second one asks for the same hold."""

    hold: int
    reason: str
    """In words; sealed in the log."""


class LogHoldAsked(Struct, frozen=True):
    """Whether it is done; False where a second person still has to ask for the same, within 24 hours."""

    done: bool
    hold: int = 0
    """Its number, once it is placed: also that of its key `hold.<n>`, which custodians destroy when it is over."""


class LogHold(Struct, frozen=True, kw_only=True):
    """One hold."""

    hold: int
    entries: list[Run]
    until: date
    basis: str
    placed: date
    over: bool
    """It has ended; what it kept beyond its time is deleted in the next night."""


class LogHolds(Struct, frozen=True):
    """By number."""

    holds: list[LogHold]


LOG_HOLDS = Endpoint("GET", "/v1/log/holds", Empty, LogHolds)
PLACE_LOG_HOLD = Endpoint("POST", "/v1/log/holds", PlaceLogHold, LogHoldAsked)
LIFT_LOG_HOLD = Endpoint("POST", "/v1/log/holds/lift", LiftLogHold, LogHoldAsked)
LOG_HOLD_ENDPOINTS = (LOG_HOLDS, PLACE_LOG_HOLD, LIFT_LOG_HOLD)
