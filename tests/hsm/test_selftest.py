"""Known answers: a machine or a token that computes wrongly is seen."""

import hmac
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.errors import IntegrityError
from hsm import known, selftest, wrap
from hsm.orders import Tested

PAIR = ec.generate_private_key(ec.SECP256R1())
PUBLIC = PAIR.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
GOOD = Tested(
    known=[value for _, value in known.HMAC],
    derived=[hmac.digest(b"k" * 32, text, "sha256") for text in known.TWICE_AND_OTHER],
    public=PUBLIC,
    signature=PAIR.sign(known.TEXT, ec.ECDSA(SHA256())),
)


def failing(tested: Tested) -> str:
    with pytest.raises(IntegrityError) as caught:
        selftest.token(tested)
    assert caught.value.code == "hsm.selftest_failed"
    return caught.value.field


def but(**changes: Any) -> Tested:
    return msgspec.structs.replace(GOOD, **changes)


def test_this_machine_computes_rightly() -> None:
    selftest.software()


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("hmac", lambda patch: patch.setattr(known, "HMAC", [(b"Hi There", bytes(32))])),
        ("kdf", lambda patch: patch.setattr(wrap, "PURPOSE", b"warp")),
        ("kwp", lambda patch: patch.setattr(selftest, "aes_key_wrap_with_padding", lambda key, _: key)),
        ("kwp", lambda patch: patch.setattr(selftest, "aes_key_unwrap_with_padding", lambda key, _: key)),
        ("gcm", lambda patch: patch.setattr(selftest, "_GCM_SEALED", selftest._GCM_SEALED[:-2] + "00")),
    ],
)
def test_a_machine_that_computes_wrongly_is_seen(
    monkeypatch: pytest.MonkeyPatch, name: str, broken: Any
) -> None:
    broken(monkeypatch)
    with pytest.raises(IntegrityError) as caught:
        selftest.software()
    assert (caught.value.code, caught.value.field) == ("hsm.selftest_failed", name)


def test_a_token_that_computes_rightly_passes_with_either_hmac() -> None:
    selftest.token(GOOD)
    selftest.token(but(known=[]))
    selftest.token(but(derived=[], public=b"", signature=b""))


def test_a_token_that_computes_wrongly_is_seen() -> None:
    once, again, other = GOOD.derived
    assert failing(but(known=[], derived=[])) == "token"
    assert failing(but(known=[bytes(32), *GOOD.known[1:]])) == "token hmac"
    assert failing(but(known=GOOD.known[:1])) == "token hmac"
    assert failing(but(derived=[once, other, other])) == "token hmac"
    assert failing(but(derived=[once, once, once])) == "token hmac"
    assert failing(but(derived=[once, again])) == "token hmac"


@pytest.mark.parametrize(
    "signature",
    [b"", bytes(70), PAIR.sign(b"another text", ec.ECDSA(SHA256()))],
    ids=["nothing", "zeros", "another text"],
)
def test_a_signature_that_does_not_verify_is_seen(signature: bytes) -> None:
    assert failing(but(signature=signature)) == "token signature"


@pytest.mark.parametrize("public", [b"\x30\x00", PUBLIC[:-1], b"no key"], ids=["empty", "cut", "text"])
def test_a_public_key_that_is_none_is_seen(public: bytes) -> None:
    assert failing(but(public=public)) == "token signature"


def test_rsa_is_checked_with_pss_and_its_salt() -> None:
    pair = rsa.generate_private_key(65537, 3072)
    public = pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for salt in (32, 20):
        signature = pair.sign(known.TEXT, padding.PSS(padding.MGF1(SHA256()), salt), SHA256())
        tested = but(public=public, signature=signature)
        if salt == 32:
            selftest.token(tested)
        else:
            assert failing(tested) == "token signature"


def test_the_text_that_is_signed_is_no_note() -> None:
    assert sha256(known.TEXT).digest() == known.DIGEST
    assert known.TEXT.startswith(b"jukura.jp/self-test\n")
    assert known.TEXT.count(b"\n") == 1
