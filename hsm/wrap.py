"""Data keys at rest: wrapped by AES-KWP (RFC 5649) under a key that only the token can derive.

The wrapping key is one block of the KDF in counter mode of NIST SP 800-108r1 §4.1 with HMAC-SHA256 as its PRF,
computed in the token from the secret of the class; register, class and purpose are bound into its input, so that
a wrapped copy moved to another name or register does not open.
"""

from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from daemon.errors import IntegrityError

KEY_SIZE = 32  # bytes, of a data key and of a wrapping key
PURPOSE = b"wrap"


def kdf_input(register: str, name: str) -> bytes:
    """What the PRF is asked for: [1]₃₂ ‖ Label ‖ 0x00 ‖ Context ‖ [L]₃₂ (SP 800-108r1 §4.1, one block of 256 bits)."""
    context = b"".join(len(part).to_bytes(2, "big") + part for part in (register.encode(), name.encode()))
    return (1).to_bytes(4, "big") + PURPOSE + b"\x00" + context + (KEY_SIZE * 8).to_bytes(4, "big")


def wrap(wrapping: bytes, key: bytes) -> bytes:
    """`key` wrapped under `wrapping`, both 32 bytes; 40 bytes."""
    return aes_key_wrap_with_padding(wrapping, key)


def unwrap(wrapping: bytes, wrapped: bytes, *, name: str) -> bytes:
    """The data key in `wrapped`; `hsm.wrapped_damaged` where it was altered or belongs to something else."""
    try:
        key = aes_key_unwrap_with_padding(wrapping, wrapped)
    except InvalidUnwrap:
        raise IntegrityError("hsm.wrapped_damaged", field=name) from None
    if len(key) != KEY_SIZE:
        raise IntegrityError("hsm.wrapped_damaged", field=name)
    return key
