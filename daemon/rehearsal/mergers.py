"""Three of today's municipalities began after the network did (周南市, 山陽小野田市, 周防大島町): who lived there before lived in
one of those that they were made of, and was moved by a 廃置分合.

Without chance: of several predecessors it is the first.
"""

from datetime import date

from msgspec.structs import replace

from daemon.register.addresses import PREFECTURE
from daemon.register.honnin_reasons import HONNIN_REASONS
from daemon.register.municipalities import EVERY
from daemon.register.rows import HonninRecord
from daemon.register.transitions import Standing
from daemon.rehearsal.births import japanese

MERGED = "38"  # 異動事由


def as_of(record: HonninRecord, day: date) -> HonninRecord:
    """`record`, which names a municipality of today, as it was told on `day`."""
    today = EVERY[record.municipality]
    if today.valid(day):
        return record
    place = next(one for one in EVERY.values() if one.heir == today.code and one.valid(day))
    address = record.address.replace(_head(today.code), _head(place.code), 1)
    return replace(record, municipality=place.code, address=address)


def merger(last: HonninRecord, told: date, by: date) -> tuple[HonninRecord, date] | None:
    """What was told of somebody between the day `last` was told and the day `by`, that included, and when.

    None where they were gone, or lived where nothing changed.
    """
    day = EVERY[last.municipality].since
    if not told < day <= by or HONNIN_REASONS[last.reason].after is not Standing.PRESENT:
        return None
    return replace(last, reason=MERGED, event_date=japanese(day)), day


def _head(code: str) -> str:
    return PREFECTURE + EVERY[code].district + EVERY[code].name
