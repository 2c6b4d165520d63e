"""What happens to people, and how often (Yamaguchi, per year, rounded: 人口動態調査 2022, 住民基本台帳人口移動報告).

How often codes change and mistakes are made is nowhere told: often enough here to be met.
"""

from dataclasses import dataclass
from enum import StrEnum

from daemon.rehearsal.dice import Table
from daemon.rehearsal.sendings import Sending


class Kind(StrEnum):
    """The kinds of events."""

    BORN = "born"
    FROM_ELSEWHERE = "from_elsewhere"
    FROM_ABROAD = "from_abroad"
    MOVED_HOUSE = "moved_house"
    MOVED_CITY = "moved_city"
    """Between two municipalities of Yamaguchi: 転出 at the old one first, then 転入 at the new."""
    MOVED_OUT = "moved_out"
    WENT_ABROAD = "went_abroad"
    """By somebody who lives elsewhere in Japan with 本籍 here: `fuhyo` alone hears of it."""
    DIED = "died"
    RECODED = "recoded"
    """Asked for another 住民票コード, which both registers hear of."""
    NOT_MOVED = "not_moved"
    """A 転居 that was none, and is undone."""
    NOT_GONE = "not_gone"
    """Struck off by mistake, and back."""


RATES = Table(
    (
        (Kind.BORN, 7_800),
        (Kind.FROM_ELSEWHERE, 24_000),
        (Kind.FROM_ABROAD, 3_500),
        (Kind.MOVED_HOUSE, 38_000),
        (Kind.MOVED_CITY, 14_000),
        (Kind.MOVED_OUT, 27_000),
        (Kind.WENT_ABROAD, 600),
        (Kind.DIED, 20_800),
        (Kind.RECODED, 500),
        (Kind.NOT_MOVED, 500),
        (Kind.NOT_GONE, 300),
    )
)

ARRIVALS = frozenset({Kind.FROM_ELSEWHERE, Kind.FROM_ABROAD})
"""These need nobody to be there already."""


@dataclass(frozen=True)
class Event:
    """One event, from number 0, with what is to be sent of it, in this order."""

    number: int
    kind: Kind
    sendings: tuple[Sending, ...]
