"""What the register says of itself: state, counts, the closed list of its connections. No personal data."""

from daemon.audit.entry import Action
from daemon.audit.journal import Journal
from daemon.audit.signer import Signer
from daemon.clock import Clock
from daemon.contract.console import Counts
from daemon.register.rows import Register
from daemon.register.transitions import Standing
from daemon.store.outbox import Outbox
from daemon.store.reader import Reader

PRESENT: dict[Register, tuple[Standing, ...]] = {
    Register.HONNIN: (Standing.PRESENT,),
    Register.FUHYO: (Standing.PRESENT, Standing.ABROAD),
}
FRESH = 2.0  # seconds for which counted figures are given out again: counting is linear in the rows


class Census:
    """Counts what is in the register."""

    def __init__(
        self,
        register: Register,
        reader: Reader,
        *,
        journal: Journal,
        signer: Signer,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        self._register = register
        self._reader = reader
        self._journal = journal
        self._signer = signer
        self._outbox = outbox
        self._clock = clock
        self._counted: tuple[float, int, int] | None = None

    async def counts(self) -> Counts:
        """The figures now; people and rows may be up to `FRESH` old."""
        people, rows = await self._slow()
        waiting, aside = await self._outbox.counts()
        today = self._journal.today(self._clock.now())
        return Counts(
            people=people,
            rows=rows,
            notices_today=today.get(Action.NOTICE_APPLIED, 0),
            refused_today=today.get(Action.NOTICE_REFUSED, 0),
            searches_today=today.get(Action.SEARCH_DONE, 0) + today.get(Action.SEARCH_REFUSED, 0),
            outbox=waiting,
            outbox_aside=aside,
            delivered=today.get(Action.OUTBOX_DELIVERED, 0),
            log_size=self._journal.tree.size,
            log_signed=self._signer.signed,
        )

    async def aside(self) -> int:
        """How many messages the national server refused."""
        return (await self._outbox.counts())[1]

    async def _slow(self) -> tuple[int, int]:
        now = self._clock.monotonic()
        if self._counted is None or now - self._counted[0] > FRESH:
            people = await self._reader.people(PRESENT[self._register])
            self._counted = (now, people, await self._reader.rows())
        return self._counted[1], self._counted[2]
