"""Lawful keys end on their date: once it has passed and nothing lies under one, the key service is asked to destroy it."""

from typing import NamedTuple

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.errors import JukuraError, StateError
from daemon.store.dependents import Dependents
from daemon.store.writer import Writer
from hsm.client import KeyService


class Due(NamedTuple):
    """Keys whose date has passed, by name."""

    destroyed: list[str]
    in_use: list[str]
    """Something lies under them still: entries of the log, until the purge of the night has come to them."""


class LawfulEnds:
    """Looks for keys that are due."""

    def __init__(self, writer: Writer, service: KeyService, dependents: Dependents) -> None:
        self._writer = writer
        self._service = service
        self._dependents = dependents

    async def destroy_due(self) -> Due:
        """Have every key destroyed that is due and unused. The time is the key service's own record."""
        pong = await self._service.ping()
        keys = (await self._service.keys()).keys
        due = [key.name for key in keys if key.lawful and key.ends is not None and key.ends <= pong.clock]
        if due and not pong.token:
            raise StateError("hsm.token_away")
        unused = [name for name in due if await self._unused(name)]
        if unused:
            await self._log(unused, "")
            try:
                await self._service.destroy_lawful(unused)
            except JukuraError as error:
                await self._log(unused, error.code)
                raise
        return Due(unused, [name for name in due if name not in unused])

    async def _unused(self, name: str) -> bool:
        return not self._dependents.dependents(name) and not await self._dependents.confirm(name)

    async def _log(self, names: list[str], code: str) -> None:
        act = Act(
            Action.KEY_ENDED,
            "jukurad",
            Outcome.REFUSED if code else Outcome.OK,
            code=code,
            counts={"keys": len(names)},
            sealed={"names": names},
        )
        await self._writer.log(act)
