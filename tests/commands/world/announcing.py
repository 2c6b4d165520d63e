"""廃置分合・境界変更 as the model has them: two people announce one within a day, and two take it back before it begins."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from daemon.clock import day_of

Boundary = tuple[str, str, date]
"""The city that had the people until the day before, the one that has them from then on, and the day."""


class Deed(StrEnum):
    """What two people can do."""

    ANNOUNCE = "announce"
    WITHDRAW = "withdraw"


@dataclass
class Announcing:
    """What is announced, and who asked for what last."""

    announced: set[Boundary] = field(default_factory=set)
    asked: dict[tuple[Deed, Boundary], tuple[str, datetime]] = field(default_factory=dict)

    def ask(self, deed: Deed, boundary: Boundary, operator: str, now: datetime) -> bool | None:
        """Whether it counts now; None where it is refused."""
        begun = boundary[2] <= day_of(now)
        if (deed is Deed.ANNOUNCE) == (boundary in self.announced) or (deed is Deed.WITHDRAW and begun):
            return None
        who, since = self.asked.pop((deed, boundary), (operator, now))
        if who == operator or now - since >= timedelta(hours=24):
            self.asked[deed, boundary] = operator, now
            return False
        self.announced ^= {boundary}
        return True
