"""HMAC-SHA256 in the token (CKM_SHA256_HMAC), under secrets that it made."""

from pkcs11 import KeyType, Mechanism, MechanismFlag

from daemon.errors import StateError
from hsm.orders import HASH_SIZE
from hsm.pkcs.fault import edge
from hsm.pkcs.objects import KEPT_IN, SECRET, Objects

SECRET_BITS = 256


def make(objects: Objects, label: str) -> None:
    """A secret under `label`; one that is there already is kept, since data may lie under it."""
    if objects.known(SECRET, label):
        return
    if there := objects.all(label, SECRET):
        objects.meet(SECRET, label, there)
        return
    with edge():
        key = objects.session.generate_key(
            KeyType.GENERIC_SECRET,
            SECRET_BITS,
            label=label,
            store=True,
            capabilities=MechanismFlag.SIGN,
            template=KEPT_IN,
        )
    objects.meet(SECRET, label, [key])


def derive(objects: Objects, label: str, data: bytes) -> bytes:
    """HMAC-SHA256 of `data`, 32 bytes."""
    key = objects.signer(SECRET, label)
    with edge():
        value = key.sign(data, mechanism=Mechanism.SHA256_HMAC)
    if len(value) != HASH_SIZE:
        raise StateError("hsm.token_away", field="length")
    return bytes(value)
