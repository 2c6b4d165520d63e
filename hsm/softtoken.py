"""A token in memory, for tests: it makes, derives and signs as a real one does, and can be taken away."""

import hmac
import secrets

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.clock import Clock
from daemon.errors import StateError
from hsm.member import row_of
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
    Order,
    Public,
    Reply,
    Sign,
    Value,
)
from hsm.process import R
from hsm.protocol import SignatureKind
from hsm.signatures import SALT
from hsm.tables.tokens import TokenRow, TokenState

_RSA_BITS = 3072
_PINS = (4, 64)  # letters

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class SoftToken:
    """A token in memory. `away` takes it away, as a cable that is pulled does."""

    def __init__(self, serial: str = "fake-1", kind: SignatureKind = SignatureKind.ECDSA_P256) -> None:
        self.calls = 0
        self.label = serial
        self.uri = f"pkcs11:token={serial}?module-path=/fake.so"
        self.kind = kind
        self._serial = serial
        self._secrets: dict[str, bytes] = {}
        self._pairs: dict[str, PrivateKey] = {}
        self._away = False
        self._session = self._opening()

    @property
    def away(self) -> bool:
        """Whether it does not answer; back again, it is a new session."""
        return self._away

    @away.setter
    def away(self, away: bool) -> None:
        self._away = away
        self._session = self._opening()

    async def opened(self) -> Opened:
        if self._away:
            raise StateError("hsm.token_away")
        return self._session

    async def call(self, order: Order, reply: type[R]) -> R:
        await self.opened()
        self.calls += not isinstance(order, Check)
        answer = self._execute(order)
        if not isinstance(answer, reply):
            raise StateError("hsm.token_away", field="reply")
        return answer

    async def close(self) -> None:
        """Nothing is held."""

    def row(self, clock: Clock) -> TokenRow:
        """Itself, enrolled."""
        return row_of(self._session, self.uri, TokenState.ENROLLED, clock.now())

    def _opening(self) -> Opened:
        least, most = _PINS
        return Opened(
            serial=self._serial,
            label=self.label,
            model="fake",
            signature=self.kind,
            min_pin=least,
            max_pin=most,
        )

    def _execute(self, order: Order) -> Reply:
        match order:
            case MakeSecret(label):
                self._secrets.setdefault(label, secrets.token_bytes(32))
            case MakePair(label):
                if label not in self._pairs:
                    self._pairs[label] = _pair(self.kind)
            case Destroy(label):
                self._secrets.pop(label, None)
                self._pairs.pop(label, None)
            case Labels():
                return Names(sorted(self._secrets.keys() | self._pairs.keys()))
            case Derive(label) | Public(label) | Sign(label):
                return Value(self._use(order, label))
            case _:
                pass
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
                return _signature(self._pairs[label], digest)


def _pair(kind: SignatureKind) -> PrivateKey:
    if kind is SignatureKind.RSA_PSS_3072:
        return rsa.generate_private_key(65537, _RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def _signature(key: PrivateKey, digest: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest, padding.PSS(padding.MGF1(SHA256()), SALT), Prehashed(SHA256()))
    return key.sign(digest, ec.ECDSA(Prehashed(SHA256())))
