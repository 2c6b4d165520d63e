"""Token and store together: keys made, opened and used, the token's side first and the disk before the answer.

Decides nothing; `hsm.policy` does, and `hsm.handler` asks it. The store has a thread of its own.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import ParamSpec, TypeVar

from daemon.clock import Clock
from daemon.contract import note
from daemon.errors import IntegrityError, StateError
from hsm import wrap
from hsm.keystore import Keystore
from hsm.orders import (
    Check,
    Derive,
    Destroy,
    Done,
    Labels,
    MakePair,
    MakeSecret,
    Names,
    Opened,
    Public,
    Sign,
    Value,
)
from hsm.policy import is_pair
from hsm.token import KeyToken

P = ParamSpec("P")
T = TypeVar("T")


class Vault:
    """The keys of one register. `settle` pushes the token's own files to the disk, where it has any."""

    def __init__(
        self,
        register: str,
        token: KeyToken,
        store: Keystore,
        clock: Clock,
        *,
        entropy: Callable[[int], bytes] = os.urandom,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self._register = register
        self._token = token
        self._clock = clock
        self._entropy = entropy
        self._settle = settle
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keystore")
        self._meeting = asyncio.Lock()
        self._welcomed: Opened | None = None

    @property
    def token_calls(self) -> int:
        """Calls to the token so far."""
        return self._token.calls

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` on the store's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *args, **kwargs))

    async def check(self) -> None:
        """StateError unless the token answers now and is ours."""
        await self._serial()
        await self._token.call(Check(), Done)

    async def make(self, names: Sequence[str]) -> None:
        """New keys `names`: on the disk, all of them, when this returns; where the token fails midway, none."""
        serial = await self._serial()
        made = [(name, await self._pair(name) if is_pair(name) else await self._data(name)) for name in names]
        await self.run(self._settle)
        await self.run(self.store.add, serial, made, self._clock.now())

    async def _data(self, name: str) -> bytes:
        """A new data key, wrapped under the token's secret of the same name."""
        await self._token.call(MakeSecret(name), Done)
        return wrap.wrap(await self._wrapping(name), self._entropy(wrap.KEY_SIZE))

    async def _pair(self, name: str) -> bytes:
        """The public key of a new pair in the token."""
        await self._token.call(MakePair(name), Done)
        return (await self._token.call(Public(name), Value)).value

    async def unwrap(self, names: Sequence[str]) -> dict[str, bytes]:
        """The data keys `names`, each counted as used."""
        copies = await self.run(self.store.wrapped, await self._serial())
        if not copies.keys() >= set(names):
            raise StateError("hsm.token_foreign")
        keys = {name: wrap.unwrap(await self._wrapping(name), copies[name], name=name) for name in names}
        await self.run(self.store.used, names)
        return keys

    async def sign(self, key: str, checkpoint: note.Checkpoint) -> str:
        """The signed note, proven: a false signature of a failing token would be ours for ever."""
        public = await self.run(self.store.public, key, await self._serial())
        if public is None:
            raise StateError("hsm.token_foreign")
        text, name = checkpoint.text(), checkpoint.origin
        signature = await self._token.call(Sign(key, sha256(text).digest()), Value)
        signed = note.signed(text, note.signature_line(name, public, signature.value))
        try:
            note.verify(signed, name, public)
        except IntegrityError:
            raise IntegrityError("hsm.signature_false") from None
        return signed

    async def close(self) -> None:
        """Log the token out and let go of the store, after what still runs there."""
        await self._token.close()
        await self.run(self.store.close)
        self._thread.shutdown(wait=False)

    async def _wrapping(self, name: str) -> bytes:
        derived = await self._token.call(Derive(name, wrap.kdf_input(self._register, name)), Value)
        return derived.value

    async def _serial(self) -> str:
        """The serial of the token that is open now, met once per session."""
        token = await self._token.opened()
        async with self._meeting:
            if token is not self._welcomed:
                await self._welcome(token)
                self._welcomed = token
        return token.serial

    async def _welcome(self, token: Opened) -> None:
        """Enrol the first token; refuse any other; destroy again what came back with it."""
        enrolled = await self.run(self.store.tokens)
        if enrolled and token.serial not in enrolled:
            raise StateError("hsm.token_foreign")
        if not enrolled:
            await self.run(self.store.enrol, token.serial, token.model, self._clock.now())
        back = set((await self._token.call(Labels(), Names)).names) & await self.run(self.store.destroyed)
        for name in sorted(back):
            await self._token.call(Destroy(name), Done)
