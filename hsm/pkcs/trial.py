"""What a token computes so that someone else can check it: HMAC-SHA256, and a signature under a pair of the session.

Nothing stays in the token. What it does not take, such as a key from outside, is left out; what it cannot do at all
was found out before (`hsm.mechanisms`).
"""

from collections.abc import Sequence
from contextlib import suppress

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag

from hsm import known
from hsm.ckr import Cure
from hsm.orders import Tested
from hsm.pkcs import signing
from hsm.pkcs.deriving import SECRET_BITS
from hsm.pkcs.fault import FaultError, edge
from hsm.pkcs.objects import SECRET, Objects, typed
from hsm.protocol import SignatureKind

_OUTSIDE = {
    Attribute.CLASS: SECRET,
    Attribute.KEY_TYPE: KeyType.GENERIC_SECRET,
    Attribute.TOKEN: False,
    Attribute.SIGN: True,
    Attribute.VALUE: known.HMAC_KEY,
}
_LABEL = "self-test"
_FAST = SignatureKind.ECDSA_P256


def run(objects: Objects, kind: SignatureKind, *, full: bool) -> Tested:
    """What the token takes part in: HMAC-SHA256 always, a signature if `full`."""
    answers = _known(objects.session)
    derived = [] if answers else _macs(_made(objects.session), known.TWICE_AND_OTHER)
    public, signature = _signed(objects, kind) if full else (b"", b"")
    return Tested(known=answers, derived=derived, public=public, signature=signature)


def _known(session: pkcs11.Session) -> list[bytes]:
    """Under the known key, as an object of this session alone; many tokens refuse one in clear, or of its size."""
    try:
        with edge():
            key = session.create_object(_OUTSIDE)
        return _macs(key, [text for text, _ in known.HMAC])
    except FaultError as fault:
        if fault.cure is Cure.FATAL:
            return []
        raise


def _made(session: pkcs11.Session) -> pkcs11.Object:
    with edge():
        return session.generate_key(
            KeyType.GENERIC_SECRET,
            SECRET_BITS,
            label=_LABEL,
            store=False,
            capabilities=MechanismFlag.SIGN,
        )


def _macs(key: pkcs11.Object, texts: Sequence[bytes]) -> list[bytes]:
    """HMAC-SHA256 of each text; the key, an object of the session, is gone afterwards."""
    try:
        signer = typed(key, KeyType.GENERIC_SECRET, _LABEL)
        with edge():
            return [bytes(signer.sign(text, mechanism=Mechanism.SHA256_HMAC)) for text in texts]
    finally:
        _drop(key)


def _signed(objects: Objects, kind: SignatureKind) -> tuple[bytes, bytes]:
    """Public key and signature: of a kind that is slow to make under a pair that is there, else of a new one."""
    there = signing.present(objects) if kind is not _FAST else None
    if there is not None:
        return signing.public(objects, kind, there[1]), signing.sign(objects, kind, there[1], known.DIGEST)
    public_key, private_key = signing.generate(objects.session, kind, _LABEL, store=False)
    try:
        signature = signing.sign_with(kind, private_key, known.DIGEST)
        return signing.info(kind, public_key, _LABEL), signature
    finally:
        _drop(private_key)
        _drop(public_key)


def _drop(key: pkcs11.Object) -> None:
    """It goes with the session at the latest."""
    with suppress(FaultError), edge():
        key.destroy()
