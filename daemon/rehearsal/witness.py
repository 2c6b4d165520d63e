"""A municipality that witnesses the logs of the registers (C2SP tlog-witness): it keeps what it cosigned last, and signs what continues it.

It believes nothing that it is told: the checkpoint must be signed by a key that the prefecture named on another way, and the proof
must lead from the root that it kept itself. What it signs is kept before anybody gets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from daemon.contract.cosignature import Cosignature, Cosigner, Kind, attached, message
from daemon.contract.epochs import FIRST_EPOCH
from daemon.contract.merkle import EMPTY_ROOT, verify_consistency
from daemon.contract.note import Checkpoint, key_id, split, verify
from daemon.contract.witnessing import Offer
from daemon.errors import ConflictError, IntegrityError
from daemon.rehearsal.certificates import write


class Seen(msgspec.Struct, frozen=True):
    """The checkpoint of one log that was cosigned last."""

    size: int
    root: bytes


@dataclass(frozen=True)
class Log:
    """What a witness is told of a log by the prefecture, not by the log."""

    origin: str
    keys: Sequence[bytes]
    """Those that may sign it (SubjectPublicKeyInfo)."""


class Witness:
    """One municipality's, with a key of its own; it lives in two files."""

    def __init__(self, folder: Path, code: str) -> None:
        """Made in `folder` if it is not there."""
        key_file, self._file = folder / f"{code}.key", folder / f"{code}.json"
        if not key_file.exists():
            write(key_file, Ed25519PrivateKey.generate().private_bytes_raw(), mode=0o600)
        self._key = Ed25519PrivateKey.from_private_bytes(key_file.read_bytes())
        public = self._key.public_key().public_bytes_raw()
        self.cosigner = Cosigner(f"{code}.witness.jukura.test", Kind.ED25519, public)
        self.code = code
        held = self._file.read_bytes() if self._file.exists() else b"{}"
        self._seen = msgspec.json.decode(held, type=dict[str, Seen])

    def last(self, origin: str) -> int:
        """The size that it cosigned last of the log called `origin`; 0 where it never did."""
        return self._seen[origin].size if origin in self._seen else 0

    def epoch(self, register: str) -> int:
        """The newest epoch of a register's log of which it cosigned something; the first where it never did."""
        epochs = (
            int(origin.rpartition("/")[2])
            for origin in self._seen
            if origin.startswith(f"jukura.jp/{register}/")
        )
        return max(epochs, default=FIRST_EPOCH)

    def cosign(self, offer: Offer, log: Log, now: datetime) -> str:
        """The checkpoint of `offer` with its own cosignature, made `now`.

        Raises `log.bad_signature`, `log.inconsistent` or `witness.contradicts` where it must not be signed.
        """
        checkpoint = _signed_by(offer.note, log)
        last = self._seen.get(log.origin, Seen(0, EMPTY_ROOT))
        if offer.old != last.size:
            raise ConflictError("witness.contradicts")
        _require_continues(checkpoint, last, offer.proof)
        self._keep(log.origin, Seen(checkpoint.size, checkpoint.root))
        at = int(now.timestamp())
        signature = self._key.sign(message(self.cosigner, checkpoint, at))
        return attached(offer.note, self.cosigner, Cosignature(at, self.cosigner.line(at, signature)))

    def _keep(self, origin: str, seen: Seen) -> None:
        kept = {**self._seen, origin: seen}
        write(self._file, msgspec.json.encode(kept), mode=0o600)
        self._seen = kept


def _signed_by(note: str, log: Log) -> Checkpoint:
    """The checkpoint, if a key of the log signed it and no signature of one is false."""
    idents = {ident for name, ident, _ in split(note)[1] if name == log.origin}
    signers = [public for public in log.keys if key_id(log.origin, public) in idents]
    checkpoints = [verify(note, log.origin, public) for public in signers]
    if not checkpoints or checkpoints[0].origin != log.origin:
        raise IntegrityError("log.bad_signature")
    return checkpoints[0]


def _require_continues(checkpoint: Checkpoint, last: Seen, proof: Sequence[bytes]) -> None:
    if checkpoint.size == 0 or last.size == 0:
        # Every tree continues the empty one, which has one root.
        if proof or (checkpoint.size < last.size) or (checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT):
            raise IntegrityError("log.inconsistent")
        return
    verify_consistency(last.size, checkpoint.size, last.root, checkpoint.root, proof)
