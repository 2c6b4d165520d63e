"""How the log's time-stamps stand (RFC 3161), as the status tells it."""

from datetime import datetime

from msgspec import Struct


class TimestampState(Struct, frozen=True, kw_only=True):
    """Of one register's log."""

    authority: str
    """Host name of the authority."""
    hours: int
    """A checkpoint is stamped every so many hours."""
    last: datetime | None = None
    """What the authority stated in the last reply that was kept."""
    size: int = 0
    """Entries under the checkpoint that it was about."""
    overdue: bool = False
    code: str = ""
    """Why the last try came to nothing; empty where it did not."""
    failures: int = 0
    """Tries in a row that came to nothing."""
    next_try: datetime | None = None
    """When it is tried again, after a failure."""
