"""One person in detail with history, for an affair and a purpose; 住民票コード and 個人番号 only when opened, and logged."""

from collections.abc import Callable
from datetime import date

from daemon.audit.action import Action
from daemon.clock import Clock
from daemon.commands.caller import Caller, Right
from daemon.commands.inquiries.criteria import SHOWN
from daemon.commands.inquiries.uses import Uses
from daemon.commands.notices.pending import waiting_for
from daemon.contract.console import MASK, Affair, Person, PersonQuery, Version
from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError
from daemon.register.effect import in_force
from daemon.register.reasons import standing_of
from daemon.register.rows import HonninRow, Register
from daemon.store.holds import Holds
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
        holds: Holds,
        require_timely: Callable[[], None],
    ) -> None:
        self._register = register
        self._reader = reader
        self._holds = holds
        self._uses = Uses(register, writer, clock, require_timely)

    async def show(self, caller: Caller, query: PersonQuery) -> Person:
        """All versions of the person, the newest first; refused and logged where that is not allowed."""
        today = self._uses.today()
        versions: list[Stored] = []
        try:
            affair = self._uses.allow(caller, Right.SHOW, query, today=today)
            self._may_open(query, affair)
            versions = await self._history(query.person, today)
        except JukuraError as error:
            await self._log(Action.PERSON_REFUSED, caller, query, versions, error.code)
            raise
        await self._log(Action.PERSON_SHOWN, caller, query, versions)
        shown = [_version(stored, affair, query) for stored in versions]
        return Person(query.person, shown, waiting_for(self._holds, versions[0].row.juminhyo_code))

    def _may_open(self, query: PersonQuery, affair: Affair) -> None:
        honnin = self._register is Register.HONNIN
        if query.open_code and not (affair.code and honnin):
            raise AuthorityError("affair.without_code", field="open_code")
        if query.open_number and not (affair.number and honnin):
            raise AuthorityError("affair.without_number", field="open_number")

    async def _history(self, reference: str, today: date) -> list[Stored]:
        """The versions of someone whom this register may show as they stand today."""
        try:
            person = bytes.fromhex(reference)
        except ValueError:
            raise InputError("person.bad_reference", field="person") from None
        versions = await self._reader.history(person)
        if not versions:
            raise ConflictError("person.unknown", field="person")
        now = in_force((stored.row for stored in versions), today) or versions[0].row
        if standing_of(now) not in SHOWN[self._register]:
            raise AuthorityError("person.not_abroad", field="person")
        return versions

    async def _log(
        self, action: Action, caller: Caller, query: PersonQuery, versions: list[Stored], code: str = ""
    ) -> None:
        counts = {"versions": len(versions), "code": int(query.open_code), "number": int(query.open_number)}
        subject = versions[0].row.juminhyo_code if versions else query.person
        await self._uses.log(action, caller, query, counts=counts, sealed={"subject": subject}, code=code)


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
