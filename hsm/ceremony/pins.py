"""The PINs of a token, made from the secret of its holders: HKDF-SHA256 (RFC 5869), written in base32 (RFC 4648 §6).

Letters and digits alone, so that every token takes them. The ceremony's id is the salt: the same secret would give other
PINs in another ceremony. Neither PIN is kept anywhere.
"""

from base64 import b32encode
from enum import Enum

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daemon.errors import ConflictError

LONGEST = 26  # characters: 130 bits, no less than the secret has
SHORTEST = 16  # characters: 80 bits


class Role(Enum):
    """Whose PIN; the value is the derivation's own input (RFC 5869 §3.2, info)."""

    USER = b"jukura ceremony user PIN"
    SO = b"jukura ceremony SO PIN"


def length(min_pin: int, max_pin: int, *, allow_short: bool = False) -> int:
    """How long the PINs are for a token that takes `min_pin` to `max_pin` characters."""
    if max_pin < SHORTEST and not allow_short:
        raise ConflictError("ceremony.pin_too_short")
    return max(min(LONGEST, max_pin), min_pin)


def derive(secret: bytes, ceremony: str, role: Role, size: int) -> bytes:
    """The PIN of `role`, `size` characters long."""
    bits = HKDF(SHA256(), size, salt=bytes.fromhex(ceremony), info=role.value).derive(secret)
    return b32encode(bits)[:size]
