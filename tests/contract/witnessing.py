"""Keys of witnesses, and what they sign."""

from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from daemon.contract.cosignature import Cosignature, Cosigner, Kind, attached, message
from daemon.contract.note import Checkpoint, split

NAME = "witness.example.com/w1"


@dataclass(frozen=True)
class Key:
    """A witness's, with its private half."""

    cosigner: Cosigner
    private: Ed25519PrivateKey | MLDSA44PrivateKey

    def line(self, checkpoint: Checkpoint, at: int) -> str:
        """The line that cosigns `checkpoint` at a time (seconds)."""
        return self.cosigner.line(at, self.private.sign(message(self.cosigner, checkpoint, at)))


@cache
def ed25519(name: str = NAME) -> Key:
    private = Ed25519PrivateKey.generate()
    return Key(Cosigner(name, Kind.ED25519, private.public_key().public_bytes_raw()), private)


@cache
def ml_dsa(name: str = NAME) -> Key:
    private = MLDSA44PrivateKey.generate()
    return Key(Cosigner(name, Kind.ML_DSA_44, private.public_key().public_bytes_raw()), private)


def cosigned(note: str, key: Key, at: int) -> str:
    """`note` with the cosignature of `key`."""
    line = key.line(Checkpoint.parse(split(note)[0]), at)
    return attached(note, key.cosigner, Cosignature(at, line))
