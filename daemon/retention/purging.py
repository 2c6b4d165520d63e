"""The nightly duty: entries of the log whose 7 years are over are deleted, and so is what outlived them under a hold that has ended.

An entry says what will be deleted before anything is: `log.purged` with the checkpoint that covers it, `log.released` with the
numbers of what was held. Deletion begins once the key service has signed that entry, and goes on by itself after a kill.
"""

import asyncio
import logging
from base64 import b64encode
from datetime import date, datetime, timedelta

from msgspec.structs import replace

from daemon.audit import purged
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.held import Stage, without
from daemon.audit.journal import sequence
from daemon.audit.purged import State
from daemon.audit.signer import Signer
from daemon.clock import JST, Clock, day_of
from daemon.contract.log_holds import Purge
from daemon.crypto.classes import kind
from daemon.errors import JukuraError, StateError
from daemon.register.retention import log_over
from daemon.retention.deleting import Deleter
from daemon.retention.due import Due, Reach, signed_at
from daemon.retention.receipts import ReceiptEnds
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer
from hsm.client import KeyService

log = logging.getLogger(__name__)

NIGHT = range(1, 5)  # hours in Japan
PAUSE = 300.0  # seconds between two looks at whether it is time
BREATH = 0.1  # seconds between two commits


def is_time(now: datetime, looked: date | None) -> bool:
    """Whether to see to it now: at night once, or at any hour where a whole night was missed."""
    today = day_of(now)
    if looked is None or today - looked > timedelta(days=1):
        return True
    return looked < today and now.astimezone(JST).hour in NIGHT


class Purging:
    """Does the duty for one register."""

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        signer: Signer,
        clock: Clock,
        service: KeyService,
        *,
        due: Due,
        deleter: Deleter,
        receipts: ReceiptEnds,
    ) -> None:
        self._service = service
        self._engine = engine
        self._writer = writer
        self._signer = signer
        self._clock = clock
        self._due = due
        self._deleter = deleter
        self._receipts = receipts

    async def run(self) -> None:
        """Do the duty until cancelled; what fails is tried again."""
        while True:
            try:
                state = await purged.load(self._engine)
                if state.pending or is_time(self._clock.now(), state.purged.looked):
                    await self.look()
            except StateError as error:
                log.info("purge waits", extra={"code": error.code})
            except JukuraError as error:
                log.critical("purge needs a person", extra={"code": error.code})
            await asyncio.sleep(PAUSE)

    async def look(self) -> None:
        """One night: end the holds whose day is over, and delete whatever may be, in steps."""
        # No clock that somebody sets ahead makes an entry old: the key service's record of the time does not follow it.
        now = min(self._clock.now(), (await self._service.ping()).clock)
        await self._writer.write(lambda draft: self._end_holds(draft, day_of(now)))
        while await self._said(now):
            await self._signer.sign(at_once=True)
            more = True
            while more:
                more = await self._deleter.step()
                await asyncio.sleep(BREATH)
        await self._receipts.delete(await self._years_over(now))
        await self._writer.write(self._all_seen)

    async def _years_over(self, now: datetime) -> list[str]:
        """The log's keys that are due."""
        keys = (await self._service.keys()).keys
        return [each.name for each in keys if kind(each.name) == "log" and each.ends and each.ends <= now]

    async def state(self) -> Purge:
        """How far it is, and when something is due next."""
        state = await purged.load(self._engine)
        ahead = await self._engine.scan(Table.CHECKPOINTS, first=sequence(state.purged.end + 1), limit=1)
        signed = [signed_at(value.decode()) for _, value in ahead]
        return Purge(
            purged=state.purged.end,
            held=sum(end - first for first, end in state.holds.spans()),
            looked=state.purged.looked,
            next=log_over(day_of(signed[0])) if signed else None,
        )

    async def _said(self, now: datetime) -> bool:
        """Write the entries about what is due; whether there is something to delete now."""
        state = await purged.load(self._engine)
        if state.pending:
            return True
        found = await self._due.find(state.purged.end, now)
        if found is None and not state.holds.at(Stage.OVER):
            return False

        async def work(draft: Draft) -> None:
            # Holds may have come and gone meanwhile; how far the log is purged changes here alone.
            seen = await purged.seen(draft)
            purged.put(draft, _announced(draft, seen, found), seen)

        await self._writer.write(work)
        return True

    async def _end_holds(self, draft: Draft, today: date) -> None:
        state = await purged.seen(draft)
        holds = state.holds
        for number, hold in state.holds.at(Stage.PLACED).items():
            if hold.until < today:
                holds = purged.end_hold(draft, state._replace(holds=holds), number)
                draft.log(Act(Action.LOG_HOLD_ENDED, "jukurad", counts={"hold": number}))
        purged.put(draft, state._replace(holds=holds), state)

    async def _all_seen(self, draft: Draft) -> None:
        state = await purged.seen(draft)
        looked = state._replace(purged=replace(state.purged, looked=day_of(draft.now)))
        purged.put(draft, looked, state)


def _announced(draft: Draft, state: State, found: Reach | None) -> State:
    """Let the log say what is deleted from here on."""
    over, holds = state.holds.at(Stage.OVER), state.holds
    for number, hold in over.items():
        holds = holds.with_(number, replace(hold, stage=Stage.LEAVING))
    for number, hold in over.items():
        free = without(hold.spans, holds.spans(keeping=True))
        counts = {"hold": number, "entries": sum(end - first for first, end in free)}
        seqs = [[first, end - 1] for first, end in free]
        draft.log(Act(Action.LOG_RELEASED, "jukurad", counts=counts, sealed={"entries": seqs}))
    if found is None:
        return state._replace(holds=holds)
    span = {
        "end": found.end,
        "root": b64encode(found.root).decode("ascii"),
        "first": found.first.decode(),
        "last": found.last.decode(),
        "checkpoint": found.note,
    }
    draft.log(
        Act(Action.LOG_PURGED, "jukurad", counts={"first": 0, "end": found.end}, sealed={"range": span})
    )
    return state._replace(purged=replace(state.purged, end=found.end), holds=holds)
