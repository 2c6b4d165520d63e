"""Signature pairs in the token: ECDSA P-256, or RSASSA-PSS under 3072 bits where it has no ECDSA."""

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

import pkcs11
from pkcs11 import MGF, Attribute, KeyType, Mechanism, MechanismFlag
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_ec_public_key, encode_ecdsa_signature, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from daemon.errors import StateError
from hsm.orders import HASH_SIZE
from hsm.pkcs.fault import edge
from hsm.pkcs.objects import KEPT_IN, PRIVATE, PUBLIC, Objects, typed
from hsm.protocol import SignatureKind

_RSA_BITS = 3072
_RSA_SIZE = _RSA_BITS // 8  # bytes of a signature
_CAPABILITIES = MechanismFlag.SIGN | MechanismFlag.VERIFY
_CURVE = encode_named_curve_parameters("secp256r1")
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")  # rsaEncryption, NULL (RFC 3279 §2.3.1)
_PSS = (Mechanism.SHA256, MGF.SHA256, HASH_SIZE)  # hash, mask, salt (RFC 8017 §9.1)

Pair = tuple[pkcs11.Object, pkcs11.Object]
"""Public and private."""


def _make_ecdsa(session: pkcs11.Session, options: Mapping[str, Any]) -> Pair:
    parameters = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: _CURVE}, local=True)
    public, private = parameters.generate_keypair(**options)
    return public, private


def _make_rsa(session: pkcs11.Session, options: Mapping[str, Any]) -> Pair:
    public, private = session.generate_keypair(KeyType.RSA, _RSA_BITS, **options)
    return public, private


def _sign_ecdsa(key: SignMixin, digest: bytes) -> bytes:
    """Ecdsa-Sig-Value in DER, as notes carry it.

    The token gives r‖s, each padded to the length of the curve's order (OASIS PKCS#11 Mechanisms v2.40 §2.3.1).
    """
    with edge():
        raw = key.sign(digest, mechanism=Mechanism.ECDSA)
    if len(raw) != 2 * HASH_SIZE:
        raise StateError("hsm.token_away", field="length")
    return encode_ecdsa_signature(raw)


def _sign_rsa(key: SignMixin, digest: bytes) -> bytes:
    with edge():
        raw = key.sign(digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=_PSS)
    if len(raw) != _RSA_SIZE:
        raise StateError("hsm.token_away", field="length")
    return bytes(raw)


def _rsa_info(key: pkcs11.PublicKey) -> bytes:
    """SubjectPublicKeyInfo around the RSAPublicKey (RFC 5280 §4.1.2.7)."""
    return _der(0x30, _RSA_ALGORITHM + _der(0x03, b"\0" + encode_rsa_public_key(key)))


@dataclass(frozen=True)
class _Way:
    """How one kind is made, used and shown."""

    key_type: KeyType
    make: Callable[[pkcs11.Session, Mapping[str, Any]], Pair]
    sign: Callable[[SignMixin, bytes], bytes]
    info: Callable[[pkcs11.PublicKey], bytes]


_WAYS: Mapping[SignatureKind, _Way] = {
    SignatureKind.ECDSA_P256: _Way(KeyType.EC, _make_ecdsa, _sign_ecdsa, encode_ec_public_key),
    SignatureKind.RSA_PSS_3072: _Way(KeyType.RSA, _make_rsa, _sign_rsa, _rsa_info),
}


def present(objects: Objects) -> tuple[SignatureKind, str] | None:
    """The kind and the label of a pair that the token holds, if it holds one of a kind that is ours."""
    kinds: dict[object, SignatureKind] = {way.key_type: kind for kind, way in _WAYS.items()}
    template = {Attribute.CLASS: PRIVATE, Attribute.TOKEN: True}
    with edge(), closing(cast("Generator[pkcs11.Object]", objects.session.get_objects(template))) as keys:
        for key in keys:
            shown = key.get_attributes([Attribute.KEY_TYPE, Attribute.LABEL])
            kind = kinds.get(shown.get(Attribute.KEY_TYPE))
            if kind is not None:
                return kind, str(shown.get(Attribute.LABEL, ""))
    return None


def generate(session: pkcs11.Session, kind: SignatureKind, label: str, *, store: bool) -> Pair:
    """A new pair; not in the token but in the session alone unless `store`."""
    options = {"label": label, "store": store, "capabilities": _CAPABILITIES, "private_template": KEPT_IN}
    with edge():
        return _WAYS[kind].make(session, options)


def make(objects: Objects, kind: SignatureKind, label: str) -> None:
    """A pair under `label`, unless one is there; half of one never was of use, and goes."""
    if objects.known(PRIVATE, label):
        return
    halves = objects.all(label)
    if {pkcs11.PrivateKey, pkcs11.PublicKey} <= {_half(each) for each in halves}:
        objects.meet(PRIVATE, label, [each for each in halves if isinstance(each, pkcs11.PrivateKey)])
        return
    if halves:
        objects.destroy(label)
    _, private = generate(objects.session, kind, label, store=True)
    objects.meet(PRIVATE, label, [private])


def public(objects: Objects, kind: SignatureKind, label: str) -> bytes:
    """The pair's SubjectPublicKeyInfo in DER."""
    return info(kind, objects.one(PUBLIC, label), label)


def info(kind: SignatureKind, key: pkcs11.Object, label: str) -> bytes:
    """A public key's SubjectPublicKeyInfo in DER."""
    if not isinstance(key, pkcs11.PublicKey):
        raise StateError("hsm.key_not_in_token", field=label)
    with edge():
        return _WAYS[kind].info(key)


def sign(objects: Objects, kind: SignatureKind, label: str, digest: bytes) -> bytes:
    """A signature over `digest` (SHA-256), in the form in which notes carry it."""
    return _WAYS[kind].sign(objects.signer(PRIVATE, label), digest)


def sign_with(kind: SignatureKind, key: pkcs11.Object, digest: bytes) -> bytes:
    """As `sign`, under a key of the session alone."""
    return _WAYS[kind].sign(typed(key, _WAYS[kind].key_type, "session"), digest)


def _half(key: pkcs11.Object) -> type[pkcs11.Object]:
    return next(
        (kind for kind in (pkcs11.PrivateKey, pkcs11.PublicKey) if isinstance(key, kind)), pkcs11.Object
    )


def _der(tag: int, content: bytes) -> bytes:
    """One DER element (X.690 §8.1)."""
    size = len(content)
    if size < 0x80:  # noqa: PLR2004 - the short form
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
