"""The keys of the register: what there is and what depends on it, made ahead of their day, rotated."""

from collections.abc import Awaitable, Callable, Sequence

from daemon.audit.action import Action
from daemon.commands.caller import Caller, Right
from daemon.commands.custody.keylog import KeyLog, Request
from daemon.contract.endpoint import Empty
from daemon.contract.keys import (
    DestroyedKey,
    Key,
    KeyList,
    MadeKeys,
    MakeKeys,
    Rotated,
    RotateKey,
    TokenList,
)
from daemon.crypto.classes import kind
from daemon.errors import InputError
from daemon.store.dependents import Dependents
from daemon.store.rotations import Rotations
from hsm.client import KeyService
from hsm.protocol import DestroyedInfo, KeyInfo

DATED = frozenset({"expire", "log", "case", "work", "transit"})
"""Kinds that are made ahead of their day. The next generation of any other comes by rotation alone."""


class KeyDesk:
    """The use cases about keys and tokens. `load` makes the keys that do not exist and brings them into memory."""

    def __init__(
        self,
        service: KeyService,
        log: KeyLog,
        dependents: Dependents,
        rotations: Rotations,
        load: Callable[[Sequence[str] | None], Awaitable[list[str]]],
    ) -> None:
        self._service = service
        self._log = log
        self._dependents = dependents
        self._rotations = rotations
        self._load = load

    async def listed(self, caller: Caller, _: Empty) -> KeyList:
        """Every key with what depends on it, those destroyed, and rotations under way."""

        async def work() -> KeyList:
            there = await self._service.keys()
            return KeyList(
                keys=[self._key(info) for info in there.keys],
                destroyed=[_destroyed(info) for info in there.destroyed],
                rotations=self._rotations.progress(),
            )

        return await self._log.seeing(caller, work)

    async def tokens(self, caller: Caller, _: Empty) -> TokenList:
        """The enrolled tokens and what stands wrong with them."""

        async def work() -> TokenList:
            pong = await self._service.ping()
            return TokenList(
                tokens=pong.tokens, alarms=list(pong.alarms), clock=pong.clock, at_rest=pong.at_rest
            )

        return await self._log.seeing(caller, work)

    async def make(self, caller: Caller, asked: MakeKeys) -> MadeKeys:
        """Make dated keys ahead; without names, those that the next 60 days need."""

        async def work() -> MadeKeys:
            if any(kind(name) not in DATED for name in asked.names):
                raise InputError("key.not_dated", field="names")
            return MadeKeys(await self._load(asked.names or None))

        request = Request(Right.KEYS_DECIDE, Action.KEY_MADE, sealed={"names": asked.names})
        return await self._log.asking(caller, request, work, lambda made: {"keys": len(made.names)})

    async def rotate(self, caller: Caller, asked: RotateKey) -> Rotated:
        """Begin a rotation; it goes on by itself."""

        async def work() -> Rotated:
            return Rotated(await self._rotations.start(asked.kind))

        request = Request(Right.KEYS_DECIDE, Action.KEY_ROTATION_ASKED, {asked.kind: 1})
        return await self._log.asking(caller, request, work)

    def _key(self, info: KeyInfo) -> Key:
        return Key(
            name=info.name,
            lawful=info.lawful,
            made=info.made,
            ends=info.ends,
            uses=sum(info.uses.values()),
            used_by=info.uses,
            dependents=self._dependents.dependents(info.name),
            tokens=info.tokens,
        )


def _destroyed(info: DestroyedInfo) -> DestroyedKey:
    return DestroyedKey(name=info.name, at=info.at, complete=not info.missing, missing=info.missing)
