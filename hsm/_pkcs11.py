"""The edge to PKCS#11: the only importer of `pkcs11`, run only inside the worker, on its one thread.

python-pkcs11 initialises a module without CKF_OS_LOCKING_OK, so two threads would crash it. Every exception of
the library leaves here as one of ours: `hsm.pin_wrong` where trying again could lock the token, `hsm.token_away`
with the name of the CKR for all others.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, TokenFlag
from pkcs11 import exceptions as ckr
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_ec_public_key, encode_ecdsa_signature, encode_named_curve_parameters

from daemon.errors import IntegrityError, StateError
from hsm import softhsm
from hsm.orders import HASH_SIZE
from hsm.uri import exactly_one, meets

if TYPE_CHECKING:
    from pkcs11._pkcs11 import lib

_PIN = (
    ckr.PinIncorrect, ckr.PinInvalid, ckr.PinLenRange, ckr.PinExpired, ckr.PinLocked, ckr.UserPinNotInitialized,
)  # fmt: skip
"""A second try with the same PIN cannot succeed, and may lock the token."""
_USABLE = TokenFlag.TOKEN_INITIALIZED | TokenFlag.USER_PIN_INITIALIZED
"""A token without these is not one yet: also what a first start that was interrupted leaves behind."""
_SECRET_BITS = 256
_ENCODED_CURVE = encode_named_curve_parameters("secp256r1")
_KEPT_IN: Mapping[Attribute, bool] = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
_PROOF: Mapping[Attribute, bool] = {**_KEPT_IN, Attribute.NEVER_EXTRACTABLE: True}
"""What a key must show before its first use: it never was, and is not, outside of the token."""


@contextmanager
def _edge() -> Iterator[None]:
    try:
        yield
    except _PIN as error:
        raise StateError("hsm.pin_wrong", field=type(error).__name__) from None
    except ckr.PKCS11Error as error:
        raise StateError("hsm.token_away", field=type(error).__name__) from None


def create(module: str, label: str, pin: str) -> None:
    """Make the SoftHSM token `label` with this user PIN, unless one is there.

    The SO PIN is random and kept nowhere: nobody can ever reset the user PIN of this token.
    """
    if not label:
        raise StateError("hsm.token_not_made", field="token")
    with _edge():
        library = pkcs11.lib(module)
        if any(token.label == label for token, _ in _tokens(library)):
            return
        # One of that name without a PIN is what an interrupted first start left: nobody knows its SO PIN.
        before = {token.serial for token in _named(library, label)}
        library.finalize()
        so_pin = secrets.token_hex(16)
        softhsm.init_token(module, label, so_pin.encode())
        library.initialize()
        made = exactly_one([token for token in _named(library, label) if token.serial not in before])
        with made.open(rw=True, so_pin=so_pin) as session:
            session.init_pin(pin)


def _named(library: "lib", label: str) -> list[pkcs11.Token]:
    tokens = [slot.get_token() for slot in library.get_slots(token_present=True)]
    return [token for token in tokens if token.label == label]


class Device:
    """One token, logged in, until `close`. Not for two threads."""

    def __init__(self, module: str, criteria: Mapping[str, str], pin: str) -> None:
        with _edge():
            self._library = pkcs11.lib(module)
            tokens = _tokens(self._library)
            token = exactly_one([token for token, facts in tokens if meets(facts, criteria)])
            self._slot = token.slot
            self._session = token.open(rw=True, user_pin=pin)
            self.serial = token.serial.decode("ascii", "replace").strip()
            self.model = token.model
        self._signers: dict[tuple[ObjectClass, str], SignMixin] = {}

    def check(self) -> None:
        """Raise unless the token still answers, and is the same."""
        with _edge():
            if self._slot.get_token().serial.decode("ascii", "replace").strip() != self.serial:
                raise StateError("hsm.token_foreign")

    def make_secret(self, label: str) -> None:
        """A secret under `label`; one that is there already is kept, since data may lie under it."""
        with _edge():
            if not self._all(ObjectClass.SECRET_KEY, label):
                self._session.generate_key(
                    KeyType.GENERIC_SECRET,
                    _SECRET_BITS,
                    label=label,
                    store=True,
                    capabilities=MechanismFlag.SIGN,
                    template={**_KEPT_IN, Attribute.PRIVATE: True},
                )
            self._signer(ObjectClass.SECRET_KEY, label)

    def derive(self, label: str, data: bytes) -> bytes:
        """HMAC-SHA256 (CKM_SHA256_HMAC) of `data`, 32 bytes."""
        with _edge():
            value = self._signer(ObjectClass.SECRET_KEY, label).sign(data, mechanism=Mechanism.SHA256_HMAC)
        if len(value) != HASH_SIZE:
            raise StateError("hsm.token_away", field="length")
        return value

    def make_pair(self, label: str) -> None:
        """A P-256 pair under `label`, unless one is there."""
        with _edge():
            if not self._all(ObjectClass.PRIVATE_KEY, label):
                parameters = self._session.create_domain_parameters(
                    KeyType.EC, {Attribute.EC_PARAMS: _ENCODED_CURVE}, local=True
                )
                parameters.generate_keypair(
                    label=label,
                    store=True,
                    capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
                    private_template={**_KEPT_IN, Attribute.PRIVATE: True},
                )
            self._signer(ObjectClass.PRIVATE_KEY, label)

    def public(self, label: str) -> bytes:
        """The pair's SubjectPublicKeyInfo in DER."""
        with _edge():
            key = self._one(ObjectClass.PUBLIC_KEY, label)
            if not isinstance(key, pkcs11.PublicKey):
                raise StateError("hsm.key_not_in_token", field=label)
            return encode_ec_public_key(key)

    def sign(self, label: str, digest: bytes) -> bytes:
        """ECDSA over `digest`, as DER.

        The token gives r‖s, each padded to the length of the curve's order (OASIS PKCS#11 Mechanisms v2.40 §2.3.1,
        https://docs.oasis-open.org/pkcs11/pkcs11-curr/v2.40/pkcs11-curr-v2.40.html); notes carry DER.
        """
        with _edge():
            raw = self._signer(ObjectClass.PRIVATE_KEY, label).sign(digest, mechanism=Mechanism.ECDSA)
        if len(raw) != 2 * HASH_SIZE:
            raise StateError("hsm.token_away", field="length")
        return encode_ecdsa_signature(raw)

    def destroy(self, label: str) -> None:
        """Destroy every object under `label`."""
        with _edge():
            for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.SECRET_KEY, ObjectClass.PUBLIC_KEY):
                self._signers.pop((kind, label), None)
                for key in self._all(kind, label):
                    key.destroy()

    def labels(self) -> list[str]:
        """The labels of all secrets and private keys, sorted, each once."""
        with _edge():
            kinds = (ObjectClass.PRIVATE_KEY, ObjectClass.SECRET_KEY)
            found = [key for kind in kinds for key in self._session.get_objects({Attribute.CLASS: kind})]
            return sorted({str(key[Attribute.LABEL]) for key in found})

    def close(self) -> None:
        """Log out and let go of the module."""
        with _edge():
            self._session.close()
            self._library.finalize()

    def _all(self, kind: ObjectClass, label: str) -> list[pkcs11.Object]:
        return list(self._session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label}))

    def _one(self, kind: ObjectClass, label: str) -> pkcs11.Object:
        keys = self._all(kind, label)
        if len(keys) != 1:
            raise StateError("hsm.key_not_in_token", field=label)
        return keys[0]

    def _signer(self, kind: ObjectClass, label: str) -> SignMixin:
        """The one secret or private key under `label`, proven unextractable when it is first met."""
        if (kind, label) not in self._signers:
            key = self._one(kind, label)
            if any(bool(key[attribute]) is not value for attribute, value in _PROOF.items()):
                raise IntegrityError("hsm.key_extractable", field=label)
            if not isinstance(key, SignMixin):
                raise StateError("hsm.key_not_in_token", field=label)
            self._signers[kind, label] = key
        return self._signers[kind, label]


def _tokens(library: "lib") -> list[tuple[pkcs11.Token, Mapping[str, str]]]:
    """Every token in use, with its facts. One reader with a blank or foreign card does not hide the others."""
    found = []
    for slot in library.get_slots(token_present=True):
        try:
            token = slot.get_token()
        except (ckr.TokenNotPresent, ckr.TokenNotRecognised):
            continue
        if token.flags & _USABLE == _USABLE:
            found.append((token, _facts(library, slot, token)))
    return found


def _facts(library: "lib", slot: pkcs11.Slot, token: pkcs11.Token) -> Mapping[str, str]:
    """The attributes of RFC 7512 §2.3, as `hsm.uri.CRITERIA` names them."""
    return {
        "token": token.label,
        "manufacturer": token.manufacturer_id,
        "serial": token.serial.decode("ascii", "replace").strip(),
        "model": token.model,
        "slot-id": str(slot.slot_id),
        "slot-description": slot.slot_description,
        "slot-manufacturer": slot.manufacturer_id,
        "library-manufacturer": library.manufacturer_id,
        "library-description": library.library_description,
        "library-version": ".".join(str(part) for part in library.library_version),
    }
