"""Which checkpoint may be signed: one whose tree continues the tree signed last (RFC 9162 §2.1.4). Pure.

The text is built here from typed fields; nothing that was sent is signed as it stands.
"""

from dataclasses import dataclass

from daemon.contract.merkle import EMPTY_ROOT, verify_consistency
from daemon.contract.note import Checkpoint, origin_of
from daemon.errors import ConflictError, InputError, IntegrityError
from hsm.protocol import SignCheckpoint

FIRST_EPOCH = 1
MAX_SIZE = 1 << 53  # leaves
MAX_EXTENSIONS = 16
MAX_EXTENSION = 512  # characters


@dataclass(frozen=True)
class Last:
    """What was signed last, the whole note included, and the number of the pair that signed it."""

    epoch: int
    size: int
    root: bytes
    note: str
    pair: int


def judge(register: str, request: SignCheckpoint, last: Last | None) -> Checkpoint:
    """The checkpoint to sign, or the reason not to.

    The tree signed last may be signed again, with any proof: its first answer may have been lost.
    """
    if request.epoch != (last.epoch if last else FIRST_EPOCH):
        raise ConflictError("hsm.epoch_unknown")
    checkpoint = _built(register, request)
    _continues(checkpoint, request.proof, last)
    return checkpoint


def _built(register: str, request: SignCheckpoint) -> Checkpoint:
    sound = {
        "size": 0 <= request.size <= MAX_SIZE,
        "root": request.size > 0 or request.root == EMPTY_ROOT,
        "extensions": len(request.extensions) <= MAX_EXTENSIONS
        and all(len(line) <= MAX_EXTENSION for line in request.extensions),
    }
    for field, holds in sound.items():
        if not holds:
            raise InputError("hsm.checkpoint_malformed", field=field)
    origin = origin_of(register, request.epoch)
    try:
        return Checkpoint(origin, request.size, request.root, tuple(request.extensions))
    except IntegrityError as error:
        raise InputError("hsm.checkpoint_malformed", field=error.field) from None


def _continues(checkpoint: Checkpoint, proof: list[bytes], last: Last | None) -> None:
    if last is None or last.size == 0:
        # Every tree continues the empty one; there is no proof of that, so one that is given proves a mistake.
        if proof:
            raise ConflictError("hsm.checkpoint_inconsistent", field="proof")
        return
    if (checkpoint.size, checkpoint.root) == (last.size, last.root):
        return
    try:
        verify_consistency(last.size, checkpoint.size, last.root, checkpoint.root, proof)
    except IntegrityError:
        raise ConflictError("hsm.checkpoint_inconsistent") from None
