"""A working key service without token, disk or socket, for tests: the real handler over keys in memory.

Same policy, same codes, same bytes on the way in and out; it passes the contract suite of the real service.
"""

import hmac
import secrets

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.clock import Clock, SystemClock
from daemon.errors import StateError
from hsm import frames
from hsm.calls import Calls
from hsm.handler import Handler
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
    Open,
    Opened,
    Order,
    Public,
    Reply,
    Sign,
    Value,
)
from hsm.protocol import Answer, Request
from hsm.token import R
from hsm.vault import Vault

_REQUESTS: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class SoftToken:
    """A token in memory. `away` takes it away, as a cable that is pulled does."""

    def __init__(self, serial: str = "fake-1") -> None:
        self.away = False
        self.calls = 0
        self._token = Opened(serial=serial, model="fake")
        self._secrets: dict[str, bytes] = {}
        self._pairs: dict[str, ec.EllipticCurvePrivateKey] = {}

    async def opened(self) -> Opened:
        if self.away:
            raise StateError("hsm.token_away")
        return self._token

    async def call(self, order: Order, reply: type[R]) -> R:
        await self.opened()
        self.calls += not isinstance(order, Check)
        answer = self._execute(order)
        if not isinstance(answer, reply):
            raise StateError("hsm.token_away", field="reply")
        return answer

    async def close(self) -> None:
        """Nothing is held."""

    def _execute(self, order: Order) -> Reply:
        match order:
            case MakeSecret(label):
                self._secrets.setdefault(label, secrets.token_bytes(32))
            case MakePair(label):
                self._pairs.setdefault(label, ec.generate_private_key(ec.SECP256R1()))
            case Destroy(label):
                self._secrets.pop(label, None)
                self._pairs.pop(label, None)
            case Labels():
                return Names(sorted(self._secrets.keys() | self._pairs.keys()))
            case Check() | Open():
                pass
            case Derive(label) | Public(label) | Sign(label):
                return Value(self._use(order, label))
        return Done()

    def _use(self, order: Derive | Public | Sign, label: str) -> bytes:
        if label not in (self._secrets if isinstance(order, Derive) else self._pairs):
            raise StateError("hsm.key_not_in_token", field=label)
        match order:
            case Derive(_, data):
                return hmac.digest(self._secrets[label], data, "sha256")
            case Public():
                public = self._pairs[label].public_key()
                return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            case Sign(_, digest):
                return self._pairs[label].sign(digest, ec.ECDSA(Prehashed(SHA256())))


class FakeKeyService(Calls):
    """A `KeyService`. Set `token.away` for a token that is gone; `store` is the service's own."""

    def __init__(self, register: str = "honnin", *, clock: Clock | None = None) -> None:
        self.token = SoftToken()
        self.store = Keystore(None)
        vault = Vault(register, self.token, self.store, clock or SystemClock())
        self._handler = Handler(register, vault, lambda _: "unprotected")

    async def close(self) -> None:
        """Let go of the store; every key is gone."""
        await self._handler.close()

    async def _ask(self, request: Request) -> Answer:
        # Through the frames, so that what the wire cannot carry does not pass here either.
        sent = frames.unpack(msgspec.msgpack.encode(request), _REQUESTS)
        return frames.unpack(msgspec.msgpack.encode(await self._handler.answer(sent)), _ANSWERS)
