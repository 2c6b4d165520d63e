"""What a row of a transition table says. The tables: `honnin_reasons`, `fuhyo_reasons`. Who reads them: `reasons`."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import cached_property


class Standing(StrEnum):
    """Where a person stands in a register. In `fuhyo`: PRESENT (国内), ABROAD, STRUCK."""

    NONE = "none"
    """No record."""
    PRESENT = "present"
    """現存."""
    OUT = "out"
    """消除(転出)."""
    DEAD = "dead"
    """消除(死亡)."""
    GONE = "gone"
    """消除(職権)."""
    ABROAD = "abroad"
    """国外転出者, 現存."""
    STRUCK = "struck"
    """消除 of a 附票, which states no cause."""


class EventDate(Enum):
    """What the 異動年月日 may be, seen from the day on which the notice came."""

    EXACT = auto()
    """A day of the calendar, not later than that day (標準仕様書 j480)."""
    AHEAD = auto()
    """A day of the calendar; a later one (転出予定年月日) is taken with a warning (j480, j640)."""
    VAGUE = auto()
    """Also partly unknown, or outside the calendar (出生, 死亡, 失踪: j80); not wholly after that day."""


class Sender(Enum):
    """Which municipality may send it. The *keeper* is that of the last row, or whoever was put in its place since."""

    ANYBODY = auto()
    """Whoever writes the person in (記載)."""
    KEEPER = auto()
    RESTORER = auto()
    """The keeper; after a 異動の取消し（減）any: the one that had the person before takes them back."""
    SUCCESSOR = auto()
    """The new municipality of an announced 廃置分合・境界変更."""


class Number(Enum):
    """What item 9 (個人番号) must be, beyond whether it may differ."""

    FREE = auto()
    NOT_YET = auto()
    """Empty: the number is made after the 住民票 is."""
    NOT_YET_AT_FIRST = auto()
    """Empty where the person was never known here."""
    REPLACED = auto()
    """There was one, and there is another."""
    GIVEN = auto()
    """There was none, and there is one."""


CODE = 1
"""The item that is the 住民票コード, in both registers."""


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One row: a 異動事由 or 通知区分, when it may come, from whom, what it may change, and where it leads.

    `may` holds item numbers of 別添2 whose value may differ from the last row; `must` those of which at least one
    has to. What a notice says of itself (reason, dates, old code) and what is derived are not compared; nor is item 14
    where it names the keeper.
    """

    code: str
    title: str
    law: str
    before: frozenset[Standing]
    may: frozenset[int]
    must: frozenset[int]
    after: Standing
    """For a 附票 that stands, PRESENT here: ABROAD follows from the address."""
    date: EventDate
    sender: Sender = Sender.KEEPER
    may_elsewhere: frozenset[int] = frozenset()
    """What may differ beside `may` where another municipality than the keeper sends it."""
    number: Number = Number.FREE

    @cached_property
    def enters(self) -> bool:
        """Whether it may begin a record (記載)."""
        return Standing.NONE in self.before

    @cached_property
    def changes(self) -> bool:
        """Whether it leaves a person who is present where they are (修正)."""
        return not self.enters and not self.strikes and Standing.PRESENT in self.before

    @cached_property
    def renames(self) -> bool:
        """Whether it gives the person another 住民票コード, and so names the old one."""
        return self.may == {CODE}

    @cached_property
    def strikes(self) -> bool:
        """Whether it is a 消除."""
        return self.after is not Standing.PRESENT


def items(*numbers: int) -> frozenset[int]:
    """A set of item numbers."""
    return frozenset(numbers)
