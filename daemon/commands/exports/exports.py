"""C21: exports of the log for external auditors. Everything about them put together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.exporter import Exporter
from daemon.audit.signer import Signer
from daemon.clock import Clock
from daemon.commands.caller import Caller
from daemon.commands.exports.delivering import Deliveries, Delivery
from daemon.commands.exports.filing import Filing
from daemon.commands.exports.keeping import Keeping
from daemon.commands.exports.making import Maker
from daemon.commands.exports.orders import Orders
from daemon.commands.exports.record import Record
from daemon.commands.exports.refusing import require
from daemon.commands.people import People
from daemon.contract import exports as contract
from daemon.contract.endpoint import Endpoint
from daemon.contract.exports import ExportPhase
from daemon.crypto.seal import Sealer
from daemon.errors import JukuraError, StateError
from daemon.store.draft import Draft
from daemon.store.engine import Engine
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK = 60.0  # seconds between looks at what is over
AGAIN = 5.0  # seconds until what could not be done now is tried again


@dataclass(frozen=True)
class Given:
    """What exports are made of."""

    engine: Engine
    writer: Writer
    signer: Signer
    exporter: Exporter
    sealer: Sealer
    people: People
    clock: Clock
    require_room: Callable[[], None]
    """StateError while the disk has no room for exports and their entries."""


class LogExports:
    """Every export of one register's log."""

    def __init__(self, given: Given) -> None:
        exporter, writer, engine, sealer = given.exporter, given.writer, given.engine, given.sealer
        self._keeping = keeping = Keeping(exporter.register, engine, sealer)
        self._writer = writer
        self._require_room = given.require_room
        self._clock = given.clock
        self._wanted = asyncio.Event()
        self._progress: dict[bytes, int] = {}
        self._maker = Maker(
            Filing(keeping, writer), given.signer, exporter, sealer, given.people, self._progress
        )
        orders = Orders(keeping, writer, self._progress, self._wanted.set)
        deliveries = Deliveries(keeping, engine, writer, exporter, sealer)
        self.handlers: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]] = {
            contract.EXPORTS: orders.list,
            contract.ORDER_EXPORT: self._with_room(orders.order, Action.LOG_EXPORT_ORDERED),
            contract.DECIDE_EXPORT: orders.decide,
            contract.CANCEL_EXPORT: orders.cancel,
        }
        self.deliveries: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Delivery]]] = {
            contract.FETCH_FILE: self._with_room(deliveries.fetch, Action.LOG_EXPORTED)
        }

    def _with_room(
        self, act: Callable[[Caller, Any], Awaitable[T]], action: Action
    ) -> Callable[[Caller, Any], Awaitable[T]]:
        async def acting(caller: Caller, asked: object) -> T:
            await require(self._require_room, self._writer, caller, action)
            return await act(caller, asked)

        return acting

    async def run(self) -> None:
        """Make what is ordered, go on with what a kill left, and forget what is over, until cancelled."""
        while True:
            self._wanted.clear()
            try:
                while (record := await self._next()) is not None:
                    await self.make(record)
                await self.forget()
            except JukuraError as error:
                log.warning("exports wait", extra={"code": error.code})
                await asyncio.sleep(AGAIN)
            else:
                await self._sleep()

    async def make(self, record: Record) -> None:
        """Make one; StateError where that must wait."""
        try:
            await self._maker.make(record)
        except StateError:
            raise
        except JukuraError as error:
            log.warning("export not made", extra={"code": error.code})
            await self._give_up(record, error)
        finally:
            self._progress.pop(record.id, None)

    async def forget(self) -> None:
        """Delete those whose days are over."""

        async def work(draft: Draft) -> None:
            gone = [record for record in await self._keeping.among(draft) if record.days_over(draft.now)]
            for record in gone:
                await self._keeping.forget(draft, record)
            if gone:
                draft.log(Act(Action.LOG_EXPORT_FORGOTTEN, "jukurad", counts={"exports": len(gone)}))

        if any(record.days_over(self._clock.now()) for record in await self._keeping.all()):
            await self._writer.write(work)

    async def _next(self) -> Record | None:
        """The oldest that is to be made."""
        making = [record for record in await self._keeping.all() if record.phase is ExportPhase.MAKING]
        return making[0] if making else None

    async def _give_up(self, record: Record, error: JukuraError) -> None:
        if error.code != "export.over":  # somebody gave it up
            await self._maker.fail(record, error)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self._wanted.wait()
        except TimeoutError:
            return
