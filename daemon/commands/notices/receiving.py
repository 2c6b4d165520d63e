"""H1, F1 更新: notices from municipalities are judged, applied, logged and put in the outbox, all in one commit.

Each notice of a batch is judged on its own, after those before it. A refused one leaves an entry in the log and
nothing else. The same notice again (same sender, same id) is answered with what became of it the first time.
"""

import asyncio
from collections.abc import Callable, Sequence

from daemon.commands.notices.arrivals import Broken, Means
from daemon.commands.notices.batch import Batch
from daemon.contract.peer import Notice, Verdict
from daemon.errors import StateError
from daemon.store.draft import Draft
from daemon.store.writer import Writer

__all__ = ["Broken", "Notices"]

PART = 50  # notices in one piece of work


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
        parts = [batch[at : at + PART] for at in range(0, len(batch), PART)]
        gate = _Gate(self._require_running)
        verdicts = await asyncio.gather(*(self._part(sender, part, gate) for part in parts))
        return [verdict for part in verdicts for verdict in part]

    async def _part(self, sender: str, part: Sequence[Notice | Broken], gate: _Gate) -> list[Verdict]:
        async def work(draft: Draft) -> list[Verdict]:
            gate.require()
            return await Batch(self._means, draft, sender).run(part)

        async def ahead(draft: Draft) -> None:
            await Batch(self._means, draft, sender).ahead(part)

        return await self._writer.write(work, lane=sender, weight=len(part), ahead=ahead)
