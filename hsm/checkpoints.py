"""Which checkpoint may be signed: one whose tree continues the tree signed last (RFC 9162 §2.1.4). Pure.

The text is built here from typed fields; nothing that was sent is signed as it stands. The time is ours: nobody else writes it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from daemon.contract.epochs import FIRST_EPOCH
from daemon.contract.merkle import EMPTY_ROOT, verify_consistency
from daemon.contract.note import TIME, Checkpoint, origin_of, split, time_line
from daemon.errors import ConflictError, InputError, IntegrityError
from hsm.protocol import SignCheckpoint

MAX_SIZE = 1 << 53  # leaves
MAX_EXTENSIONS = 16
MAX_EXTENSION = 512  # characters
ASKED_AGAIN = timedelta(minutes=1)
"""For so long the answer to the same words is the same note: it may have been lost."""


@dataclass(frozen=True)
class Last:
    """What was signed last, the whole note included, and the number of the pair that signed it.

    Where a new epoch was opened since, what that one begins with: then there is no note, and no pair.
    """

    epoch: int
    size: int
    root: bytes
    note: str
    pair: int


def judge(register: str, request: SignCheckpoint, last: Last | None, now: datetime) -> Checkpoint:
    """The checkpoint to sign at `now`, or the reason not to.

    The tree signed last may be signed again, with any proof: its first answer may have been lost.
    """
    if request.epoch != (last.epoch if last else FIRST_EPOCH):
        raise ConflictError("hsm.epoch_unknown")
    checkpoint = _built(register, request, now)
    _continues(checkpoint, request.proof, last)
    return checkpoint


def answers_again(last: Last, checkpoint: Checkpoint) -> bool:
    """Whether what was signed last is `checkpoint` but for its time, and was signed just now."""
    if not last.note:
        return False  # a new epoch was opened, and nothing is signed in it yet
    before = Checkpoint.parse(split(last.note)[0])
    passed = checkpoint.signed_at - before.signed_at
    return _untimed(before) == _untimed(checkpoint) and timedelta() <= passed <= ASKED_AGAIN


def _untimed(checkpoint: Checkpoint) -> Checkpoint:
    return replace(
        checkpoint, extensions=tuple(line for line in checkpoint.extensions if not line.startswith(TIME))
    )


def _built(register: str, request: SignCheckpoint, now: datetime) -> Checkpoint:
    sound = {
        "size": 0 <= request.size <= MAX_SIZE,
        "root": request.size > 0 or request.root == EMPTY_ROOT,
        "extensions": len(request.extensions) <= MAX_EXTENSIONS
        and all(len(line) <= MAX_EXTENSION and not line.startswith(TIME) for line in request.extensions),
    }
    for field, holds in sound.items():
        if not holds:
            raise InputError("hsm.checkpoint_malformed", field=field)
    origin = origin_of(register, request.epoch)
    try:
        return Checkpoint(origin, request.size, request.root, (time_line(now), *request.extensions))
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
