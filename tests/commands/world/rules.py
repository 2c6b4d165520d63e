"""What the rules of both registers have in common, when the model judges a notice: `honnin_rules` and `fuhyo_rules`.

They are written down apart from those of the register, as the lives of a world need them: all items but the codes are plain text,
all days are known or at the most lack their day of the month.
"""

from calendar import monthrange
from collections.abc import Collection
from datetime import date
from enum import Enum, auto
from typing import Any, Protocol

from daemon.register.rows import RegisterDate

Announced = Collection[tuple[str, str, int]]
"""廃置分合・境界変更: of which municipality, to which, and from which day (YYYYMMDD)."""


class Stand(Enum):
    """Where the last notice left a person."""

    NONE = auto()
    PRESENT = auto()
    OUT = auto()
    DEAD = auto()
    GONE = auto()
    ABROAD = auto()
    STRUCK = auto()


class Fit(Enum):
    """What becomes of a notice whose turn it is."""

    YES = auto()
    NO = auto()
    ELSEWHERE = auto()
    """It writes in somebody who is present in another city."""


class Rules(Protocol):
    """When a notice may follow what was told of a person, in one register. A module is one."""

    def formed(self, record: Any, issued: Collection[str]) -> bool:
        """Whether it can be judged; `issued` are the 住民票コード that are right."""
        ...

    def reason(self, record: Any) -> str:
        """What it is told for."""
        ...

    def enters(self, record: Any) -> bool:
        """Whether it may be the first word about somebody,"""
        ...

    def renames(self, record: Any) -> bool:
        """or gives them another 住民票コード."""
        ...

    def retold(self, record: Any, last: Any) -> bool:
        """Whether it says what `last` said, but for its reason and its day."""
        ...

    def stand(self, last: Any | None) -> Stand:
        """Where `last` leaves its person."""
        ...

    def fits(
        self, record: Any, old: str, last: Any | None, *, taken: bool, today: date, announced: Announced
    ) -> Fit:
        """Whether `record`, which names the code `old`, may follow `last`; `taken` where its code is, or was, another person's."""
        ...


def begins(record: Any, received: date) -> int:
    """The day (YYYYMMDD) from which it counts; where that is not exactly known, the last that it may be, or the day we heard."""
    first = first_day(record.event_date)
    if record.event_date.code.endswith("00"):
        return min(first + monthrange(first // 10000, first // 100 % 100)[1] - 1, number(received))
    return first


def first_day(written: RegisterDate) -> int:
    """The first day that is meant."""
    day = int(written.code)
    return day if day % 100 else day + 1


def number(day: date) -> int:
    """YYYYMMDD."""
    return int(f"{day:%Y%m%d}")
