"""When a notice to `fuhyo` may follow what was told of a person: the rules of domain.md §2.5.

A city may write in whoever has no 附票 or one that was struck; everything else is the word of the city that keeps it.
"""

from collections.abc import Collection
from datetime import date

from daemon.register.rows import FuhyoRecord
from tests.commands.world.rules import Announced, Fit, Stand, first_day, number

WRITTEN, STRUCK, CHANGED, RENAMED = "1", "2", "3", "4"
NOWHERE, ABROAD = "99999", "国外転出者"
"""In place of the municipality and the address of whoever is abroad; then the last address is stated too."""
_CODE = {"juminhyo_code"}
_STATED = {"name", "kana", "birth", "sex", "address_municipality", "address", "last_address"}
MAY = {STRUCK: set[str](), CHANGED: _STATED, RENAMED: _CODE}
"""What may differ; of a change something has to."""
ITEMS = ("juminhyo_code", "municipality", *sorted(_STATED))


def formed(record: FuhyoRecord, issued: Collection[str]) -> bool:
    """Whether what it states belongs together."""
    abroad = record.address_municipality == NOWHERE
    return (
        record.notice_kind in {WRITTEN, *MAY}
        and {record.juminhyo_code, record.former_code} <= {*issued, ""}
        and renames(record) == (record.former_code != "")
        and abroad == (record.address == ABROAD) == (record.last_address != "")
    )


def reason(record: FuhyoRecord) -> str:
    return record.notice_kind


def enters(record: FuhyoRecord) -> bool:
    return record.notice_kind == WRITTEN


def renames(record: FuhyoRecord) -> bool:
    return record.notice_kind == RENAMED


def retold(record: FuhyoRecord, last: FuhyoRecord) -> bool:
    return not changed(record, last) and record.former_code == last.former_code


def changed(one: FuhyoRecord, other: FuhyoRecord) -> set[str]:
    """The items that two notices state differently; the code of before is about the notice."""
    return {item for item in ITEMS if getattr(one, item) != getattr(other, item)}


def stand(last: FuhyoRecord | None) -> Stand:
    if last is None:
        return Stand.NONE
    if last.notice_kind == STRUCK:
        return Stand.STRUCK
    return Stand.ABROAD if last.address_municipality == NOWHERE else Stand.PRESENT


def fits(
    record: FuhyoRecord,
    old: str,
    last: FuhyoRecord | None,
    *,
    taken: bool,
    today: date,
    announced: Announced,
) -> Fit:
    del old, announced  # the record itself names the old code; no 附票 moves with a boundary
    if first_day(record.event_date) > number(today):
        return Fit.NO
    here = last is not None and last.municipality == record.municipality
    stands = stand(last) in {Stand.PRESENT, Stand.ABROAD}
    if enters(record) and stands:
        return Fit.NO if here else Fit.ELSEWHERE
    if taken:
        return Fit.NO
    if enters(record) or last is None:
        return Fit.YES if enters(record) else Fit.NO
    differs = changed(record, last)
    told = not differs if record.notice_kind == STRUCK else bool(differs)
    return Fit.YES if here and stands and told and differs <= MAY[record.notice_kind] else Fit.NO
