"""日報: one day of a register's log on paper: what was done, in figures, and the checkpoints of its hours. It names nobody.

What is printed and put by cannot be altered on a disk afterwards: the last checkpoint, typed or scanned in again, is one that an
auditor kept (`jukura-verify --known`), and the fingerprints tell whose signatures count (`--key`).
"""

from datetime import date, datetime

from msgspec import Struct

from daemon.contract.endpoint import Endpoint
from daemon.contract.seal_keys import SealKey
from daemon.contract.witnessing import WitnessState
from daemon.register.rows import Register


class DayQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    day: date | None = None
    """In Japan; the day on which it is asked where it is not given."""


class DayFigure(Struct, frozen=True, kw_only=True):
    """How often one action was done on the day."""

    action: str
    ok: int
    refused: int
    failed: int


class HourCheckpoint(Struct, frozen=True, kw_only=True):
    """The last that was signed in one hour."""

    signed: datetime
    size: int
    root: str
    """Base64, as the checkpoint has it."""


class DailyReport(Struct, frozen=True, kw_only=True):
    """One day. While it lasts, up to the moment at which this was made."""

    register: Register
    day: date
    made: datetime
    first: int
    """The day's entries lie at and after this place,"""
    end: int
    """and before this one; both 0 where there is none any more, or never was."""
    figures: list[DayFigure]
    """By action, in alphabetical order."""
    checkpoints: list[HourCheckpoint]
    """The oldest first."""
    note: str
    """The last of them, whole; empty where none was signed on the day."""
    keys: list[SealKey]
    """The newest first."""
    witnesses: list[WitnessState]
    """As they stand when this is made."""


LOG_DAY = Endpoint("POST", "/v1/log/day", DayQuery, DailyReport)
