"""H1, F1 更新: notices from municipalities are judged, applied, logged and put in the outbox, all in one commit.

Each notice of a batch is judged on its own, after those before it. A refused one leaves an entry in the log and
nothing else. The same notice again (same sender, same id) is answered with what became of it the first time.
"""

import asyncio
from collections.abc import Callable, Sequence

from daemon.commands.notices.arrivals import Broken, Means, Sound
from daemon.commands.notices.batch import Batch
from daemon.commands.notices.receipts import key_of
from daemon.contract.peer import Notice, Verdict
from daemon.errors import JukuraError, StateError
from daemon.register.checks import check, check_sender
from daemon.store.draft import Draft
from daemon.store.writer import Writer

__all__ = ["Broken", "Notices"]

PART = 50  # notices in one piece of work
BREATH = 25  # notices checked before others on the loop get their turn


class _Gate:
    """Whether a batch may still come in: asked when the first of its parts is begun, for all of them.

    So an emergency stop ends a batch that waits, and never takes half of one.
    """

    def __init__(self, require_running: Callable[[], None]) -> None:
        self._require_running = require_running
        self._open = False
        self._closed: StateError | None = None

    def require(self) -> None:
        """StateError where the register was stopped before the batch was begun."""
        if self._open:
            return
        if self._closed is not None:
            raise self._closed
        try:
            self._require_running()
        except StateError as error:
            self._closed = error
            raise
        self._open = True


class Notices:
    """Takes notices in."""

    def __init__(self, means: Means, writer: Writer, require_running: Callable[[], None]) -> None:
        """`require_running` raises StateError during an emergency stop."""
        self._means = means
        self._writer = writer
        self._require_running = require_running

    async def receive(self, sender: str, batch: Sequence[Notice | Broken]) -> list[Verdict]:
        """One verdict per notice of `batch`, sent by the municipality `sender` (5 digits).

        A large batch is taken in parts, in the sender's own lane: others' notices and searches come between them.
        StateError where an emergency stop came before its first part was begun; otherwise it is taken to its end.
        """
        # Here, where nobody waits for the writer.
        checked = []
        for number, one in enumerate(batch, start=1):
            checked.append(self._checked(sender, one))
            if number % BREATH == 0:
                await asyncio.sleep(0)
        parts = [checked[at : at + PART] for at in range(0, len(checked), PART)]
        gate = _Gate(self._require_running)
        verdicts = await asyncio.gather(*(self._part(sender, part, gate) for part in parts))
        return [verdict for part in verdicts for verdict in part]

    def _checked(self, sender: str, one: Notice | Broken) -> Sound | Broken:
        if isinstance(one, Broken):
            return one
        try:
            check_sender(one.record, sender)
            return Sound(one, check(one.record), key_of(self._means.register, sender, one.id))
        except JukuraError as error:
            return Broken(one.id, error, one.record.juminhyo_code)

    async def _part(self, sender: str, part: Sequence[Sound | Broken], gate: _Gate) -> list[Verdict]:
        async def work(draft: Draft) -> list[Verdict]:
            gate.require()
            return await Batch(self._means, draft, sender).run(part)

        async def ahead(draft: Draft) -> None:
            await Batch(self._means, draft, sender).ahead(part)

        return await self._writer.write(work, lane=sender, weight=len(part), ahead=ahead)
