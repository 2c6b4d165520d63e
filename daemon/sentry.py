"""Keeps watch over what the register stands on: the room on its disk, that its file is still the one that was opened, and that the key
service goes on signing its log.

A full disk is a state, which passes by itself. A file that was deleted, exchanged, cut or written to by others is none: from then on
nothing is written, shown or sent. The process stays, with the file open: what was deleted can be had from it alone
(docs/OPERATIONS.md), and a start over whatever lies in its place would only hide what happened.
"""

import asyncio
import logging
from collections.abc import Callable

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import Clock
from daemon.contract.console import Reason
from daemon.contract.disk import Stage
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.lifecycle import Lifecycle
from daemon.open import Parts
from daemon.store.space import Space

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between looks
MIB = 1024 * 1024
SIGN = 1.0  # seconds between looks at the log's head
SOON = 0.25  # seconds between them while a signature waits
OTHER_LOG = {
    "log.cut": "log.cut",
    "hsm.checkpoint_inconsistent": "log.replaced",
    "hsm.epoch_unknown": "log.epoch_ahead",
}
"""Refusals of a signature after which nothing may go on, and why the register is sealed then."""


class Sentry:
    """Looks, and says so."""

    def __init__(self, life: Lifecycle, space: Space) -> None:
        self._life = life
        self._space = space
        self._logged = Stage.AMPLE
        """The stage that the log knows of."""

    async def disk(self) -> None:
        """Look at the disk until cancelled; also while the register is sealed, since a full disk may be why."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Once."""
        # Elsewhere, since a disk may be long in answering.
        await asyncio.to_thread(self._space.look)
        for reason, given in self._space.reasons().items():
            self._life.set(reason, given=given)

    async def stages(self, parts: Parts) -> None:
        """Write each new stage into the log, as soon as that can be written, until cancelled."""
        while True:
            disk = self._space.disk
            if disk is not None and disk.stage is not self._logged:
                counts = {disk.stage.value: 1, "free": disk.free // MIB}
                try:
                    await parts.writer.log(Act(Action.DISK_STAGE, "jukurad", counts=counts))
                    self._logged = disk.stage
                except JukuraError as error:
                    log.warning("stage not logged", extra={"code": error.code, "kind": disk.stage})
            await asyncio.sleep(LOOK)

    async def file(self, parts: Parts, distrust: Callable[[IntegrityError], None]) -> None:
        """Look at the file in use until it is not to be trusted; tell `distrust`, and end."""
        while True:
            try:
                await parts.engine.look()
                if parts.writer.barred is not None:
                    raise parts.writer.barred
            except IntegrityError as error:
                distrust(error)
                return
            except JukuraError as error:
                log.warning("file not looked at", extra={"code": error.code})
            await asyncio.sleep(LOOK)

    async def signatures(
        self, parts: Parts, clock: Clock, distrust: Callable[[IntegrityError], None]
    ) -> None:
        """Keep the log's head signed until it does not continue what was signed last; tell `distrust`, and end."""
        while True:
            began, pause = clock.monotonic(), SIGN
            try:
                await parts.signer.sign()
            except StateError as error:
                log.warning("signature waits", extra={"code": error.code})
                pause = min(SOON, SIGN)
            except JukuraError as error:
                if parts.writer.barred is not None:
                    return  # It was signed and could not be kept: the file is amiss, not the log.
                # The key service says that the log does not continue what it signed: for a person to look at.
                log.critical("signature refused", extra={"code": error.code})
                self._life.set(Reason.SIGNATURE_REFUSED, given=True)
                if error.code in OTHER_LOG:
                    distrust(IntegrityError(OTHER_LOG[error.code]))
                    return
            self._life.set(Reason.SIGNATURE_LATE, given=parts.signer.late)
            # An answer that was long in coming is of a head that was long ago: the next one does not wait for its turn.
            await asyncio.sleep(max(0.0, pause - (clock.monotonic() - began)))
