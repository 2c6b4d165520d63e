"""H5, F5 検索: by kana name and birth date, for an affair and a purpose, each search in the log before its answer.

The projection proposes, the truth decides: every hit is opened, verified and compared again before it is shown.
"""

from collections.abc import Callable
from datetime import date

from daemon.audit.act import Act
from daemon.audit.entry import Action, Outcome
from daemon.clock import Clock, day_of
from daemon.commands.caller import Caller, Right, require_affair, require_text
from daemon.contract.console import MAX_HITS, Found, Hit, Match, Scope, Search
from daemon.errors import InputError, JukuraError, TooMuchError
from daemon.register.dates import parse_query as parse_birth
from daemon.register.dates import span
from daemon.register.kana import parse_query as parse_kana
from daemon.register.kana import prefix_keys, search_key
from daemon.register.reasons import standing_of
from daemon.register.rows import Register
from daemon.register.transitions import Standing
from daemon.store.index import Wanted
from daemon.store.reader import Reader
from daemon.store.rows import Stored
from daemon.store.writer import Writer

STANDINGS: dict[tuple[Register, Scope], tuple[Standing, ...]] = {
    (Register.HONNIN, Scope.CURRENT): (Standing.PRESENT,),
    (Register.HONNIN, Scope.STRUCK): (Standing.OUT, Standing.DEAD, Standing.GONE),
    (Register.FUHYO, Scope.CURRENT): (Standing.ABROAD,),
    (Register.FUHYO, Scope.STRUCK): (),
}
"""Whom a search may find. In `fuhyo` only 国外転出者 (住基法30条の44の6)."""


class Searches:
    """Finds people."""

    def __init__(
        self,
        register: Register,
        reader: Reader,
        writer: Writer,
        clock: Clock,
        *,
        require_timely: Callable[[], None],
    ) -> None:
        self._register = register
        self._reader = reader
        self._writer = writer
        self._require_timely = require_timely
        self._clock = clock

    async def search(self, caller: Caller, query: Search) -> Found:
        """The people who fit, by kana, birth and address; refused and logged where that is not allowed or too many."""
        today = day_of(self._clock.now())
        try:
            caller.require(Right.SEARCH)
            self._require_timely()
            require_affair(caller, query.affair, register=self._register, today=today)
            require_text(query.purpose, "purpose")
            require_text(query.application, "application")
            hits = await self._hits(self._wanted(query, today), today)
        except JukuraError as error:
            await self._log(caller, query, Action.SEARCH_REFUSED, error.code, 0)
            raise
        await self._log(caller, query, Action.SEARCH_DONE, "", len(hits))
        return Found([shown(stored, today) for stored in hits])

    def _wanted(self, query: Search, today: date) -> Wanted:
        birth = parse_birth(query.birth, today=today) if query.birth.strip() else None
        if not query.kana.strip() and birth is None:
            raise InputError("search.nothing_asked", field="kana")
        standings = STANDINGS[self._register, query.scope]
        if not standings:
            raise InputError("search.scope_not_here", field="scope")
        return Wanted(standings, int(f"{today:%Y%m%d}"), _keys(query), query.kana_match is Match.WHOLE, birth)

    async def _hits(self, wanted: Wanted, today: date) -> list[Stored]:
        proposed = await self._reader.find(wanted, limit=MAX_HITS + 1)
        if len(proposed) > MAX_HITS:
            raise TooMuchError("search.too_many", field="birth" if wanted.birth is None else "kana")
        return sorted((stored for stored in proposed if fits(stored, wanted, today)), key=_order)

    async def _log(self, caller: Caller, query: Search, action: Action, code: str, hits: int) -> None:
        terms = {
            "kana": query.kana,
            "kana_match": query.kana_match.value,
            "birth": query.birth,
            "scope": query.scope.value,
        }
        act = Act(
            action,
            f"operator:{caller.operator}",
            Outcome.REFUSED if code else Outcome.OK,
            terminal=caller.terminal,
            # Only a name from the catalogue may stand in the clear.
            affair=query.affair if query.affair in caller.affairs else "",
            code=code,
            counts={"hits": hits},
            sealed={"terms": terms, "purpose": query.purpose, "application": query.application},
        )
        await self._writer.log(act)


def _keys(query: Search) -> tuple[str, ...]:
    if not query.kana.strip():
        return ()
    kana = parse_kana(query.kana)
    return (search_key(kana),) if query.kana_match is Match.WHOLE else prefix_keys(kana)


def fits(stored: Stored, wanted: Wanted, today: date) -> bool:
    """Whether the row itself answers what was asked. Pure; says again what the projection's SQL says."""
    row = stored.row
    key = search_key(row.kana)
    low, high = span(row.birth)
    return (
        stored.successor_on is None
        and standing_of(row, on=today) in wanted.standings
        and (not wanted.kana or (key in wanted.kana if wanted.whole else key.startswith(wanted.kana)))
        and (wanted.birth is None or (low <= wanted.birth[1] and high >= wanted.birth[0]))
    )


def shown(stored: Stored, today: date) -> Hit:
    """One hit as the screen may show it."""
    row = stored.row
    return Hit(
        person=stored.person.hex(),
        name=row.name,
        kana=row.kana,
        birth=row.birth,
        sex=row.sex,
        address=row.address,
        municipality=row.municipality,
        standing=standing_of(row, on=today),
    )


def _order(stored: Stored) -> tuple[str, str, str, str]:
    row = stored.row
    return row.kana, row.birth.code, row.address, row.juminhyo_code
