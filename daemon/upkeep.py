"""What is done with signed checkpoints: thinned out, told to the journal, time-stamped. Each by itself; none stops the register."""

from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from daemon import service
from daemon.audit.checkpoints import Signed
from daemon.audit.hourly import Hourly
from daemon.audit.thinner import Thinner
from daemon.clock import Clock
from daemon.commands.stamping import Stamping
from daemon.config import Config
from daemon.peers.authority import stamping
from daemon.register.rows import Register
from daemon.store.rotating import Store

HOURLY_CHECKPOINT = UUID("aa4e0bf46c3641c589eca26cea2ea2bc")
"""MESSAGE_ID of a checkpoint in the journal (docs/OPERATIONS.md, systemd/catalog)."""


@dataclass(frozen=True)
class Upkeep:
    """The duties of one register."""

    thinner: Thinner
    hourly: Hourly
    stamping: Stamping | None

    @property
    def stamps_overdue(self) -> bool:
        """Whether an authority is configured and has been silent for too long."""
        return self.stamping is not None and self.stamping.overdue

    def background(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs while the register serves, by the names of the tasks."""
        stamped = {} if self.stamping is None else {"log.timestamps": self.stamping.run()}
        return {"log.thinning": self.thinner.run(), "log.hourly": self.hourly.run(), **stamped}


async def upkeep(config: Config, store: Store, clock: Clock) -> Upkeep:
    """Those of the store's register; nothing runs yet."""
    engine, writer = store.engine, store.writer
    return Upkeep(
        Thinner(engine, writer, clock),
        Hourly(engine, clock, partial(to_journal, config.register)),
        await stamping(config.timestamps, store, clock),
    )


def to_journal(register: Register, signed: Signed) -> bool:
    """Put one checkpoint into the machine's journal; whether there is one."""
    return service.record(HOURLY_CHECKPOINT, signed.note, JUKURA_REGISTER=register, JUKURA_SIZE=signed.size)
