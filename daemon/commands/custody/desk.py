"""Everything about keys in one place: the use cases by endpoint, and the duty that runs beside them.

The duty brings the log level with the key service's statements, and once a day asks for the end of lawful keys that
are due; of those under which something lies still once an hour, since the purge of the log may come to it in the same night.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any

from daemon.clock import Clock, day_of
from daemon.commands.caller import Caller
from daemon.commands.custody.keylog import KeyLog
from daemon.commands.custody.keys import KeyDesk
from daemon.commands.custody.lawful import LawfulEnds
from daemon.commands.custody.proposals import Proposals
from daemon.commands.custody.statements import StatementLog
from daemon.contract import keys as contract
from daemon.contract.endpoint import Endpoint
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring, load
from daemon.errors import JukuraError, StateError
from daemon.store.dependents import Dependents
from daemon.store.engine import Engine
from daemon.store.rotations import Rotations
from daemon.store.writer import Writer
from daemon.tasks import Tasks
from hsm.client import KeyService

log = logging.getLogger(__name__)

PAUSE = 5.0  # seconds between two looks for statements
AGAIN = (
    3600.0  # seconds until lawful keys are looked after again that could not be: each try reads every value
)
STOP = 5.0  # seconds for carrying out to stop between two steps


class Custody:
    """The keys of one register, as the console meets them."""

    def __init__(
        self,
        *,
        service: KeyService,
        engine: Engine,
        writer: Writer,
        keyring: Keyring,
        dependents: Dependents,
        rotations: Rotations,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._service = service
        self._keyring = keyring
        self._tasks = Tasks()
        self._looked: date | None = None
        """The day on which lawful keys were last looked after."""
        self._again = 0.0
        """Monotonic time before which they are not."""
        keylog = KeyLog(writer)
        self.statements = StatementLog(engine, writer, service, keyring, dependents)
        self.lawful = LawfulEnds(writer, service, dependents)
        desk = KeyDesk(service, keylog, dependents, rotations, self._load)
        proposals = Proposals(service, keylog, dependents, self.statements, self._tasks)
        self.handlers: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]] = {
            contract.LIST_KEYS: desk.listed,
            contract.MAKE_KEYS: desk.make,
            contract.ROTATE_KEY: desk.rotate,
            contract.TOKENS: desk.tokens,
            contract.STATEMENTS: proposals.statements,
            contract.PROPOSALS: proposals.listed,
            contract.PROPOSE: proposals.propose,
            contract.SIGN: proposals.sign,
            contract.CANCEL: proposals.cancel,
            contract.CARRY_OUT: proposals.carry_out,
        }

    async def run(self) -> None:
        """Do the duty until cancelled; what fails is tried again."""
        while True:
            try:
                await self.look()
            except StateError as error:
                log.info("keys wait", extra={"code": error.code})
            except JukuraError as error:
                log.critical("keys need a person", extra={"code": error.code})
            await asyncio.sleep(PAUSE)

    async def look(self) -> None:
        """One round of the duty."""
        await self.statements.level()
        today, now = day_of(self._clock.now()), self._clock.monotonic()
        if self._looked == today or now < self._again:
            return
        self._again = now + AGAIN  # for when it fails
        due = await self.lawful.destroy_due()
        if due.destroyed:
            await self.statements.level()
        if not due.in_use:
            self._looked, self._again = today, 0.0

    async def close(self) -> None:
        """Stop what is being carried out; it can be taken up again."""
        await self._tasks.stop(within=STOP)

    async def _load(self, names: Sequence[str] | None) -> list[str]:
        wanted = classes.wanted(day_of(self._clock.now())) if names is None else names
        return await load(self._keyring, self._service, wanted)
