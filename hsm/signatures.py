"""Signatures as the key service checks them, its tokens' and its custodians': ECDSA P-256 or RSA-PSS, over SHA-256."""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from daemon.errors import InputError

SALT = 32  # bytes (RFC 8017 §9.1, as long as the hash)
_MIN_RSA = 2048  # bits
_MAX_RSA = 8192  # bits; what is longer only costs time

PublicKey = EllipticCurvePublicKey | RSAPublicKey


def public_key(der: bytes) -> PublicKey:
    """The key in a SubjectPublicKeyInfo (DER), if it is one that we take and written in the one way; InputError."""
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("hsm.public_malformed") from None
    match key:
        case EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            found: PublicKey = key
        case RSAPublicKey() if _MIN_RSA <= key.key_size <= _MAX_RSA:
            found = key
        case _:
            raise InputError("hsm.public_malformed", field="kind")
    if found.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise InputError("hsm.public_malformed", field="encoding")
    return found


def verifies(der: bytes, text: bytes, signature: bytes) -> bool:
    """Whether the key `der` signed `text`: ECDSA in DER, or RSASSA-PSS with MGF1-SHA-256 and a salt of SALT bytes."""
    key = public_key(der)
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, text, PSS(MGF1(SHA256()), SALT), SHA256())
        else:
            key.verify(signature, text, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def canonical(der: bytes) -> bytes:
    """The one way to write the key that a token gave as `der`; InputError where it is none that we take."""
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("hsm.public_malformed") from None
    written = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public_key(written)
    return written
