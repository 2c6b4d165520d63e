"""転入保留中: of whom a notice waits (保留), as every answer about them has to say.

What waits is known by the newest 住民票コード, whichever version is shown.
"""

from collections.abc import Iterable

from daemon.clock import day_of
from daemon.contract.holds import Pending
from daemon.register.admission import Why
from daemon.store.holds import Holds
from daemon.store.reader import Reader
from daemon.store.rows import Stored


async def arriving(holds: Holds, reader: Reader, found: Iterable[Stored]) -> frozenset[bytes]:
    """Those among the people `found` who are 転入保留中: the 転入 of another municipality waits for a 消除 here."""
    return frozenset(
        [one.person for one in found if _elsewhere(holds, (await _newest(reader, one)).row.juminhyo_code)]
    )


def waiting_for(holds: Holds, code: str) -> list[Pending]:
    """Everything that waits about the person whose newest 住民票コード is `code`, the oldest first."""
    held = sorted(holds.pending(code), key=lambda one: (one.received, one.sender, one.seq))
    return [
        Pending(sender=one.sender, why=one.why, since=day_of(one.received), until=one.until) for one in held
    ]


def _elsewhere(holds: Holds, code: str) -> bool:
    return any(one.why is Why.ELSEWHERE for one in holds.pending(code))


async def _newest(reader: Reader, one: Stored) -> Stored:
    if one.successor_on is None:
        return one
    # As of a day of the past; or a notice came between answer and question.
    return next(iter(await reader.history(one.person)), one)
