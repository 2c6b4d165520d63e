"""When a notice to `honnin` may follow what was told of a person: the everyday rules (domain.md §2.4)."""

from collections.abc import Collection
from datetime import date

from daemon.register.rows import HonninRecord
from tests.commands.world.rules import Announced, Fit, Stand, first_day, number

WRITES = {"11", "12", "14"}
BIRTH, UNDONE, RENAMED, MISTAKEN, ANNEXED = "13", "15", "51", "25", "38"
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
    "38": _ADDRESS | {"municipality"},
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


def formed(record: HonninRecord, issued: Collection[str]) -> bool:
    return record.reason in REASONS and record.juminhyo_code in issued


def reason(record: HonninRecord) -> str:
    return record.reason


def enters(record: HonninRecord) -> bool:
    return record.reason in {*WRITES, BIRTH}


def renames(record: HonninRecord) -> bool:
    return record.reason == RENAMED


def retold(record: HonninRecord, last: HonninRecord) -> bool:
    return not changed(record, last)


def changed(one: HonninRecord, other: HonninRecord) -> set[str]:
    """The items that two notices state differently."""
    return {item for item in ITEMS if getattr(one, item) != getattr(other, item)}


def stand(last: HonninRecord | None) -> Stand:
    return Stand.NONE if last is None else STRIKES.get(last.reason, Stand.PRESENT)


def leaves_after(last: HonninRecord, today: date) -> bool:
    """Whether it says that its person will leave on a later day."""
    return last.reason in LEAVES and first_day(last.event_date) > number(today)


def fits(
    record: HonninRecord,
    old: str,
    last: HonninRecord | None,
    *,
    taken: bool,
    today: date,
    announced: Announced,
) -> Fit:
    kind, standing = record.reason, stand(last)
    if first_day(record.event_date) > number(today) and kind not in LEAVES:
        return Fit.NO
    if (old != "") != (kind == RENAMED):
        return Fit.NO
    here = last is not None and last.municipality == record.municipality
    if kind in WRITES and standing is Stand.PRESENT:
        return Fit.NO if here else Fit.ELSEWHERE
    if kind == ANNEXED:
        if not _taken_over(record, last, announced):
            return Fit.NO
    elif taken or not _follows(kind, last, here=here, today=today):
        return Fit.NO
    return Fit.YES if _states(record, last, here=here) else Fit.NO


def _taken_over(record: HonninRecord, last: HonninRecord | None, announced: Announced) -> bool:
    """Whether the city that says so was to have its person from that very day on."""
    if last is None or stand(last) is not Stand.PRESENT:
        return False
    return (last.municipality, record.municipality, first_day(record.event_date)) in announced


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
