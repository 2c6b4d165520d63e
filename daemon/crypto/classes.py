"""Which key class protects what, and which classes must be at hand on a given day. Pure.

The table is the design's (docs/ARCHITECTURE.md, Keys). Dated keys are wanted `AHEAD` of their date, so that no
midnight needs the token.
"""

from datetime import date, timedelta

from daemon.clock import fiscal_year
from daemon.register.retention import due_year

AHEAD = 60  # days
STEP = 20  # days; shorter than any month, so that none is stepped over

LIVE = "live.1"
STORE = "store.1"
INDEX = "index.1"
SECRET = "secret.1"  # noqa: S105 - the name of a class
SEAL = "seal.1"
OPERATIONAL = (LIVE, STORE, INDEX, SECRET)

READABLE = frozenset({"live", "store", "index", "secret", "expire", "log", "case", "work"})
"""The kinds of data keys that the register keeps in memory while it runs."""


def expire(day: date) -> str:
    """The class of a row whose 150 years count from `day` (the day the next notice came)."""
    return f"expire.{due_year(day):04}"


def log(day: date) -> str:
    """The class of what log entries of `day` say about people."""
    return f"log.{fiscal_year(day):04}"


def work(day: date) -> str:
    """The class of what is under way on `day`: outbox, holds, jobs."""
    return f"work.{day:%Y-%m}"


def wanted(today: date) -> list[str]:
    """The data keys that must exist and be loaded on `today`."""
    days = [today + timedelta(days=ahead) for ahead in range(0, AHEAD + 1, STEP)]
    dated = {of(day) for of in (expire, log, work) for day in days}
    return [*OPERATIONAL, *sorted(dated)]


def kind(name: str) -> str:
    """`live.3` is of the kind `live`."""
    return name.partition(".")[0]
