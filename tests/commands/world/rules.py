"""When a notice may follow what was told of a person: the everyday rules, written down apart from those of the register.

As lives of `tests.commands.world.lives` need them: all items but the code are plain text, all days are known or at the most
lack their day of the month.
"""

from calendar import monthrange
from datetime import date
from enum import Enum, auto

from daemon.register.rows import HonninRecord, RegisterDate


class Stand(Enum):
    """Where the last notice left a person."""

    NONE = auto()
    PRESENT = auto()
    OUT = auto()
    DEAD = auto()
    GONE = auto()


class Fit(Enum):
    """What becomes of a notice whose turn it is."""

    YES = auto()
    NO = auto()
    ELSEWHERE = auto()
    """It writes in somebody who is present in another city."""


WRITES = {"11", "12", "14"}
BIRTH, UNDONE, RENAMED, MISTAKEN = "13", "15", "51", "25"
LEAVES = {"21", "22"}
STRIKES = {"21": Stand.OUT, "22": Stand.OUT, "23": Stand.DEAD, "24": Stand.GONE, "25": Stand.GONE}
_ADDRESS = {"address", "town"}
_NAME = {"name", "kana"}
_FORMER = {"former_name", "former_name_kana"}
MAY = {
    "31": _ADDRESS,
    "32": _NAME | _ADDRESS | {"birth", "sex"},
    "33": _ADDRESS | {"name"},
    "34": {"kana"},
    "35": _FORMER,
    "37": _NAME | _ADDRESS | _FORMER | {"birth", "sex", "kojin_bango"},
    "41": {"kojin_bango"},
    "42": {"kojin_bango"},
    "51": {"juminhyo_code"},
}
"""What a change may change; something of it has to."""
REASONS = {*WRITES, BIRTH, UNDONE, *STRIKES, *MAY}
ITEMS = (
    "juminhyo_code", "name", "kana", "birth", "sex", "address", "kojin_bango", "municipality", "town", "former_name",
    "former_name_kana",
)  # fmt: skip


def changed(one: HonninRecord, other: HonninRecord) -> set[str]:
    """The items that two notices state differently."""
    return {item for item in ITEMS if getattr(one, item) != getattr(other, item)}


def stand(last: HonninRecord | None) -> Stand:
    """Where `last` leaves its person."""
    return Stand.NONE if last is None else STRIKES.get(last.reason, Stand.PRESENT)


def leaves_after(last: HonninRecord, today: date) -> bool:
    """Whether it says that its person will leave on a later day."""
    return last.reason in LEAVES and first_day(last.event_date) > number(today)


def begins(record: HonninRecord, received: date) -> int:
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


def fits(record: HonninRecord, old: str, last: HonninRecord | None, *, taken: bool, today: date) -> Fit:
    """Whether `record`, which names the code `old`, may follow `last`; `taken` where its code is, or was, another person's."""
    kind, standing = record.reason, stand(last)
    if first_day(record.event_date) > number(today) and kind not in LEAVES:
        return Fit.NO
    if (old != "") != (kind == RENAMED):
        return Fit.NO
    here = last is not None and last.municipality == record.municipality
    if kind in WRITES and standing is Stand.PRESENT:
        return Fit.NO if here else Fit.ELSEWHERE
    if taken or not _follows(kind, last, here=here, today=today):
        return Fit.NO
    return Fit.YES if _states(record, last, here=here) else Fit.NO


def _follows(kind: str, last: HonninRecord | None, *, here: bool, today: date) -> bool:
    standing = stand(last)
    if kind == BIRTH:
        return last is None
    if kind in WRITES:
        return standing is not Stand.DEAD
    if last is None:
        return False
    if kind == UNDONE:
        return standing is not Stand.PRESENT and (here or last.reason == MISTAKEN)
    if kind in STRIKES and leaves_after(last, today):
        return here
    return here and standing is Stand.PRESENT


def _states(record: HonninRecord, last: HonninRecord | None, *, here: bool) -> bool:
    kind = record.reason
    if kind == BIRTH or (kind == "12" and last is None):
        return not record.kojin_bango
    if last is None or kind in WRITES or (kind == UNDONE and not here):
        return True
    differs = changed(record, last)
    if kind not in MAY:
        return not differs
    known = {"41": bool(last.kojin_bango and record.kojin_bango), "42": not last.kojin_bango}
    return bool(differs) and differs <= MAY[kind] and known.get(kind, True)
