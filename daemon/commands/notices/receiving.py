"""H1, F1 更新: notices from municipalities are judged, applied, logged and put in the outbox, all in one commit.

Each notice of a batch is judged on its own, after those before it. A refused one leaves an entry in the log and
nothing else. The same notice again (same sender, same id) is answered with what became of it the first time.
"""

import asyncio
from collections.abc import Sequence

from daemon.audit.act import Act
from daemon.audit.entry import Action, Outcome
from daemon.commands.notices.arrivals import Broken, Means
from daemon.commands.notices.batch import Batch
from daemon.contract.peer import Notice, Verdict
from daemon.errors import JukuraError
from daemon.store.draft import Draft
from daemon.store.writer import Writer

__all__ = ["Broken", "Notices"]

PART = 50  # notices in one piece of work


class Notices:
    """Takes notices in."""

    def __init__(self, means: Means, writer: Writer) -> None:
        self._means = means
        self._writer = writer

    async def receive(self, sender: str, batch: Sequence[Notice | Broken]) -> list[Verdict]:
        """One verdict per notice of `batch`, sent by the municipality `sender` (5 digits).

        A large batch is taken in parts, in the sender's own lane: others' notices and searches come between them.
        """
        parts = [batch[at : at + PART] for at in range(0, len(batch), PART)]
        verdicts = await asyncio.gather(*(self._part(sender, part) for part in parts))
        return [verdict for part in verdicts for verdict in part]

    async def _part(self, sender: str, part: Sequence[Notice | Broken]) -> list[Verdict]:
        async def work(draft: Draft) -> list[Verdict]:
            return await Batch(self._means, draft, sender).run(part)

        return await self._writer.write(work, lane=sender, weight=len(part))

    async def refuse(self, sender: str, error: JukuraError) -> None:
        """Log a request that was refused as a whole."""

        await self._writer.log(
            Act(Action.NOTICE_BATCH_REFUSED, f"CS:{sender}", Outcome.REFUSED, code=error.code)
        )
