"""保全: two people keep entries of the log beyond their 7 years, or end that before its day (C20; 二人の承認).

A hold has a key of its own, `hold.<n>`, made before the first of them asks, so that nothing waits for a token in the middle of a
commit. One that was made and not needed is the next hold's. When a hold is over and what it kept is deleted, nothing lies under its
key any more, and custodians destroy it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from daemon.audit import held, purged
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.held import Hold, Stage
from daemon.audit.journal import Journal
from daemon.audit.purged import State
from daemon.clock import day_of
from daemon.commands.caller import Caller, Right, require_text
from daemon.commands.pairs import Pairs
from daemon.contract import log_holds as contract
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.log_holds import LiftLogHold, LogHold, LogHoldAsked, LogHolds, PlaceLogHold, Run
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring, load
from daemon.crypto.seal import Place, Sealer
from daemon.errors import ConflictError, InputError, JukuraError, StateError
from daemon.register.dates import number_of
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer
from hsm.client import KeyService

MOST_ENTRIES = 10_000  # of one hold
MOST_RUNS = 100
PLACE, LIFT = "log-hold-place", "log-hold-lift"


class Why(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a hold."""

    basis: str
    placed: date


@dataclass(frozen=True)
class HoldKeys:
    """Where the keys of holds come from, and what seals under them."""

    service: KeyService
    keyring: Keyring
    sealer: Sealer


class LogHoldDesk:
    """The use cases of holds on the log."""

    def __init__(
        self, register: Register, engine: Engine, writer: Writer, journal: Journal, keys: HoldKeys
    ) -> None:
        self._register = register
        self._engine = engine
        self._writer = writer
        self._journal = journal
        self._keys = keys
        self._pairs = Pairs()
        self._turn = asyncio.Lock()
        """Held while somebody asks for a hold: two at once would take the same key."""
        self.handlers: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]] = {
            contract.LOG_HOLDS: self.show,
            contract.PLACE_LOG_HOLD: self.place,
            contract.LIFT_LOG_HOLD: self.lift,
        }

    async def show(self, caller: Caller, _: Empty) -> LogHolds:
        """All of them, those too that are over and keep something still."""
        try:
            caller.require(Right.LOG_HOLDS_SEE)
        except JukuraError as error:
            await self._writer.log(_act(Action.LOG_HOLDS_SHOWN, caller, code=error.code))
            raise
        holds = (await purged.load(self._engine)).holds.by_number
        sealed = await self._engine.get_many(Table.LOG_HOLDS, [held.key_of(number) for number in holds])
        shown = [_shown(number, hold, self._opened(number, sealed)) for number, hold in holds.items()]
        await self._writer.log(_act(Action.LOG_HOLDS_SHOWN, caller, {"holds": len(shown)}))
        return LogHolds(shown)

    async def place(self, caller: Caller, asked: PlaceLogHold) -> LogHoldAsked:
        """Done by the second person who asks for the same."""

        async def work() -> LogHoldAsked:
            caller.require(Right.LOG_HOLDS)
            basis, hold = require_text(asked.basis, "basis"), checked(asked)
            async with self._turn:
                number = await self._spare()
                return await self._writer.write(
                    lambda draft: self._placed(draft, caller, number, hold, basis)
                )

        return await self._asking(caller, Action.LOG_HOLD_ASKED, work)

    async def lift(self, caller: Caller, asked: LiftLogHold) -> LogHoldAsked:
        """Done by the second person who asks for the same hold."""

        async def work() -> LogHoldAsked:
            caller.require(Right.LOG_HOLDS)
            reason = require_text(asked.reason, "reason")
            return await self._writer.write(lambda draft: self._lifted(draft, caller, asked.hold, reason))

        return await self._asking(caller, Action.LOG_HOLD_LIFT_ASKED, work)

    async def _placed(
        self, draft: Draft, caller: Caller, number: int, hold: Hold, basis: str
    ) -> LogHoldAsked:
        state = await purged.seen(draft)
        self._require_there(state, hold, day_of(draft.now))
        subject = f"{hold.spans}:{hold.until}:{basis}"
        done = await self._pairs.second(draft, caller, PLACE, subject)
        counts = {"entries": _size(hold), "until": number_of(hold.until)} | ({"hold": number} if done else {})
        sealed = {"entries": [[first, end - 1] for first, end in hold.spans], "basis": basis}
        draft.log(_act(Action.LOG_HOLD_PLACED if done else Action.LOG_HOLD_ASKED, caller, counts, sealed))
        if not done:
            return LogHoldAsked(done=False)
        key = held.key_of(number)
        why = msgspec.msgpack.encode(Why(basis, day_of(draft.now)))
        place = Place(self._register, Table.LOG_HOLDS, key)
        draft.put(Table.LOG_HOLDS, key, self._keys.sealer.seal(classes.hold(number), place, why))
        purged.put(draft, state._replace(holds=state.holds.with_(number, hold)), state)
        return LogHoldAsked(done=True, hold=number)

    async def _lifted(self, draft: Draft, caller: Caller, number: int, reason: str) -> LogHoldAsked:
        state = await purged.seen(draft)
        if number not in state.holds.at(Stage.PLACED):
            raise ConflictError("log_hold.unknown", field="hold")
        done = await self._pairs.second(draft, caller, LIFT, str(number))
        action = Action.LOG_HOLD_ENDED if done else Action.LOG_HOLD_LIFT_ASKED
        draft.log(_act(action, caller, {"hold": number}, {"reason": reason}))
        if done:
            purged.put(draft, state._replace(holds=purged.end_hold(draft, state, number)), state)
        return LogHoldAsked(done, number)

    def _require_there(self, state: State, hold: Hold, today: date) -> None:
        if hold.until < today:
            raise InputError("log_hold.day_past", field="until")
        gone = ((first, min(end, state.purged.end)) for first, end in hold.spans if first < state.purged.end)
        if held.without(gone, state.holds.spans(keeping=True)):
            raise ConflictError("log_hold.purged", field="entries")
        if hold.spans[-1][1] > self._journal.tree.size:
            raise ConflictError("log_hold.not_there", field="entries")

    async def _spare(self) -> int:
        """The number of a hold that never was, whose key is there and in memory."""
        told = await self._keys.service.keys()
        there = _numbers(info.name for info in told.keys)
        last = (await purged.load(self._engine)).holds.last
        ever = [*there, *_numbers(info.name for info in told.destroyed), last]
        number = min((number for number in there if number > last), default=max(ever) + 1)
        made = await load(self._keys.keyring, self._keys.service, [classes.hold(number)])
        if made:
            await self._writer.log(Act(Action.KEY_MADE, "jukurad", counts={"keys": len(made)}))
        return number

    def _opened(self, number: int, sealed: Mapping[bytes, bytes]) -> Why:
        key = held.key_of(number)
        content = self._keys.sealer.open(Place(self._register, Table.LOG_HOLDS, key), sealed[key])
        return msgspec.msgpack.decode(content, type=Why)

    async def _asking(
        self, caller: Caller, action: Action, work: Callable[[], Awaitable[LogHoldAsked]]
    ) -> LogHoldAsked:
        """Do `work`; a refusal is an entry too."""
        try:
            return await work()
        except StateError:
            raise
        except JukuraError as error:
            await self._writer.log(_act(action, caller, code=error.code))
            raise


