"""Cosignatures of witnesses on checkpoints (C2SP tlog-cosignature): Ed25519, and ML-DSA-44 where the library has it."""

from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .checkpoints import Checkpoint
from .faults import VerificationError

ED25519, ML_DSA_44 = 4, 6
"""Types of keys that cosign (signed-note, Signature types)."""
LONGEST_NAME = 255  # bytes
STAMP = 8  # bytes of a time before the signature, seconds since 1970

Check = Callable[[bytes, bytes], None]
"""Of signature and message; InvalidSignature where it is false."""


@dataclass(frozen=True)
class Witness:
    """Whose cosignatures are looked for."""

    name: str
    ident: bytes
    kind: int
    check: Check = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> "Witness":
        """Of a verifier key `name+hash+base64` (signed-note, Verifier keys); ValueError for another text."""
        name, ident, blob = text.split("+", 2)
        public = b64decode(blob, validate=True)
        named = sha256(name.encode() + b"\n" + public).digest()[:4].hex() == ident
        if not public or not named or len(name.encode()) > LONGEST_NAME:
            raise ValueError
        return cls(name, bytes.fromhex(ident), public[0], _checker(public))

    def signs(self, blob: bytes, claim: Checkpoint) -> bool:
        """Whether `blob`, a time and a signature, is this witness's for that checkpoint."""
        time, signature = blob[:STAMP], blob[STAMP:]
        message = _ed25519 if self.kind == ED25519 else _ml_dsa
        try:
            self.check(signature, message(self.name, claim, time))
        except InvalidSignature:
            return False
        return True


@dataclass
class Cosigned:
    """How many checkpoints each witness signed, and the last of them."""

    witnesses: tuple[Witness, ...]
    counts: Counter[str] = field(default_factory=Counter)
    last: dict[str, int] = field(default_factory=dict)

    def look(self, claim: Checkpoint) -> None:
        """Count the cosignatures of a checkpoint; a false one of a witness that is known is a fault."""
        for witness in self.witnesses:
            mine = (witness.name, witness.ident)
            made = [blob for name, ident, blob in claim.note.signatures if (name, ident) == mine]
            if not all(witness.signs(blob, claim) for blob in made):
                raise VerificationError("bad_cosignature", **claim.place, name=witness.name)
            if made:
                self.counts[witness.name] += 1
                self.last[witness.name] = claim.size


def _checker(public: bytes) -> Check:
    """Of a key behind its type; ValueError where it is none that can be checked here."""
    if public[:1] == bytes([ED25519]):
        return Ed25519PublicKey.from_public_bytes(public[1:]).verify
    if public[:1] == bytes([ML_DSA_44]):
        try:
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
        except ImportError:
            raise ValueError from None
        return MLDSA44PublicKey.from_public_bytes(public[1:]).verify
    raise ValueError


def _ed25519(_: str, claim: Checkpoint, time: bytes) -> bytes:
    return f"cosignature/v1\ntime {int.from_bytes(time, 'big')}\n".encode() + claim.note.signed


def _ml_dsa(name: str, claim: Checkpoint, time: bytes) -> bytes:
    size = claim.size.to_bytes(8, "big")
    return b"subtree/v1\n\0" + _counted(name) + time + _counted(claim.origin) + bytes(8) + size + claim.root


def _counted(text: str) -> bytes:
    return bytes([len(text.encode())]) + text.encode()
