"""保留: notices that wait for another one, and are tried whenever something about their person was applied.

Nobody here can apply, change or delete one by hand: it is applied by its counterpart, or comes to nothing when its days are
over, when the register would refuse it now, or when two people cancel it.
"""

from datetime import timedelta

import msgspec
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.notices.applying import Applying
from daemon.commands.notices.arrivals import Arrival
from daemon.contract.peer import NOTICE_TYPES, Notice
from daemon.contract.reports import Report, ReportKind
from daemon.errors import ConflictError, InputError, JukuraError
from daemon.register.admission import Again, Wait, Why
from daemon.register.checks import check
from daemon.register.reasons import Decision
from daemon.store.held import Held, Waiting

CODES = {Why.ELSEWHERE: "hold.elsewhere", Why.GAP: "hold.gap"}
"""What is said of a notice that waits."""
EXPIRED = "hold.expired"
_UNHELD = {
    Why.ELSEWHERE: ConflictError("reason.present_elsewhere", field="juminhyo_code"),
    Why.GAP: ConflictError("notice.gap", field="sender_seq"),
}
"""The error in its place where nothing is held."""


class Holding:
    """Holds and lets go within one piece of work."""

    def __init__(self, applying: Applying) -> None:
        self._applying = applying
        self._holds = applying.means.holds
        self._draft = applying.draft

    def find(self, sender: str, notice: Notice) -> Waiting | None:
        """The same notice, where it is held."""
        for one in self._holds.of(self._draft, notice.record.juminhyo_code):
            if (one.sender, one.notice) == (sender, notice.id):
                return one
        return None

    def hold(self, arrival: Arrival, wait: Wait) -> Waiting:
        """Let it wait. ConflictError where nothing is held, or too much of this sender."""
        days, notice = self._applying.means.hold_days, arrival.notice
        if not days:
            raise _UNHELD[wait.why]
        held = Held(
            sender=arrival.sender,
            code=arrival.record.juminhyo_code,
            notice=notice.id,
            seq=notice.sender_seq,
            why=wait.why,
            other=wait.other,
            received=arrival.received,
            until=self._applying.today + timedelta(days=days),
            body=msgspec.json.encode(notice),
            old=arrival.old,
        )
        one = self._holds.add(self._draft, held)
        self._applying.receipts.put_held(arrival.key, notice)
        sealed = {"notice": notice.id, "subject": held.code}
        self._applying.log(
            Action.NOTICE_HELD, arrival.sender, code=CODES[wait.why], sealed=sealed, counts={"days": days}
        )
        return one

    async def release(self, applied: Arrival) -> None:
        """Try what waited for what was just applied, until nothing moves any more."""
        codes = {applied.record.juminhyo_code, *([applied.old] if applied.old else [])}
        if not any(self._holds.any(self._draft, code) for code in codes):
            return
        while moved := [one for code in sorted(codes) if (one := await self._moved(code)) is not None]:
            codes.update(*(one.codes for one in moved))

    def give_up(self, one: Waiting, error: JukuraError) -> None:
        """It comes to nothing: its sender may send it again."""
        self._holds.drop(self._draft, one)
        self._applying.receipts.drop(self._applying.key(one.sender, one.notice))
        self._applying.refused(one.sender, one.notice, one.code, error, {"held": 1})
        reports = self._applying.means.reports
        for to, kind, other in _told(one, error):
            report = Report(kind=kind, subject=one.code, reference=one.notice, other=other, code=error.code)
            reports.add(self._draft, to, report)

    async def _moved(self, code: str) -> Waiting | None:
        """Of those held about a person the one that is applied, or comes to nothing."""
        for one in self._holds.of(self._draft, code):
            try:
                held = await self._holds.open(self._draft, one)
                arrival = await self._reopened(held)
                outcome = await self._applying.admitted(arrival)
            except (ConflictError, InputError) as error:
                self.give_up(one, error)
                return one
            if not isinstance(outcome, Wait):
                self._end(one, arrival, outcome)
                return one
            if (outcome.why, outcome.other) != (one.why, one.other):
                self._holds.change(self._draft, one, replace(held, why=outcome.why, other=outcome.other))
        return None

    def _end(self, one: Waiting, arrival: Arrival, outcome: Decision | Again) -> None:
        if one.until < self._applying.today:
            self.give_up(one, ConflictError(EXPIRED))
            return
        self._holds.drop(self._draft, one)
        if not isinstance(outcome, Again):
            self._applying.apply(arrival)
        elif (last := self._applying.known(arrival).last) is not None:
            # What it says was told under another name meanwhile.
            self._applying.receipts.put(arrival.key, arrival.notice, last.serial)
            self._applying.log(
                Action.NOTICE_DUPLICATE,
                one.sender,
                Outcome.OK,
                sealed={"notice": one.notice},
                counts={"held": 1},
            )

    async def _reopened(self, held: Held) -> Arrival:
        notice: Notice = msgspec.json.decode(held.body, type=NOTICE_TYPES[self._applying.means.register])
        key = self._applying.key(held.sender, held.notice)
        await self._applying.receipts.fetch([key])
        await self._applying.subjects.fetch([notice])
        return Arrival(held.sender, notice, check(notice.record), key, held.received, held=True)


def _told(one: Waiting, error: JukuraError) -> list[tuple[str, ReportKind, str]]:
    """Who hears that it came to nothing, of what kind that is, and which the other municipality is (30条の22)."""
    kind = ReportKind.HOLD_EXPIRED if error.code == EXPIRED else ReportKind.COORDINATION
    told = [(one.sender, kind, one.other)]
    if one.other:
        told.append((one.other, ReportKind.COORDINATION, one.sender))
    return told