def checked(asked: PlaceLogHold) -> Hold:
    """What is asked for, as it is kept; InputError that names the field which cannot be."""
    if not asked.entries or len(asked.entries) > MOST_RUNS:
        raise InputError("log_hold.runs", field="entries")
    if any(not 0 <= run.first <= run.last for run in asked.entries):
        raise InputError("log_hold.run", field="entries")
    hold = Hold(tuple(held.joined((run.first, run.last + 1) for run in asked.entries)), asked.until)
    if _size(hold) > MOST_ENTRIES:
        raise InputError("log_hold.runs", field="entries")
    return hold


def _size(hold: Hold) -> int:
    return sum(end - first for first, end in hold.spans)


def _numbers(names: Iterable[str]) -> list[int]:
    return [classes.generation(name) for name in names if classes.kind(name) == classes.HOLD]


def _shown(number: int, hold: Hold, why: Why) -> LogHold:
    return LogHold(
        hold=number,
        entries=[Run(first=first, last=end - 1) for first, end in hold.spans],
        until=hold.until,
        basis=why.basis,
        placed=why.placed,
        over=hold.stage is not Stage.PLACED,
    )


def _act(
    action: Action,
    caller: Caller,
    counts: Mapping[str, int] | None = None,
    sealed: Mapping[str, Any] | None = None,
    code: str = "",
) -> Act:
    outcome = Outcome.REFUSED if code else Outcome.OK
    return Act(
        action, f"operator:{caller.operator}", outcome, terminal=caller.terminal, code=code,
        counts=dict(counts or {}), sealed=dict(sealed or {}),
    )  # fmt: skip
