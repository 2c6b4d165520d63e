"""H5, F5 検索: by name, birth, sex and address, as of today or a day of the past, for an affair and a purpose.

Each search is in the log before its answer. The reader opens and compares what the projection proposes; here is who
may ask, how many are shown, and in which order.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import date

from daemon.audit.action import Action
from daemon.clock import Clock
from daemon.commands.caller import Caller, Right
from daemon.commands.inquiries.criteria import READERS, to_add, wanted
from daemon.commands.inquiries.uses import Uses
from daemon.commands.notices.pending import arriving
from daemon.contract.console import MAX_HITS, Found, Hit, Search
from daemon.errors import JukuraError, TooMuchError
from daemon.register.dates import number_of
from daemon.register.effect import in_force
from daemon.register.kana import seion
from daemon.register.keys import keys_of
from daemon.register.reasons import standing_of
from daemon.register.rows import Register, Row
from daemon.register.wanted import By, Wanted, by
from daemon.store.holds import Holds
from daemon.store.reader import Reader
from daemon.store.rows import Stored
from daemon.store.writer import Writer


class Searches:
    """Finds people."""

    def __init__(
        self,
        register: Register,
        reader: Reader,
        writer: Writer,
        clock: Clock,
        *,
        holds: Holds,
        require_timely: Callable[[], None],
        max_hits: int = MAX_HITS,
    ) -> None:
        self._reader = reader
        self._holds = holds
        self._uses = Uses(register, writer, clock, require_timely)
        self._max_hits = max_hits

    async def search(self, caller: Caller, query: Search) -> Found:
        """The people who fit, in the order of `Found`; refused and logged where that is not allowed or too many."""
        today = self._uses.today()
        try:
            self._uses.allow(caller, Right.SEARCH, query, today=today)
            asked = wanted(query, register=self._uses.register, today=today)
            hits = [
                one for one in await self._hits(query, asked) if await self._may_be_shown(one, asked, today)
            ]
            pending = await arriving(self._holds, self._reader, hits)
        except JukuraError as error:
            await self._log(Action.SEARCH_REFUSED, caller, query, code=error.code)
            raise
        await self._log(Action.SEARCH_DONE, caller, query, hits=hits)
        return Found([shown(stored, by(keys_of(stored.row), asked), pending) for stored in hits])

    async def _hits(self, query: Search, asked: Wanted) -> list[Stored]:
        try:
            found = await self._reader.find(asked, limit=self._max_hits)
        except TooMuchError as error:
            raise TooMuchError(error.code, field=to_add(query)) from None
        # Whom a use may see is said here once more, whatever a reader serves to callers that are exempt.
        return sorted((one for one in found if standing_of(one.row) in asked.standings), key=order)

    async def _may_be_shown(self, hit: Stored, asked: Wanted, today: date) -> bool:
        """Whether whoever was found as of a day of the past may be shown today: of `fuhyo` 国外転出者 alone (住基法30条の44の6)."""
        if self._uses.register is Register.HONNIN or asked.on == number_of(today):
            return True
        now = in_force((stored.row for stored in await self._reader.history(hit.person)), today)
        return now is not None and standing_of(now) in asked.standings

    async def _log(
        self, action: Action, caller: Caller, query: Search, *, hits: Sequence[Stored] = (), code: str = ""
    ) -> None:
        terms = {field: getattr(query, field) for field in READERS} | {
            "kana_match": query.kana_match.value,
            "name_match": query.name_match.value,
            "former": query.former,
            "scope": query.scope.value,
        }
        # Whoever asks one day who has looked at them finds it by this.
        sealed = {"terms": terms, "subjects": [stored.row.juminhyo_code for stored in hits]}
        await self._uses.log(action, caller, query, counts={"hits": len(hits)}, sealed=sealed, code=code)


def shown(stored: Stored, found_by: By, pending: Collection[bytes]) -> Hit:
    """One version, in force on the day asked for, as the screen may show it; `pending` are the people who are 転入保留中."""
    row = stored.row
    return Hit(
        person=stored.person.hex(),
        name=row.name,
        kana=row.kana,
        birth=row.birth,
        sex=row.sex,
        # Of a 国外転出者 the address itself says only that they are abroad.
        address=getattr(row, "last_address", "") or row.address,
        municipality=row.municipality,
        standing=standing_of(row),
        serial=row.serial,
        by=found_by.value,
        pending=stored.person in pending,
    )


def order(stored: Stored) -> tuple[str, str, str, str]:
    """Sorts hits: 清音化かな氏名, birth, address, 住民票コード; so two people never change places."""
    row: Row = stored.row
    return seion(row.kana), row.birth.code, row.address, row.juminhyo_code
