"""What each request does: policy first, then the vault, and only then the answer.

Every request ends within `deadline`, whatever the token does, so that the register hears from us before its own
patience ends. The fake of tests is this same handler over a token in memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from daemon.contract import note
from daemon.contract.merkle import EMPTY_ROOT
from daemon.errors import ConflictError, JukuraError, StateError
from hsm import policy
from hsm.protocol import (
    Answer,
    Keys,
    ListKeys,
    Made,
    Make,
    Ping,
    Pong,
    Refused,
    Request,
    SignCheckpoint,
    Signed,
    Unwrap,
    Unwrapped,
    Witness,
    Witnessed,
)
from hsm.vault import Vault

_LASTING = frozenset({"hsm.pin_wrong", "hsm.token_foreign"})
"""States that do not pass by waiting: someone has to act."""


class Handler:
    """The key service of one register, without its socket. `at_rest` judges by the model of the enrolled token."""

    def __init__(
        self,
        register: str,
        vault: Vault,
        at_rest: Callable[[str | None], str],
        *,
        deadline: float = 9.0,
    ) -> None:
        self._register = register
        self._vault = vault
        self._store = vault.store
        self._at_rest = at_rest
        self._deadline = deadline
        self._changing = asyncio.Lock()
        self._acts: Mapping[type[Request], Callable[[Any], Awaitable[Answer]]] = {
            Ping: self._ping,
            Make: self._make,
            Unwrap: self._unwrap,
            ListKeys: self._list,
            SignCheckpoint: self._sign,
            Witness: self._witness,
        }

    async def answer(self, request: Request) -> Answer:
        """The answer to `request`; an error of ours becomes Refused."""
        try:
            async with asyncio.timeout(self._deadline):
                return await self._acts[type(request)](request)
        except TimeoutError:
            return Refused(code="hsm.too_slow", away=True)
        except JukuraError as error:
            return refusal(error)

    async def close(self) -> None:
        """Let go of token and store."""
        await self._vault.close()

    async def _ping(self, _: Ping) -> Pong:
        try:
            await self._vault.check()
            answers = True
        except StateError:
            answers = False
        models = await self._vault.run(self._store.tokens)
        at_rest = self._at_rest(next(iter(models.values()), None))
        calls = self._vault.token_calls
        return Pong(register=self._register, token=answers, at_rest=at_rest, token_calls=calls)

    async def _list(self, _: ListKeys) -> Keys:
        serials = await self._vault.run(self._store.tokens)
        return Keys(await self._vault.run(self._store.keys, next(iter(serials), "")))

    async def _witness(self, _: Witness) -> Witnessed:
        last = await self._vault.run(self._store.last_signed)
        if last is None:
            return Witnessed(epoch=policy.FIRST_EPOCH, size=0, root=EMPTY_ROOT)
        return Witnessed(epoch=last.epoch, size=last.size, root=last.root)

    async def _make(self, request: Make) -> Made:
        names = await self._admit(request.names)
        async with self._changing:
            known = await self._vault.run(self._store.names)
            new = [name for name in names if name not in known]
            if new:  # what exists costs no call to the token
                await self._vault.make(new)
            return Made(new)

    async def _unwrap(self, request: Unwrap) -> Unwrapped:
        names = await self._admit(request.names)
        policy.may_unwrap(names)
        await self._existing(names)
        return Unwrapped(await self._vault.unwrap(names))

    async def _sign(self, request: SignCheckpoint) -> Signed:
        await self._existing(await self._admit([request.key]))
        async with self._changing:
            last = await self._vault.run(self._store.last_signed)
            checkpoint = policy.judge(self._register, request, last)
            if last is not None and last.key == request.key and note.split(last.note)[0] == checkpoint.text():
                return Signed(note=last.note)
            signed = await self._vault.sign(request.key, checkpoint)
            kept = policy.Last(request.epoch, request.size, request.root, request.key, signed)
            await self._vault.run(self._store.signed, kept)
            return Signed(note=signed)

    async def _admit(self, names: list[str]) -> list[str]:
        return policy.admit(names, await self._vault.run(self._store.destroyed))

    async def _existing(self, names: list[str]) -> None:
        known = await self._vault.run(self._store.names)
        for name in names:
            if name not in known:
                raise ConflictError("hsm.key_unknown", field=name)


def refusal(error: JukuraError) -> Refused:
    """`error` as an answer; away where waiting may help."""
    away = isinstance(error, StateError) and error.code not in _LASTING
    return Refused(code=error.code, field=error.field, away=away)
