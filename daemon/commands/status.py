"""What the register says of itself: state, counts, the closed list of its connections. No personal data."""

from daemon.audit.action import Action
from daemon.audit.journal import Journal
from daemon.audit.signer import Signer
from daemon.clock import Clock, day_of
from daemon.contract.console import Counts
from daemon.register.dates import number_of
from daemon.register.rows import Register
from daemon.register.transitions import Standing
from daemon.store.reader import Reader
from daemon.store.tally import Tally

PRESENT: dict[Register, tuple[Standing, ...]] = {
    Register.HONNIN: (Standing.PRESENT,),
    Register.FUHYO: (Standing.PRESENT, Standing.ABROAD),
}
SEARCHES = (Action.SEARCH_DONE, Action.SEARCH_REFUSED, Action.LOOKUP_DONE, Action.LOOKUP_REFUSED)


class Census:
    """Counts what is in the register; nothing here takes longer the more there is."""

    def __init__(
        self,
        register: Register,
        reader: Reader,
        *,
        journal: Journal,
        signer: Signer,
        tally: Tally,
        clock: Clock,
    ) -> None:
        self._register = register
        self._reader = reader
        self._journal = journal
        self._signer = signer
        self._tally = tally
        self._clock = clock

    async def counts(self) -> Counts:
        """The figures now."""
        now = self._clock.now()
        today = self._journal.today(now)
        return Counts(
            people=await self._reader.people(PRESENT[self._register], on=number_of(day_of(now))),
            rows=self._tally.rows,
            notices_today=today.get(Action.NOTICE_APPLIED, 0),
            refused_today=today.get(Action.NOTICE_REFUSED, 0),
            searches_today=sum(today.get(action, 0) for action in SEARCHES),
            outbox=self._tally.outbox,
            outbox_aside=self._tally.aside,
            delivered=today.get(Action.OUTBOX_DELIVERED, 0),
            log_size=self._journal.tree.size,
            log_signed=self._signer.signed,
        )

    def aside(self) -> int:
        """How many messages the national server refused."""
        return self._tally.aside
