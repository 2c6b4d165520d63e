"""Cosignatures of witnesses on checkpoints (C2SP tlog-cosignature, Ed25519)."""

from base64 import b64decode
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .checkpoints import Checkpoint
from .faults import VerificationError

ED25519 = b"\x04"
"""Type of a cosignature/v1 key (signed-note, Signature types)."""
STAMP = 8  # bytes of a time before the signature, seconds since 1970


@dataclass(frozen=True)
class Witness:
    """Whose cosignatures are looked for."""

    name: str
    ident: bytes
    key: Ed25519PublicKey = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> "Witness":
        """Of a verifier key `name+hash+base64` (signed-note, Verifier keys); ValueError for another text."""
        name, ident, blob = text.split("+", 2)
        public = b64decode(blob, validate=True)
        if public[:1] != ED25519 or sha256(name.encode() + b"\n" + public).digest()[:4].hex() != ident:
            raise ValueError
        return cls(name, bytes.fromhex(ident), Ed25519PublicKey.from_public_bytes(public[1:]))


@dataclass
class Cosigned:
    """How many checkpoints each witness signed, and the last of them."""

    witnesses: tuple[Witness, ...]
    counts: Counter[str] = field(default_factory=Counter)
    last: dict[str, int] = field(default_factory=dict)

    def look(self, claim: Checkpoint) -> None:
        """Count the cosignatures of a checkpoint; a false one of a witness that is known is a fault."""
        for witness in self.witnesses:
            made = [
                blob
                for name, ident, blob in claim.note.signatures
                if (name, ident) == (witness.name, witness.ident)
            ]
            if not all(_signs(witness, blob, claim.note.signed) for blob in made):
                raise VerificationError("bad_cosignature", **claim.place, name=witness.name)
            if made:
                self.counts[witness.name] += 1
                self.last[witness.name] = claim.size


def _signs(witness: Witness, blob: bytes, text: bytes) -> bool:
    time = int.from_bytes(blob[:STAMP], "big")
    try:
        witness.key.verify(blob[STAMP:], f"cosignature/v1\ntime {time}\n".encode() + text)
    except InvalidSignature:
        return False
    return True
