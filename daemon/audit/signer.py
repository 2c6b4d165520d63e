"""Checkpoints: the log's head, signed in the token through the key service, at least every second while it grows.

The key service is the log's first witness: it signs only what continues the last head that it signed. With the
token away entries wait, up to a stated bound, and the register goes on.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from daemon.audit import epochs
from daemon.audit.epochs import Standing, Stated
from daemon.audit.journal import Journal, Nodes, sequence
from daemon.audit.tree import consistency_proof, load
from daemon.clock import Clock
from daemon.contract.cosignature import is_cosigned
from daemon.contract.epochs import FIRST_EPOCH
from daemon.contract.log_epochs import Epoch
from daemon.contract.note import Checkpoint, split
from daemon.errors import IntegrityError, StateError
from daemon.store.commitment import Commitment
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer
from hsm.client import KeyService
from hsm.protocol import SignCheckpoint, Witnessed

log = logging.getLogger(__name__)

HEARTBEAT = timedelta(hours=1)
"""A quiet log is signed this often, so that its silence is signed too."""
LATE_ENTRIES = 100_000
LATE_AFTER = timedelta(hours=24)
LOST = timedelta(days=30)
"""For so long after a new epoch began the register says so as a reason of its own."""


class Signer:
    """Keeps the log's head signed."""

    def __init__(
        self,
        journal: Journal,
        engine: Engine,
        writer: Writer,
        service: KeyService,
        clock: Clock,
        *,
        commitment: Commitment,
    ) -> None:
        self._journal = journal
        self._engine = engine
        self._writer = writer
        self._service = service
        self._clock = clock
        self._commitment = commitment
        self._witness: Witnessed | None = None
        self._at: datetime = clock.now()
        self._turn = asyncio.Lock()
        self.signed = 0
        """Entries under the last signature."""
        self.epoch: Stated | None = None
        """How the log's present epoch began; None in the first."""

    def told(self) -> Epoch | None:
        """How the log's present epoch began, for the status; None in the first."""
        if self.epoch is None:
            return None
        opening = self.epoch.opening
        lost = max(0, opening.size - opening.kept)
        return Epoch(number=opening.epoch, first=opening.kept, lost=lost, opened=self.epoch.at)

    def lost_lately(self) -> bool:
        """Whether a new epoch began so lately that it is a reason of its own."""
        return self.epoch is not None and self._clock.now() - self.epoch.at < LOST

    async def check(self) -> None:
        """Raise `log.cut` or `log.replaced` where the log does not continue what the key service signed last.

        Where a new epoch was opened from exactly this log, the journal is told to begin it: a kill between the two leaves no gap.
        `log.epoch_ahead` where the key service lacks the log's epoch; `store.rows_replaced` where the rows are not those that the checkpoint of the log as it stands commits to; there is none
        where a stop left the last entries unsigned.
        """
        witness = await self._service.witness()
        tree = self._journal.tree
        root = None
        if witness.size <= tree.size:
            root = (await load(witness.size, Nodes(self._engine))).root()
        stands = epochs.standing(self._journal.epoch, tree.size, root, witness)
        if witness.epoch > FIRST_EPOCH:
            self.epoch = epochs.opened(await epochs.stated(self._service), witness.epoch)
        gone: list[bytes] = []
        if stands is Standing.OPENED and self.epoch is not None:
            gone = await self._contradicted(self.epoch.opening.proven)
            word = epochs.first_word(self.epoch)
            self._journal.say_first(word, {Table.CHECKPOINTS: gone}, epoch=witness.epoch)
        key = sequence(tree.size)
        note = (await self._engine.get_many(Table.CHECKPOINTS, [key])).get(key)
        # One that the log does not continue says nothing of these rows.
        if note is not None and key not in gone:
            self._commitment.require(Checkpoint.parse(split(note.decode())[0]).extensions)
        self._witness, self.signed = witness, witness.size

    @property
    def late(self) -> bool:
        """Whether entries have waited for their signature beyond the stated bound."""
        waiting = self._journal.tree.size - self.signed
        return waiting > LATE_ENTRIES or (waiting > 0 and self._clock.now() - self._at > LATE_AFTER)

    def require_timely(self) -> None:
        """Raise while entries have waited too long: what is disclosed then could not be proved (notices go on)."""
        if self.late:
            raise StateError("log.signature_late")

    async def sign(self, *, at_once: bool = False) -> str | None:
        """Sign the head if it has grown, or if an hour has gone by; the note, or None where nothing was due.

        One at a time: a proof from what another one is about to replace would look like a log that was cut.
        """
        async with self._turn:
            return await self._sign(at_once=at_once)

    async def _sign(self, *, at_once: bool) -> str | None:
        tree, now = self._journal.tree, self._clock.now()
        grown = tree.size > self.signed
        if self._journal.opening or not tree.size or not (grown or at_once or now - self._at >= HEARTBEAT):
            return None
        # Before anything is waited for, so that it is of the same commit as the tree.
        rows = self._commitment.line()
        witness = self._witness or await self._service.witness()
        if witness.size > tree.size:
            raise IntegrityError("log.cut")
        # Until this is answered, what was signed last is not known for sure: a lost answer is asked for again.
        self._witness = None
        proof = await consistency_proof(witness.size, tree.size, Nodes(self._engine)) if witness.size else []
        note = await self._service.sign_checkpoint(
            SignCheckpoint(
                epoch=self._journal.epoch, size=tree.size, root=tree.root(), extensions=[rows], proof=proof
            )
        )
        self._witness = Witnessed(epoch=self._journal.epoch, size=tree.size, root=tree.root())
        await self._keep(tree.size, note)
        self.signed, self._at = tree.size, now
        return note

    async def _contradicted(self, proven: int) -> list[bytes]:
        """Keys of the checkpoints that this log does not continue: it was proven up to the newest that it does."""
        gone: list[bytes] = []
        first = sequence(proven + 1)
        while pairs := await self._engine.scan(Table.CHECKPOINTS, first=first, limit=1000):
            gone += [key for key, _ in pairs]
            first = pairs[-1][0] + b"\x00"
        return gone

    async def _keep(self, size: int, note: str) -> None:
        async def work(draft: Draft) -> None:
            # Signed again, the same size has another time. What witnesses or an authority signed beside us is worth more, and stays.
            key = sequence(size)
            held = (await draft.get_many(Table.CHECKPOINTS, [key])).get(key)
            stamped = await draft.get_many(Table.TIMESTAMPS, [key])
            if held is None or not (stamped or is_cosigned(held.decode())):
                draft.put(Table.CHECKPOINTS, key, note.encode())

        await self._writer.write(work)
