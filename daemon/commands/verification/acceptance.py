"""That other rows were found than were committed is explained: two people say so, and what was found counts from then on."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Right, require_text
from daemon.commands.pairs import Pairs
from daemon.contract.endpoint import Endpoint
from daemon.contract.verification import ACCEPT_ROWS, AcceptRows, RowsAccepted
from daemon.errors import ConflictError, JukuraError, StateError
from daemon.store.commitment import Commitment
from daemon.store.draft import Draft
from daemon.store.writer import Writer

DEED = "rows-accept"


class Acceptance:
    """Who may say so."""

    def __init__(self, writer: Writer, commitment: Commitment, pairs: Pairs) -> None:
        self._writer = writer
        self._commitment = commitment
        self._pairs = pairs
        self.handlers: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]] = {ACCEPT_ROWS: self.accept}

    async def accept(self, caller: Caller, asked: AcceptRows) -> RowsAccepted:
        """Done by the second person who asks for it. ConflictError `rows.agree` where there is nothing to explain."""

        async def work(draft: Draft) -> bool:
            if not self._commitment.differs:
                raise ConflictError("rows.agree")
            done = await self._pairs.second(draft, caller, DEED, "")
            draft.log(_act(Action.ROWS_ACCEPTED if done else Action.ROWS_ACCEPT_ASKED, caller, reason))
            if done:
                self._commitment.accept()
            return done

        reason = ""
        try:
            caller.require(Right.ROWS_ACCEPT)
            reason = require_text(asked.reason, "reason")
            return RowsAccepted(await self._writer.write(work))
        except StateError:
            raise
        except JukuraError as error:
            await self._writer.log(_act(Action.ROWS_ACCEPT_ASKED, caller, reason, error.code))
            raise


def _act(action: Action, caller: Caller, reason: str, code: str = "") -> Act:
    outcome = Outcome.REFUSED if code else Outcome.OK
    sealed = {"reason": reason} if reason else {}
    actor = f"operator:{caller.operator}"
    return Act(action, actor, outcome, terminal=caller.terminal, code=code, sealed=sealed)
