"""One person in detail with history, for an affair and a purpose; 住民票コード and 個人番号 only when opened, and logged."""

from collections.abc import Callable

from daemon.audit.act import Act
from daemon.audit.entry import Action, Outcome
from daemon.clock import Clock, day_of
from daemon.commands.caller import Caller, Right, require_affair, require_text
from daemon.contract.console import MASK, Affair, Person, PersonQuery, Version
from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError
from daemon.register.reasons import standing_of
from daemon.register.rows import HonninRow, Register
from daemon.register.transitions import Standing
from daemon.store.reader import Reader
from daemon.store.rows import Stored
from daemon.store.writer import Writer


class Persons:
    """Shows one person."""

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

    async def show(self, caller: Caller, query: PersonQuery) -> Person:
        """All versions of the person, the newest first; refused and logged where that is not allowed."""
        versions: list[Stored] = []
        try:
            affair = self._allowed(caller, query)
            versions = await self._history(query.person)
        except JukuraError as error:
            await self._log(caller, query, error.code, versions)
            raise
        await self._log(caller, query, "", versions)
        return Person(query.person, [_version(stored, affair, query) for stored in versions])

    def _allowed(self, caller: Caller, query: PersonQuery) -> Affair:
        caller.require(Right.SHOW)
        self._require_timely()
        today = day_of(self._clock.now())
        affair = require_affair(caller, query.affair, register=self._register, today=today)
        require_text(query.purpose, "purpose")
        require_text(query.application, "application")
        if query.open_code and not (affair.code and self._register is Register.HONNIN):
            raise AuthorityError("affair.without_code", field="open_code")
        if query.open_number and not (affair.number and self._register is Register.HONNIN):
            raise AuthorityError("affair.without_number", field="open_number")
        return affair

    async def _history(self, reference: str) -> list[Stored]:
        try:
            person = bytes.fromhex(reference)
        except ValueError:
            raise InputError("person.bad_reference", field="person") from None
        versions = await self._reader.history(person)
        if not versions:
            raise ConflictError("person.unknown", field="person")
        if self._register is Register.FUHYO and standing_of(versions[0].row) is not Standing.ABROAD:
            raise AuthorityError("person.not_abroad", field="person")
        return versions

    async def _log(self, caller: Caller, query: PersonQuery, code: str, versions: list[Stored]) -> None:
        act = Act(
            Action.PERSON_REFUSED if code else Action.PERSON_SHOWN,
            f"operator:{caller.operator}",
            Outcome.REFUSED if code else Outcome.OK,
            terminal=caller.terminal,
            affair=query.affair if query.affair in caller.affairs else "",
            code=code,
            counts={
                "versions": len(versions),
                "code": int(query.open_code),
                "number": int(query.open_number),
            },
            sealed={
                "subject": versions[0].row.juminhyo_code if versions else query.person,
                "purpose": query.purpose,
                "application": query.application,
            },
        )
        await self._writer.log(act)


def _version(stored: Stored, affair: Affair, query: PersonQuery) -> Version:
    row = stored.row
    honnin = isinstance(row, HonninRow)
    number = row.kojin_bango if isinstance(row, HonninRow) and affair.number else ""
    # 附票 alone never gives the code (住基法30条の44の6).
    code = row.juminhyo_code if honnin and affair.code else ""
    return Version(
        serial=row.serial,
        standing=standing_of(row).value,
        juminhyo_code=code if query.open_code else masked(code),
        name=row.name,
        kana=row.kana,
        birth=row.birth,
        sex=row.sex,
        address=row.address,
        municipality=row.municipality,
        former_name=row.former_name if isinstance(row, HonninRow) else "",
        former_name_kana=row.former_name_kana if isinstance(row, HonninRow) else "",
        last_address="" if isinstance(row, HonninRow) else row.last_address,
        kojin_bango=number if query.open_number else masked(number),
        reason=row.reason if isinstance(row, HonninRow) else row.notice_kind,
        event_date=row.event_date,
        received_on=row.received_on,
    )


def masked(secret: str) -> str:
    """As many masks as `secret` has digits: its length is public, its digits are not."""
    return MASK * len(secret)
