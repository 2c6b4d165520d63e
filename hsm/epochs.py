"""Which new epoch of the log custodians may open, and what is stated of it. Pure.

A log may go on from less than was signed, or from other entries, only where that is so by our own record; and what was
proven of it to us is told apart from what was only found.
"""

from collections.abc import Sequence
from contextlib import suppress

from daemon.contract import note
from daemon.contract.epochs import FIRST_EPOCH, OpenEpoch, Opening
from daemon.contract.merkle import EMPTY_ROOT, verify_consistency
from daemon.contract.note import Checkpoint, origin_of
from daemon.contract.statement import Lines
from daemon.errors import ConflictError, InputError, IntegrityError
from hsm.checkpoints import MAX_SIZE, Last

MAX_NOTE = 16 * 1024  # characters; ours has one signature, and those of witnesses
MAX_PROOF = 64  # hashes


def check(deed: OpenEpoch, register: str, last: Last | None, seals: Sequence[bytes]) -> None:
    """Raise the reason why this epoch cannot be opened. `seals`: every public key that ever signed checkpoints (DER)."""
    if last is None or deed.epoch != last.epoch:
        raise ConflictError("hsm.epoch_unknown", field="epoch")
    if (deed.size, deed.root) != (last.size, last.root):
        raise ConflictError("hsm.epoch_last_differs")
    if not 0 <= deed.kept <= MAX_SIZE or (deed.kept == 0) != (deed.kept_root == EMPTY_ROOT):
        raise InputError("hsm.request_malformed", field="kept")
    proven = _proven(deed, register, seals)
    goes_on = (
        proven is not None and proven.size >= last.size and proven.origin == origin_of(register, last.epoch)
    )
    if goes_on or (deed.kept, deed.kept_root) == (last.size, last.root):
        raise ConflictError("hsm.epoch_not_needed")


def lines(deed: OpenEpoch) -> Lines:
    """What custodians read and sign; the statement says the same, and who they were."""
    return opening(deed, (), "").lines


def opening(deed: OpenEpoch, custodians: Sequence[str], last: str) -> Opening:
    """What is stated."""
    return Opening(
        deed.epoch + 1,
        deed.size,
        deed.root,
        deed.kept,
        deed.kept_root,
        _size_of(deed.checkpoint),
        deed.reason,
        tuple(custodians),
        last,
    )


def next_last(deed: OpenEpoch) -> Last:
    """What counts as signed last from then on: the first checkpoint of the new epoch continues exactly this."""
    return Last(deed.epoch + 1, deed.kept, deed.kept_root, "", 0)


def _proven(deed: OpenEpoch, register: str, seals: Sequence[bytes]) -> Checkpoint | None:
    """The checkpoint that the log as found is proven to continue; None where none was given."""
    if not deed.checkpoint:
        if deed.proof:
            raise ConflictError("hsm.epoch_unproven", field="proof")
        return None
    if len(deed.checkpoint) > MAX_NOTE or len(deed.proof) > MAX_PROOF:
        raise InputError("hsm.request_malformed", field="checkpoint")
    checkpoint = _verified(deed, register, seals)
    try:
        verify_consistency(checkpoint.size, deed.kept, checkpoint.root, deed.kept_root, deed.proof)
    except IntegrityError:
        raise ConflictError("hsm.epoch_unproven", field="proof") from None
    return checkpoint


def _verified(deed: OpenEpoch, register: str, seals: Sequence[bytes]) -> Checkpoint:
    """The checkpoint, which one of our seals signed for this register, in this epoch or one before."""
    try:
        claimed = Checkpoint.parse(note.split(deed.checkpoint)[0])
    except IntegrityError:
        raise ConflictError("hsm.epoch_unproven", field="checkpoint") from None
    ours = (origin_of(register, epoch) for epoch in range(deed.epoch, FIRST_EPOCH - 1, -1))
    if claimed.origin in ours:
        for public in seals:
            with suppress(IntegrityError):
                return note.verify(deed.checkpoint, claimed.origin, public)
    raise ConflictError("hsm.epoch_unproven", field="checkpoint")


def _size_of(text: str) -> int:
    try:
        return Checkpoint.parse(note.split(text)[0]).size if text else 0
    except IntegrityError:
        return 0
