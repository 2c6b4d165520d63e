"""How full the register's disk is, as the status tells it."""

from enum import StrEnum

from msgspec import Struct


class Stage(StrEnum):
    """Of a disk that fills."""

    AMPLE = "ample"
    LOW = "low"
    """An alarm."""
    NO_DISCLOSURES = "no_disclosures"
    """Nobody is shown anybody."""
    NO_NOTICES = "no_notices"
    """Peers are told to come again, too."""


class Disk(Struct, frozen=True, kw_only=True):
    """The room there is."""

    stage: Stage
    free: int
    """Bytes."""
    ballast: int
    """Bytes that are held free for the log."""
