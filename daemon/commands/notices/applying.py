"""A notice becomes a row: row version, log entry, outbox message and receipt, in one piece of work."""

from collections.abc import Mapping

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.clock import day_of
from daemon.commands.notices.arrivals import Arrival, Means
from daemon.commands.notices.receipts import Receipts, key_of
from daemon.commands.notices.subjects import Subjects
from daemon.errors import JukuraError
from daemon.register.admission import Again, Known, Wait, admit, restate
from daemon.register.reasons import Decision
from daemon.register.rows import Row
from daemon.register.versions import next_row
from daemon.store.draft import Draft
from daemon.store.outbox import Message, enqueue


class Applying:
    """One piece of work that takes notices."""

    def __init__(self, means: Means, draft: Draft) -> None:
        self.means = means
        self.draft = draft
        self.subjects = Subjects(draft, means.codec)
        self.receipts = Receipts(means.register, draft, means.sealer)
        self.today = day_of(draft.now)

    def key(self, sender: str, notice: str) -> bytes:
        """Of a notice's receipt."""
        return key_of(self.means.register, sender, notice)

    def known(self, arrival: Arrival) -> Known:
        """What is known of whom it is about."""
        return self.subjects.known(arrival.record, arrival.old, self.means.announced())

    async def admitted(self, arrival: Arrival) -> Decision | Wait | Again:
        """What becomes of it; `Again` is one that says nothing new. InputError or ConflictError where it is refused."""
        known, record, came = self.known(arrival), arrival.record, day_of(arrival.received)
        outcome = admit(
            record, arrival.sender, arrival.notice.sender_seq, known, today=self.today, received=came
        )
        if outcome is Again.RESTATED and known.last is not None:
            before = await self.subjects.before(
                record.juminhyo_code, arrival.sender, arrival.notice.sender_seq
            )
            return restate(record, known.last, before, known, today=self.today, received=came)
        return outcome

    def apply(self, arrival: Arrival) -> Row:
        """The row that an admitted notice becomes."""
        record, notice, now = arrival.record, arrival.notice, self.draft.now
        terminal = f"CS{arrival.sender}"
        last = self.known(arrival).last
        row = next_row(record, last, received=arrival.received, applied=now, terminal=terminal)
        stored = self.subjects.store(row, record, arrival.old, notice.sender_seq)
        message = Message(arrival.key, arrival.sender, stored.id, stored.person)
        enqueue(self.draft, self.means.sealer, self.means.register, message)
        self.receipts.put(arrival.key, notice, row.serial)
        sealed: dict[str, str | int] = {
            "notice": notice.id,
            "subject": record.juminhyo_code,
            "serial": row.serial,
        }
        counts = {"held": 1} if arrival.held else {}
        self.log(Action.NOTICE_APPLIED, arrival.sender, sealed=sealed, counts=counts)
        return row

    def refused(
        self, sender: str, notice: str, code: str, error: JukuraError, counts: Mapping[str, int] | None = None
    ) -> None:
        """Leave the entry of a notice that was refused; `code` is whom it is about, where that can be read."""
        sealed = {"notice": notice} | ({"subject": code} if code else {})
        self.log(Action.NOTICE_REFUSED, sender, Outcome.REFUSED, error.code, sealed, counts)

    def log(  # noqa: PLR0917 - as an Act
        self,
        action: Action,
        sender: str,
        outcome: Outcome = Outcome.OK,
        code: str = "",
        sealed: Mapping[str, str | int] | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """An entry about a notice of `sender`."""
        self.draft.log(
            Act(
                action,
                f"CS:{sender}",
                outcome,
                code=code,
                counts=dict(counts or {}),
                sealed=dict(sealed or {}),
            )
        )
