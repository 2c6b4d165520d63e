"""What a sealed credential of the service manager is sealed to, read from its header.

`systemd-creds encrypt` writes Base64; behind it stands a header whose first 16 bytes name the kind of key (systemd,
src/shared/creds-util.h). A credential that was opened for us looks the same whatever it was sealed to, or if it never
was: so the sealed file is handed in beside it, and this reads which key would open it. Nothing is opened here.
"""

import binascii
from enum import Enum
from uuid import UUID

MAX_BLOB = 256 * 1024  # bytes
_HEAD = 16  # bytes


class SealedTo(Enum):
    """Which key opens a sealed credential. Kinds that are not here count as none: they prove nothing."""

    HOST = UUID("5a1c6a86-df9d-4096-b1d5-a65e0862f19a")
    """A key in /var/lib/systemd: on the same disk."""
    TPM2 = UUID("0c7cc07b-1176-4591-9c4b-0bea08bc20fe")
    TPM2_PUBLIC_KEY = UUID("faf7eb93-41e3-412c-a1a4-36f95a29362f")
    HOST_TPM2 = UUID("93a89409-4874-4490-90ca-f2fc93cab553")
    HOST_TPM2_PUBLIC_KEY = UUID("af4950a8-4913-4eb1-a738-46304ff30c05")
    NOTHING = UUID("058469da-f6f5-4324-8005-49da0f8ea2fb")
    """A key of zeroes, which everyone has."""


TPM2 = frozenset({SealedTo.TPM2, SealedTo.TPM2_PUBLIC_KEY, SealedTo.HOST_TPM2, SealedTo.HOST_TPM2_PUBLIC_KEY})
"""The kinds that only this machine's TPM2 opens."""


def sealed_to(blob: bytes) -> SealedTo | None:
    """The kind of key that opens `blob`; None where it is no sealed credential, or of a kind unknown here."""
    try:
        head = binascii.a2b_base64(b"".join(blob.split()), strict_mode=True)[:_HEAD]
        return SealedTo(UUID(bytes=head))
    except ValueError:  # binascii.Error is one
        return None
