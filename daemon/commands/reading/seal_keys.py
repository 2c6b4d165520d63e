"""署名鍵: the public keys that sign or have signed the log, for whoever hands them to witnesses and auditors."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Right
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.note import origin_of, vkey
from daemon.contract.seal_keys import LOG_KEYS, SealKey, SealKeys
from daemon.crypto.classes import generation, kind
from daemon.errors import JukuraError
from daemon.register.rows import Register
from daemon.store.writer import Writer
from hsm.client import KeyService
from hsm.protocol import PairInfo


@dataclass(frozen=True)
class SealKeyList:
    """Those of one register's log in its present epoch."""

    register: Register
    epoch: int
    service: KeyService
    writer: Writer

    @property
    def handlers(self) -> Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]]:
        """The use case by endpoint."""
        return {LOG_KEYS: self.show}

    async def show(self, caller: Caller, _: Empty) -> SealKeys:
        """All of them. Not an entry, since anybody may have them; that somebody may not ask here is one."""
        try:
            caller.require(Right.LOG_KEYS)
        except JukuraError as error:
            await self.writer.log(
                Act(
                    Action.LOG_VIEW_REFUSED,
                    f"operator:{caller.operator}",
                    Outcome.REFUSED,
                    terminal=caller.terminal,
                    code=error.code,
                )
            )
            raise
        return SealKeys(origin=self.origin, keys=await self.all())

    @property
    def origin(self) -> str:
        """The identity of the log."""
        return origin_of(self.register, self.epoch)

    async def all(self) -> list[SealKey]:
        """The newest first; those of retired tokens, too."""
        pairs = [pair for pair in (await self.service.keys()).pairs if kind(pair.name) == "seal"]
        newest = sorted(pairs, key=lambda pair: (generation(pair.name), pair.made), reverse=True)
        return [self._key(pair) for pair in newest]

    def _key(self, pair: PairInfo) -> SealKey:
        return SealKey(
            name=pair.name,
            fingerprint=sha256(pair.public).hexdigest(),
            public=b64encode(pair.public).decode("ascii"),
            vkey=vkey(self.origin, pair.public),
            made=pair.made,
        )
