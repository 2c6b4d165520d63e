"""A working key service without token, disk or socket, for tests: the real handler over keys in memory.

Same policy, same codes, same bytes on the way in and out; it passes the contract suite of the real service. What
the real one does behind the requests is done here before each of them.
"""

import os
from collections.abc import Sequence

import msgspec

from daemon.clock import Clock, SystemClock
from hsm import frames
from hsm.calls import Calls
from hsm.files import Files
from hsm.handler import Handler
from hsm.keystore import Keystore
from hsm.protocol import Answer, Custodian, Request
from hsm.rack import Rack
from hsm.softtoken import SoftToken
from hsm.timekeeper import Timekeeper
from hsm.token import KeyToken
from hsm.vault import Vault

_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class FakeKeyService(Calls):
    """A `KeyService` with `tokens` tokens enrolled. `store` is the service's own.

    Set `tokens[i].away` for a token that is gone; `token` is the first. `plug_in` gives one more, not enrolled.
    """

    def __init__(
        self,
        register: str = "honnin",
        *,
        clock: Clock | None = None,
        tokens: int = 1,
        custodians: Sequence[Custodian] = (),
    ) -> None:
        self.tokens = [SoftToken(f"fake-{number}") for number in range(1, tokens + 1)]
        self.token = self.tokens[0]
        self.store = Keystore(None)
        self.cleared: list[str] = []
        """Labels of the tokens whose PIN was cleared."""
        self._plugged = {token.uri: token for token in self.tokens}
        self._register = register
        self._clock = clock or SystemClock()
        self._files = Files(self.store)
        self.store.custodians.replace(custodians)
        if tokens > 1:
            for token in self.tokens:
                self.store.tokens.add(token.row(self._clock))
        self._handler = self._started()

    def plug_in(self, token: SoftToken | None = None) -> SoftToken:
        """One more token in the machine; it is ours only when custodians enrol it."""
        token = token or SoftToken(f"fake-{len(self._plugged) + 1}")
        self._plugged[token.uri] = token
        self.tokens.append(token)
        return token

    def restart(self) -> None:
        """What a kill and a new start leave: what was on the disk, and what lies in the tokens."""
        self._handler = self._started()

    async def close(self) -> None:
        """Let go of the store; every key is gone."""
        await self._handler.close()

    def _started(self) -> Handler:
        keeper = Timekeeper(self._clock, self.store.clock.get())
        rack = Rack(self._files, self._open, self.token.uri, keeper.now)
        vault = Vault(self._register, self._files, rack, keeper)
        return Handler(self._register, vault, lambda _: "unprotected", clear_pin=self.cleared.append)

    def _open(self, uri: str) -> KeyToken:
        token = self._plugged.get(uri)
        if token is None:
            token = SoftToken("none")
            token.away = True
        return token

    async def _ask(self, request: Request) -> Answer:
        while await self._handler.upkeep.guarded():
            pass
        # Through the frames, so that what the wire cannot carry does not pass here either.
        sent = frames.unpack(frames.pack(request)[4:], self._handler.requests)
        answer = await self._handler.answer(sent, os.getuid())
        return frames.unpack(frames.pack(answer)[4:], _ANSWERS)
