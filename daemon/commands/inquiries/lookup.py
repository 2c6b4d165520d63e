"""照会 by 住民票コード or 個人番号: one person by key, for an affair that may use that key, in the log before the answer.

A key that cannot be right is an error and never "nobody". A 住民票コード that was changed finds whoever had it, and the answer says
so: nobody else ever gets it. In `fuhyo` there is no 個人番号, and a 住民票コード finds 国外転出者 alone (住基法30条の44の6): of anybody
else the answer is as if there were nobody, and the entry knows better.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from daemon.audit.action import Action
from daemon.clock import Clock
from daemon.commands.caller import Caller, Right
from daemon.commands.inquiries.criteria import SHOWN
from daemon.commands.inquiries.search import order, shown
from daemon.commands.inquiries.uses import Uses
from daemon.commands.notices.pending import arriving
from daemon.contract.console import Affair, Found, Lookup
from daemon.errors import AuthorityError, InputError, JukuraError
from daemon.register.codes import is_juminhyo_code, is_kojin_bango
from daemon.register.dates import number_of
from daemon.register.reasons import standing_of
from daemon.register.rows import Register
from daemon.register.wanted import By
from daemon.store.holds import Holds
from daemon.store.reader import Reader
from daemon.store.rows import Stored
from daemon.store.writer import Writer

_BETWEEN = re.compile(r"[ \-‐‑‒–—―−ー─]")
_KEYS: dict[str, tuple[Callable[[str], bool], str]] = {
    "code": (is_juminhyo_code, "lookup.bad_code"),
    "number": (is_kojin_bango, "lookup.bad_number"),
}
"""How each key is checked, and the code of the error where it is wrong."""
MOST_KEY = 40
"""Characters of a key as it is typed, with what may stand between its digits."""


class Lookups:
    """Finds one person by key."""

    def __init__(
        self,
        register: Register,
        reader: Reader,
        writer: Writer,
        clock: Clock,
        *,
        holds: Holds,
        require_timely: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._holds = holds
        self._uses = Uses(register, writer, clock, require_timely)

    async def lookup(self, caller: Caller, query: Lookup) -> Found:
        """Whoever has the key now, or had the 住民票コード before, present or struck off; nobody where there is no such person."""
        today = self._uses.today()
        try:
            affair = self._uses.allow(caller, Right.SEARCH, query, today=today)
            people = await self._people(query, affair, today)
            pending = await arriving(self._holds, self._reader, people)
        except JukuraError as error:
            await self._log(Action.LOOKUP_REFUSED, caller, query, code=error.code)
            raise
        allowed = SHOWN[self._uses.register]
        hits = sorted((one for one in people if standing_of(one.row) in allowed), key=order)
        await self._log(Action.LOOKUP_DONE, caller, query, hits=hits, withheld=len(people) - len(hits))
        return Found([shown(stored, _by(stored, query), pending) for stored in hits])

    async def _people(self, query: Lookup, affair: Affair, today: date) -> list[Stored]:
        if bool(query.code) == bool(query.number):
            raise InputError("lookup.one_key", field="code")
        if query.code:
            if not affair.code:
                raise AuthorityError("affair.without_code", field="code")
            code = _digits(query, "code")
            return await self._reader.by_code(code, on=number_of(today))
        if self._uses.register is Register.FUHYO:
            raise InputError("lookup.number_not_here", field="number")
        if not affair.number:
            raise AuthorityError("affair.without_number", field="number")
        number = _digits(query, "number")
        return await self._reader.by_number(number, on=number_of(today))

    async def _log(
        self,
        action: Action,
        caller: Caller,
        query: Lookup,
        *,
        hits: list[Stored] | None = None,
        withheld: int = 0,
        code: str = "",
    ) -> None:
        # Which key it was may be seen; what it was, and that somebody was kept back, may not.
        counts = {"hits": len(hits or []), "code": int(bool(query.code)), "number": int(bool(query.number))}
        sealed = {
            "terms": {"code": query.code, "number": query.number},
            "subjects": [stored.row.juminhyo_code for stored in hits or []],
            "withheld": withheld,
        }
        await self._uses.log(action, caller, query, counts=counts, sealed=sealed, code=code)


def _by(stored: Stored, query: Lookup) -> By:
    is_former = query.code and stored.row.juminhyo_code != _digits(query, "code")
    return By.FORMER_CODE if is_former else By.NAME


def _digits(query: Lookup, field: str) -> str:
    is_right, code = _KEYS[field]
    return digits(getattr(query, field), is_right, code, field=field)


def code_typed(typed: str, *, field: str) -> str:
    """The digits of a 住民票コード, as `Lookups` reads one."""
    is_right, code = _KEYS["code"]
    return digits(typed, is_right, code, field=field)


def digits(typed: str, is_right: Callable[[str], bool], code: str, *, field: str) -> str:
    """The digits of a key, written in whatever width and groups; InputError `code` unless it is right."""
    bare = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed)) if len(typed) <= MOST_KEY else ""
    if not is_right(bare):
        raise InputError(code, field=field)
    return bare
