"""The national server at the other end of the outbox: the simulator's own judgement and ledger, without the wire between."""

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from daemon.commands.notices.receipts import key_of
from daemon.contract.national import Receipt, ReceiptOutcome, Update
from daemon.errors import StateError
from daemon.register.rows import Register
from daemon.rehearsal.ledger import Ledger
from daemon.rehearsal.national import Faults, NationalServer
from daemon.store.updates import Sending
from tests.commands.world.memory import Memory
from tests.commands.world.people import Version


class Nation:
    """Takes updates, and can be away, lose its answers, or refuse what is about some people."""

    def __init__(self, register: Register, ledger: Ledger) -> None:
        self._register = register
        self._ledger = ledger
        self._server = NationalServer(
            register,
            ledger,
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            faults=Faults(refuse=self._refusal),
        )
        self.accepted: list[Update] = []
        self.numbers: set[tuple[int, bytes]] = set()
        """Each number that was right, with its key."""
        self.memory = Memory()
        self.before: set[str] = set()
        """Keys of what came before the register was last put back to an earlier time."""
        self.misled = False
        """Whether some of that is not so any more."""
        self.refused: set[str] = set()
        """住民票コード."""
        self.away = False
        self.lose = 0
        """So many answers."""
        self.failures = 0
        """How often nobody heard an answer."""
        self.cut: Callable[[], bool] = lambda: False
        """Whether whoever calls was killed before."""

    @classmethod
    async def open(cls, register: Register, file: Path) -> "Nation":
        return cls(register, await Ledger.open(file))

    def key(self, version: Version) -> str:
        """Under which what is told of a version has to come, whenever it does."""
        return key_of(self._register, version.record.municipality, version.notice).hex()

    async def deliver(self, updates: Sequence[Update]) -> list[Receipt]:
        if self.away or self.cut():
            self.failures += 1
            raise StateError("national.away")
        arrivals = [self._server.arrival(update) for update in updates]
        taken = await self._ledger.take(arrivals)
        pairs = list(zip(updates, taken, strict=True))
        self.numbers |= {
            (update.number, bytes.fromhex(update.key))
            for update, became in pairs
            if became.outcome is not ReceiptOutcome.REFUSED
        }
        self.accepted += [update for update, became in pairs if became.outcome is ReceiptOutcome.ACCEPTED]
        self.memory.take([one for one, became in pairs if became.outcome is not ReceiptOutcome.REFUSED])
        assert not [one for one, became in pairs if one.repeat and became.outcome is ReceiptOutcome.REFUSED]
        if self.lose:
            self.lose -= 1
            self.failures += 1
            raise StateError("national.away")
        return [
            Receipt(key=update.key, outcome=became.outcome, code=became.code, given=became.given)
            for update, became in pairs
        ]

    async def close(self) -> None:
        await self._ledger.close()

    async def sound(self, sent: Sequence[Sending]) -> None:
        """Nobody was told late, passed over, or told under a number of another's; `sent` is what the register thinks was taken."""
        assert {(one.number, one.key) for one in sent} <= self.numbers
        assert await self._ledger.missing() == []
        if not self.misled:
            assert not [key for key, entry in (await self._ledger.entries()).items() if entry.late]
            assert await self._ledger.overtakers() == 0

    def went_back(self, memory: Memory, *, misled: bool) -> None:
        """The register is as it was when all that could be known of its numbers was in `memory`."""
        self.before = {update.key for update in self.accepted}
        self.misled |= misled
        self.memory = memory.copy()

    def _refusal(self, update: Update) -> str:
        return "national.bad_row" if update.row["juminhyo_code"] in self.refused else ""
