"""Known answers before a token counts as open: what we compute ourselves, and what the token gave (`orders.Tested`).

Whatever does not come out right is `hsm.selftest_failed`, with what it was: a machine or a token that computes
wrongly must not touch a key.
"""

import hmac
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding, aes_key_wrap_with_padding

from daemon.errors import InputError, IntegrityError
from hsm import known, signatures, wrap
from hsm.orders import Tested

_KWP = (
    ("c37b7e6492584340bed12207808941155068f738", "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"),
    ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
)  # fmt: skip
_KWP_KEY = "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"
"""Keys, and what they are under this one (RFC 5649 §6)."""
_KDF = ("honnin", "live.1", "47e563efa5295c6d2fdce3f8babca21b77583627d6dc1babf1223755cf74ae38")
"""The wrapping key of this class if HMAC_KEY were its secret (SP 800-108r1 §4.1; by an independent implementation)."""
_GCM_KEY = "feffe9928665731c6d6a8f9467308308" * 2
_GCM_NONCE = "cafebabefacedbaddecaf888"
_GCM_BOUND = "feedfacedeadbeeffeedfacedeadbeefabaddad2"
_GCM_TEXT = (
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
_GCM_SEALED = (
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
)
"""Test case 16 of the specification that NIST SP 800-38D takes GCM from."""


def software() -> None:
    """Check what this process computes: HMAC-SHA256, the KDF's input, AES-KWP, AES-256-GCM."""
    for name, holds in {"hmac": _hmac, "kdf": _kdf, "kwp": _kwp, "gcm": _gcm}.items():
        if not holds():
            raise IntegrityError("hsm.selftest_failed", field=name)


def token(tested: Tested) -> None:
    """Check what a token computed."""
    if not (tested.known or tested.derived):
        raise IntegrityError("hsm.selftest_failed", field="token")
    if tested.known and tested.known != [value for _, value in known.HMAC]:
        raise IntegrityError("hsm.selftest_failed", field="token hmac")
    if tested.derived and not _alike(tested.derived):
        raise IntegrityError("hsm.selftest_failed", field="token hmac")
    if tested.public and not _signed(tested.public, tested.signature):
        raise IntegrityError("hsm.selftest_failed", field="token signature")


def _alike(derived: Sequence[bytes]) -> bool:
    """Whether equal texts gave equal values, and others others."""
    texts = known.TWICE_AND_OTHER
    values = set(zip(texts, derived, strict=False))
    distinct = len(set(texts))
    return len(derived) == len(texts) and len(values) == distinct == len(set(derived))


def _signed(public: bytes, signature: bytes) -> bool:
    try:
        return signatures.verifies(signatures.canonical(public), known.TEXT, signature)
    except InputError:
        return False


def _hmac() -> bool:
    return all(hmac.digest(known.HMAC_KEY, text, "sha256") == value for text, value in known.HMAC)


def _kdf() -> bool:
    register, name, expected = _KDF
    return hmac.digest(known.HMAC_KEY, wrap.kdf_input(register, name), "sha256").hex() == expected


def _kwp() -> bool:
    wrapping = bytes.fromhex(_KWP_KEY)
    for key, wrapped in _KWP:
        if aes_key_wrap_with_padding(wrapping, bytes.fromhex(key)).hex() != wrapped:
            return False
        if aes_key_unwrap_with_padding(wrapping, bytes.fromhex(wrapped)).hex() != key:
            return False
    return True


def _gcm() -> bool:
    aead, nonce, bound = AESGCM(bytes.fromhex(_GCM_KEY)), bytes.fromhex(_GCM_NONCE), bytes.fromhex(_GCM_BOUND)
    sealed = bytes.fromhex(_GCM_SEALED)
    if aead.encrypt(nonce, bytes.fromhex(_GCM_TEXT), bound) != sealed:
        return False
    try:
        aead.decrypt(nonce, sealed, bound[:-1])
    except InvalidTag:
        return aead.decrypt(nonce, sealed, bound).hex() == _GCM_TEXT
    return False
