"""A refused act is an entry, too."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller
from daemon.errors import JukuraError, StateError
from daemon.store.writer import Writer


async def require(gate: Callable[[], None], writer: Writer, caller: Caller, action: Action) -> None:
    """What `gate` raises, put into the log: no room on the disk for what follows."""
    try:
        gate()
    except StateError as error:
        actor = f"operator:{caller.operator}"
        await writer.log(Act(action, actor, Outcome.REFUSED, terminal=caller.terminal, code=error.code))
        raise


@asynccontextmanager
async def refusals_logged(writer: Writer, caller: Caller, action: Action) -> AsyncIterator[None]:
    """Whatever forbids what is done within is put into the log, and raised."""
    try:
        yield
    except StateError:
        raise
    except JukuraError as error:
        actor = f"operator:{caller.operator}"
        await writer.log(Act(action, actor, Outcome.REFUSED, terminal=caller.terminal, code=error.code))
        raise
