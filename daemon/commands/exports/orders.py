"""Exports of the log as people ask for them: an auditor orders, a second person approves what opens sealed fields."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.opening import require_known
from daemon.commands.caller import Caller, Right, require_text
from daemon.commands.exports.keeping import Keeping, new_id, new_secret
from daemon.commands.exports.record import ALWAYS, Record, cancelled, decided, shown
from daemon.commands.exports.refusing import refusals_logged
from daemon.contract.endpoint import Empty
from daemon.contract.exports import (
    CancelExport,
    DecideExport,
    ExportPhase,
    Exports,
    ExportState,
    OrderExport,
)
from daemon.contract.manifest import second
from daemon.errors import ConflictError, InputError
from daemon.store.draft import Draft
from daemon.store.writer import Writer

MOST = 20
"""Exports that are kept at once."""

Change = Callable[[Record, datetime], Record]


class Orders:
    """Orders and decisions of one register. `wanted` is told when there is something to make."""

    def __init__(
        self, keeping: Keeping, writer: Writer, progress: dict[bytes, int], wanted: Callable[[], None]
    ) -> None:
        self._keeping = keeping
        self._writer = writer
        self._progress = progress
        self._wanted = wanted

    async def list(self, caller: Caller, _: Empty) -> Exports:
        """What there is, the newest first; not an entry, since a console looks again every few seconds."""
        async with refusals_logged(self._writer, caller, Action.LOG_EXPORT_VIEW_REFUSED):
            caller.require(Right.EXPORT_SEE)
        return Exports([self._shown(record) for record in reversed(await self._keeping.all())])

    async def order(self, caller: Caller, asked: OrderExport) -> ExportState:
        """Put down an order; it is made at once where it opens nothing beyond the policy."""
        action = Action.LOG_EXPORT_ORDERED
        async with refusals_logged(self._writer, caller, action):
            caller.require(Right.EXPORT)
            basis = require_text(asked.basis, "basis")
            require_known(asked.openings)

            async def work(draft: Draft) -> Record:
                record = _ordered(asked, basis, caller.operator, draft.now)
                if len(await self._keeping.among(draft)) >= MOST:
                    raise ConflictError("export.too_many")
                await self._keeping.add(draft, record)
                sealed = {
                    "export": record.id.hex(),
                    "span": {
                        "from": second(asked.since or ALWAYS),
                        "until": second(asked.until or draft.now),
                    },
                    "openings": msgspec.to_builtins(asked.openings),
                    "basis": basis,
                }
                draft.log(_act(action, caller, sealed, {"openings": len(asked.openings)}))
                return record

            return self._told(await self._writer.write(work))

    async def decide(self, caller: Caller, asked: DecideExport) -> ExportState:
        """Approve or decline what opens sealed fields."""
        action = Action.LOG_EXPORT_APPROVED if asked.approve else Action.LOG_EXPORT_DECLINED
        async with refusals_logged(self._writer, caller, action):
            caller.require(Right.EXPORT_APPROVE)
            reason = require_text(asked.reason, "reason")
            return await self._changed(
                caller,
                asked.export,
                lambda record, now: decided(record, now, caller.operator, approve=asked.approve),
                _act(action, caller, {"export": asked.export, "reason": reason}),
            )

    async def cancel(self, caller: Caller, asked: CancelExport) -> ExportState:
        """Give one up."""
        action = Action.LOG_EXPORT_CANCELLED
        async with refusals_logged(self._writer, caller, action):
            caller.require(Right.EXPORT)
            return await self._changed(
                caller,
                asked.export,
                lambda record, now: cancelled(record, now, caller.operator),
                _act(action, caller, {"export": asked.export}),
            )

    async def _changed(self, caller: Caller, export: str, change: Change, act: Act) -> ExportState:
        async def work(draft: Draft) -> Record:
            record = await self._keeping.named(draft, export)
            new = change(record, draft.now)
            if new.is_over:
                self._keeping.empty(draft, record)
                new = replace(new, made=[], begun={})
            self._keeping.put(draft, new)
            draft.log(act)
            return new

        return self._told(await self._writer.write(work))

    def _told(self, record: Record) -> ExportState:
        if record.phase is ExportPhase.MAKING:
            self._wanted()
        return self._shown(record)

    def _shown(self, record: Record) -> ExportState:
        done = record.end - record.first if record.phase is ExportPhase.READY else 0
        return shown(record, self._progress.get(record.id, done))


def _ordered(asked: OrderExport, basis: str, operator: str, now: datetime) -> Record:
    if asked.until is not None and asked.until > now:
        raise InputError("export.until_ahead", field="until")
    if (asked.since or ALWAYS) > (asked.until or now):
        raise InputError("export.span_backwards", field="since")
    return Record(
        id=new_id(), secret=new_secret(), operator=operator, ordered=now, touched=now, since=asked.since,
        until=asked.until, openings=asked.openings, basis=basis,
        phase=ExportPhase.WAITING if asked.openings else ExportPhase.MAKING,
    )  # fmt: skip


def _act(action: Action, caller: Caller, sealed: dict[str, Any], counts: dict[str, int] | None = None) -> Act:
    actor = f"operator:{caller.operator}"
    return Act(action, actor, terminal=caller.terminal, sealed=sealed, counts=counts or {})
