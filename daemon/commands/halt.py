"""緊急遮断: one officer or administrator stops the service at once, and two people resume it; and planned stops (計画停止).

Stopped, municipalities get 503, nobody searches, and nothing goes to the national server; the log, its signatures and the
keys go on. The state outlives a restart. A stop holds from the moment it is asked for, whatever the disk says; everything
else holds once it is written, together with its entry.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.clock import Clock
from daemon.commands import stops
from daemon.commands.caller import Caller, Right, require_text
from daemon.commands.stops import Kept
from daemon.contract import halt as contract
from daemon.contract.announcements import ANNOUNCEMENTS, Announcements
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.halt import HaltState
from daemon.errors import JukuraError, StateError
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

KEY = b"halt"
ID = 4  # bytes

Change = Callable[[Kept, datetime], Kept]
"""Of what is kept and the time: what is to be kept. Raises what forbids it."""


class Halt:
    """Whether the service runs, and who may say so."""

    def __init__(self, writer: Writer, clock: Clock, kept: Kept) -> None:
        self._writer = writer
        self._clock = clock
        self._kept = kept
        self._asked = False
        """Whether a stop was asked for that is not written yet."""
        self.handlers: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]] = {
            contract.HALT: self.show,
            contract.STOP_SERVICE: self.stop,
            contract.PROPOSE_RESUMPTION: self.propose,
            contract.CONFIRM_RESUMPTION: self.confirm,
            contract.ANNOUNCE: self.announce,
            contract.WITHDRAW: self.withdraw,
        }

    @classmethod
    async def load(cls, engine: Engine, writer: Writer, clock: Clock) -> "Halt":
        """As it stood when the register was stopped or killed."""
        return cls(writer, clock, _read(await engine.get_many(Table.META, [KEY])))

    # What others ask before they act.

    def running(self) -> bool:
        """Whether there is no emergency stop."""
        return self._kept.stopped is None and not self._asked

    def require_running(self) -> None:
        """StateError during an emergency stop."""
        if not self.running():
            raise StateError("state.stopped")

    def admit(self, endpoint: Endpoint) -> None:
        """StateError where a municipality may not ask for this now: stopped, or a planned stop lasts."""
        self.require_running()
        if endpoint is not ANNOUNCEMENTS and self._kept.lasts(self._clock.now()):
            raise StateError("state.planned_stop")

    def state(self) -> HaltState:
        """As it stands now."""
        kept = self._kept
        return HaltState(
            stopped=kept.stopped, resumption=kept.resumption, announcements=kept.ahead(self._clock.now())
        )

    async def announced(self, _sender: str, _asked: Empty) -> Announcements:
        """What a municipality is told of planned stops."""
        return Announcements(self._kept.ahead(self._clock.now()))

    # What people ask for.

    async def show(self, caller: Caller, _: Empty) -> HaltState:
        """How it stands; not an entry, since a console looks again every few seconds."""
        caller.require(Right.HALT_SEE)
        return self.state()

    async def stop(self, caller: Caller, asked: contract.StopService) -> HaltState:
        """Stop at once."""
        act = Action.SERVICE_STOPPED
        reason = await self._allowed(caller, Right.STOP, act, asked.reason)
        self._asked = True
        try:
            return await self._change(
                caller, act, lambda kept, now: stops.stop(kept, now, caller.operator), {"reason": reason}
            )
        except StateError:
            raise
        except JukuraError:
            self._asked = False  # stopped already
            raise

    async def propose(self, caller: Caller, asked: contract.ProposeResumption) -> HaltState:
        """Propose to serve again; a later proposal takes the place of an earlier one."""
        act, ident = Action.RESUMPTION_PROPOSED, secrets.token_hex(ID)
        reason = await self._allowed(caller, Right.RESUME_PROPOSE, act, asked.reason)
        return await self._change(
            caller,
            act,
            lambda kept, now: stops.propose(kept, now, caller.operator, ident),
            {"reason": reason},
        )

    async def confirm(self, caller: Caller, asked: contract.ConfirmResumption) -> HaltState:
        """Serve again, as somebody else proposed."""
        act = Action.SERVICE_RESUMED
        await self._allowed(caller, Right.RESUME_CONFIRM, act)
        return await self._change(
            caller, act, lambda kept, _: stops.confirm(kept, caller.operator, asked.proposal), {}
        )

    async def announce(self, caller: Caller, asked: contract.Announce) -> HaltState:
        """Announce a planned stop."""
        act, ident = Action.STOP_ANNOUNCED, secrets.token_hex(ID)
        text = await self._allowed(caller, Right.ANNOUNCE, act, asked.text, "text")
        return await self._change(
            caller, act, lambda kept, now: stops.announce(kept, now, asked, ident), {"text": text}
        )

    async def withdraw(self, caller: Caller, asked: contract.Withdraw) -> HaltState:
        """Take back a planned stop, or end it."""
        act = Action.STOP_WITHDRAWN
        await self._allowed(caller, Right.ANNOUNCE, act)
        return await self._change(caller, act, lambda kept, _: stops.withdraw(kept, asked.id), {})

    async def _allowed(
        self, caller: Caller, right: Right, action: Action, text: str | None = None, field: str = "reason"
    ) -> str:
        """`text` as it may be kept; a refusal is an entry."""
        try:
            caller.require(right)
            return "" if text is None else require_text(text, field)
        except JukuraError as error:
            await self._writer.log(_act(action, caller, {}, error.code))
            raise

    async def _change(
        self, caller: Caller, action: Action, change: Change, sealed: Mapping[str, str]
    ) -> HaltState:
        async def work(draft: Draft) -> Kept:
            new = change(_read(await draft.get_many(Table.META, [KEY])), draft.now)
            draft.put(Table.META, KEY, msgspec.msgpack.encode(new))
            draft.log(_act(action, caller, sealed))
            return new

        try:
            self._kept = await self._writer.write(work)
            self._asked = self._asked and self._kept.stopped is None
        except StateError:
            raise  # not written: a stop that was asked for holds all the same
        except JukuraError as error:
            await self._writer.log(_act(action, caller, sealed, error.code))
            raise
        return self.state()


def _read(held: Mapping[bytes, bytes]) -> Kept:
    return msgspec.msgpack.decode(held[KEY], type=Kept) if KEY in held else Kept()


def _act(action: Action, caller: Caller, sealed: Mapping[str, str], code: str = "") -> Act:
    outcome = Outcome.REFUSED if code else Outcome.OK
    actor = f"operator:{caller.operator}"
    return Act(action, actor, outcome, terminal=caller.terminal, code=code, sealed=dict(sealed))
