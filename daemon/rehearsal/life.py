"""One life as it goes on: how each record follows from the last, and what is sent of it.

The rules are those of the transition tables (domain: 異動事由 of `honnin`, 通知区分 of `fuhyo`); this is the sender's
side of them, written apart from the register's own so that each tests the other.
"""

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from msgspec.structs import replace

from daemon.contract.peer import FuhyoNotice, HonninNotice
from daemon.register.names import gaiji
from daemon.register.rows import FuhyoRecord, HonninRecord, Register
from daemon.rehearsal.births import japanese
from daemon.rehearsal.people import Person, coded, where
from daemon.rehearsal.places import Home
from daemon.rehearsal.residents import Resident
from daemon.rehearsal.sendings import Sending

STRUCK, CHANGED, RECODED = "2", "3", "4"  # 通知区分
CODE = "51"  # 異動事由


@dataclass
class Life:
    """A person with what each register was last told. Its methods tell the next thing and return what to send."""

    person: Person
    home: Home
    since: date
    """The day of the last event: none after it is earlier."""
    abroad: bool = False
    honnin: HonninRecord | None = None
    fuhyo: FuhyoRecord | None = None
    _sent: Counter[tuple[Register, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, resident: Resident) -> "Life":
        """A resident whose first notices were sent by the initial load."""
        life = cls(
            resident.person, resident.home, resident.since, resident.abroad, resident.honnin, resident.fuhyo
        )
        if resident.honnin is not None:
            life._sent[Register.HONNIN, resident.honnin.municipality] = 1
        if resident.fuhyo is not None:
            life._sent[Register.FUHYO, resident.fuhyo.municipality] = 1
        return life

    def arrive(self, identity: str, home: Home, reason: str, day: date, *, known: bool) -> Sending:
        """転入 or 出生, into `honnin`; a number that a register has once seen stays as it was seen."""
        if self.honnin is None:
            self.honnin = self.person.honnin(home, reason=reason, event=day, known=known)
        else:
            self.honnin = self._moved(self.honnin, home, reason, day)
        self.home, self.abroad, self.since = home, False, day
        return self._tell_honnin(identity, self.honnin)

    def move_house(self, identity: str, home: Home, reason: str, day: date) -> Sending:
        """転居: the address, and nothing else."""
        self.honnin = self._moved(self._present(), home, reason, day)
        self.home, self.since = home, day
        return self._tell_honnin(identity, self.honnin)

    def leave(self, identity: str, reason: str, day: date) -> Sending:
        """転出, 死亡 or 消除, or that it was none: the last values once more, with reason and day."""
        self.honnin = replace(self._present(), reason=reason, event_date=japanese(day))
        self.since = day
        return self._tell_honnin(identity, self.honnin)

    def recode(self, identity: str, code: str, day: date) -> Sending:
        """住民票コードの変更; `fuhyo` is told by `recode_fuhyo`."""
        old = self._present().juminhyo_code
        self.honnin = replace(self._present(), reason=CODE, juminhyo_code=code, event_date=japanese(day))
        self.person = dataclasses.replace(self.person, juminhyo_code=code)
        self.since = day
        return self._tell_honnin(identity, self.honnin, old)

    def recode_fuhyo(self, identity: str, day: date) -> Sending:
        """住民票コードの修正: the old one is named once."""
        record = replace(
            self._kept(),
            juminhyo_code=self.person.juminhyo_code,
            former_code=self._kept().juminhyo_code,
            event_date=japanese(day),
            notice_kind=RECODED,
        )
        self.fuhyo = replace(record, former_code="")
        return self._tell_fuhyo(identity, record)

    def enter_fuhyo(self, identity: str, kind: str, day: date) -> Sending:
        """記載."""
        self.fuhyo = self.person.fuhyo(self.home, abroad=self.abroad, kind=kind, event=day)
        return self._tell_fuhyo(identity, self.fuhyo)

    def change_fuhyo(self, identity: str, day: date) -> Sending:
        """修正 of the address to where they live now."""
        municipality, address, last_address = where(self.home, abroad=self.abroad)
        self.fuhyo = replace(
            self._kept(),
            address_municipality=municipality,
            address=address,
            address_gaiji=gaiji(address),
            last_address=last_address,
            last_address_gaiji=gaiji(last_address),
            event_date=japanese(day),
            notice_kind=CHANGED,
        )
        self.since = day
        return self._tell_fuhyo(identity, self.fuhyo)

    def strike_fuhyo(self, identity: str, day: date) -> Sending:
        """消除."""
        self.fuhyo = replace(self._kept(), event_date=japanese(day), notice_kind=STRUCK)
        return self._tell_fuhyo(identity, self.fuhyo)

    def _moved(self, last: HonninRecord, home: Home, reason: str, day: date) -> HonninRecord:
        pictures = gaiji(home.address)
        return replace(
            last,
            address=home.address,
            address_gaiji=pictures,
            address_gaiji_version=last.address_gaiji_version + int(pictures + last.address_gaiji > 0),
            municipality=home.municipality,
            town=home.town,
            reason=reason,
            event_date=japanese(day),
        )

    def _present(self) -> HonninRecord:
        if self.honnin is None:
            raise ValueError("this person never stood in honnin")
        return self.honnin

    def _kept(self) -> FuhyoRecord:
        if self.fuhyo is None:
            raise ValueError("this person never stood in fuhyo")
        return self.fuhyo

    def _count(self, register: Register, sender: str) -> int:
        self._sent[register, sender] += 1
        return self._sent[register, sender]

    def _tell_honnin(self, identity: str, record: HonninRecord, old: str = "") -> Sending:
        sender = record.municipality
        sequence = self._count(Register.HONNIN, sender)
        notice = HonninNotice(id=identity, sender_seq=sequence, record=coded(record), old_code=old)
        return Sending(Register.HONNIN, sender, notice)

    def _tell_fuhyo(self, identity: str, record: FuhyoRecord) -> Sending:
        sender = record.municipality
        sequence = self._count(Register.FUHYO, sender)
        notice = FuhyoNotice(id=identity, sender_seq=sequence, record=coded(record))
        return Sending(Register.FUHYO, sender, notice)
