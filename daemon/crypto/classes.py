"""Which key class protects what, and which classes must be at hand on a given day. Pure.

The table is the design's (docs/ARCHITECTURE.md, Keys). Dated keys are wanted `AHEAD` of their date, so that no
midnight needs the token. Operational classes count generations: the first is made by itself, later ones by
rotation, and what is written goes under the newest.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from daemon.clock import fiscal_year
from daemon.register.retention import due_year

AHEAD = 60  # days
FEW = 512  # days whose classes are kept at hand: asked for with each value that is sealed
STEP = 20  # days; shorter than any month, so that none is stepped over

LIVE = "live"
STORE = "store"
INDEX = "index"
SECRET = "secret"  # noqa: S105 - the name of a class
HOLD = "hold"
"""Generations too, of which each belongs to one hold."""
OPERATIONAL = (LIVE, STORE, INDEX, SECRET)
"""The kinds of data keys that count generations and that the register cannot do without."""
SEAL = "seal.1"
"""The first pair; its successors come by the custodians."""

READABLE = frozenset({"live", "store", "index", "secret", "expire", "log", "case", "work", "hold"})
"""The kinds of data keys that the register keeps in memory while it runs."""


@lru_cache(maxsize=FEW)
def expire(day: date) -> str:
    """The class of a row whose 150 years count from `day` (the day the next notice came)."""
    return f"expire.{due_year(day):04}"


@lru_cache(maxsize=FEW)
def log(day: date) -> str:
    """The class of what log entries of `day` say about people."""
    return f"log.{fiscal_year(day):04}"


def hold(number: int) -> str:
    """The class of log entries that a hold keeps beyond their time, and of why."""
    return f"{HOLD}.{number}"


@lru_cache(maxsize=FEW)
def work(day: date) -> str:
    """The class of what is under way on `day`: outbox, holds, jobs."""
    return f"work.{day:%Y-%m}"


def wanted(today: date) -> list[str]:
    """The data keys that must exist and be loaded on `today`; of an operational kind, the first generation."""
    days = [today + timedelta(days=ahead) for ahead in range(0, AHEAD + 1, STEP)]
    dated = {of(day) for of in (expire, log, work) for day in days}
    return [*(f"{of}.1" for of in OPERATIONAL), *sorted(dated)]


def lacking(names: Iterable[str], there: Iterable[str]) -> list[str]:
    """Those of `names` to be made where `there` are known already: no first generation of a kind that has a later one."""
    known = set(there)
    kinds = {kind(name) for name in known}
    return [
        name
        for name in names
        if name not in known and not (kind(name) in OPERATIONAL and kind(name) in kinds)
    ]


def kind(name: str) -> str:
    """`live.3` is of the kind `live`."""
    return name.partition(".")[0]


def generation(name: str) -> int:
    """`live.3` is generation 3; for names of the kinds that count generations."""
    return int(name.partition(".")[2])
