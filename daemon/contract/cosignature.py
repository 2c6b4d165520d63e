"""Cosignatures of checkpoints by witnesses (C2SP tlog-cosignature), and the keys that make them (C2SP signed-note, vkey). Pure.

A cosignature says: at this time, of the log named in the first line, the largest tree that I have seen and found to
continue every earlier one has this root. Two kinds of key make one, and which one a key is stands in the first byte of its vkey:

- 0x04, Ed25519 (RFC 8032): over `cosignature/v1`, `time <seconds since the epoch>`, and the whole text of the checkpoint,
  each line with its newline;
- 0x06, ML-DSA-44 (FIPS 204, empty context): over a structure of the witness's name, time, origin, size and root.

In the signature line stand, behind the four bytes of key id, eight of time (big-endian) and the signature.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from hmac import compare_digest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from daemon.contract.note import KEY_ID_SIZE, Checkpoint, signed, split
from daemon.errors import InputError, IntegrityError

TIME_SIZE = 8  # bytes
MAX_TIME = 2**63 - 1  # seconds since the epoch
MAX_NAME = 255  # bytes, in a cosigned message
OURS = "jukura.jp/"
"""No witness's name begins so: logs, statements and proposals of registers are called so."""

_VKEY = re.compile(r"([^\s+\x00-\x1f]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class Kind(IntEnum):
    """How a witness signs: the signature type of signed-note."""

    ED25519 = 0x04
    ML_DSA_44 = 0x06


@dataclass(frozen=True)
class Cosigner:
    """A witness's key: its name, and the public key as its kind has it (32 or 1312 bytes)."""

    name: str
    kind: Kind
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> "Cosigner":
        """The key that `vkey` (name, key id in hex, base64 of kind and key) is; `witness.bad_key` where it is none."""
        found = _VKEY.fullmatch(vkey)
        if found is None:
            raise InputError("witness.bad_key")
        try:
            material = b64decode(found[3], validate=True)
            cosigner = cls(found[1], Kind(material[0]), material[1:])
            _CHECKERS[cosigner.kind](cosigner.public)
        except (ValueError, IndexError):
            raise InputError("witness.bad_key") from None
        named = len(cosigner.name.encode()) <= MAX_NAME and not cosigner.name.startswith(OURS)
        if not named or cosigner.vkey() != vkey:
            raise InputError("witness.bad_key")
        return cosigner

    def vkey(self) -> str:
        """The text that names this key (signed-note, Verifier keys)."""
        return f"{self.name}+{self.id().hex()}+{b64encode(self._material()).decode()}"

    def id(self) -> bytes:
        """The 4 bytes that name it beside its name."""
        return sha256(f"{self.name}\n".encode() + self._material()).digest()[:KEY_ID_SIZE]

    def line(self, at: int, signature: bytes) -> str:
        """The line, without its newline, that carries a `signature` made `at` (seconds since the epoch)."""
        blob = self.id() + at.to_bytes(TIME_SIZE, "big") + signature
        return f"— {self.name} {b64encode(blob).decode()}"

    def owns(self, name: str, ident: bytes) -> bool:
        """Whether a signature line of this name and key id is this key's."""
        return name == self.name and compare_digest(ident, self.id())

    def _material(self) -> bytes:
        return bytes((self.kind,)) + self.public


@dataclass(frozen=True)
class Cosignature:
    """One that holds: when it was made (seconds since the epoch), and the line that carries it."""

    at: int
    line: str


def message(cosigner: Cosigner, checkpoint: Checkpoint, at: int) -> bytes:
    """The bytes that `cosigner` signs for `checkpoint` at a time (seconds since the epoch)."""
    return _MESSAGES[cosigner.kind](cosigner.name, checkpoint, at)


def find(note: str, cosigner: Cosigner) -> Cosignature | None:
    """The newest cosignature of `cosigner` under `note`; None where there is none.

    Raises `log.bad_checkpoint` where the note has no form, `log.bad_signature` where any of its signatures is false.
    """
    text, signatures = split(note)
    checkpoint = Checkpoint.parse(text)
    mine = [blob for name, ident, blob in signatures if cosigner.owns(name, ident)]
    made = [_checked(cosigner, checkpoint, blob) for blob in mine]
    return max(made, key=lambda each: each.at, default=None)


def attached(note: str, cosigner: Cosigner, cosignature: Cosignature) -> str:
    """`note` with that one cosignature of `cosigner`, in the place of any earlier one."""
    text, signatures = split(note)
    others = [
        f"— {name} {b64encode(ident + blob).decode()}"
        for name, ident, blob in signatures
        if not cosigner.owns(name, ident)
    ]
    return signed(text, *others, cosignature.line)


def is_cosigned(note: str) -> bool:
    """Whether anyone signed it beside the log that it is of."""
    text, signatures = split(note)
    origin = Checkpoint.parse(text).origin
    return any(name != origin for name, _, _ in signatures)


def _checked(cosigner: Cosigner, checkpoint: Checkpoint, blob: bytes) -> Cosignature:
    at, signature = int.from_bytes(blob[:TIME_SIZE], "big"), blob[TIME_SIZE:]
    # A time of 0 says that nothing is stated of it (tlog-cosignature, ML-DSA-44 signed message).
    if not 0 < at <= MAX_TIME:
        raise IntegrityError("log.bad_signature")
    try:
        _CHECKERS[cosigner.kind](cosigner.public)(signature, message(cosigner, checkpoint, at))
    except InvalidSignature:
        raise IntegrityError("log.bad_signature") from None
    return Cosignature(at, cosigner.line(at, signature))


def _ed25519_message(_: str, checkpoint: Checkpoint, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n".encode() + checkpoint.text()


def _ml_dsa_message(name: str, checkpoint: Checkpoint, at: int) -> bytes:
    return b"".join((
        b"subtree/v1\n\x00",
        _counted(name),
        at.to_bytes(8, "big"),
        _counted(checkpoint.origin),
        (0).to_bytes(8, "big"),
        checkpoint.size.to_bytes(8, "big"),
        checkpoint.root,
    ))  # fmt: skip


def _counted(text: str) -> bytes:
    """`text` behind one byte with its length (RFC 8446 §3.4)."""
    value = text.encode()
    if not 0 < len(value) <= MAX_NAME:
        raise IntegrityError("log.bad_checkpoint", field="origin")
    return bytes((len(value),)) + value


_MESSAGES: dict[Kind, Callable[[str, Checkpoint, int], bytes]] = {
    Kind.ED25519: _ed25519_message,
    Kind.ML_DSA_44: _ml_dsa_message,
}
_CHECKERS: dict[Kind, Callable[[bytes], Callable[[bytes, bytes], None]]] = {
    Kind.ED25519: lambda public: Ed25519PublicKey.from_public_bytes(public).verify,
    Kind.ML_DSA_44: lambda public: MLDSA44PublicKey.from_public_bytes(public).verify,
}
"""By kind, of a public key: how to check (signature, message); ValueError where it is no key, InvalidSignature where it is false."""
