"""What the key service may do, decided without a token, a disk or a clock. It does not believe the register.

- A name must be of `protocol.CLASS`; a destroyed name is refused for ever.
- `seal` and `form` are key pairs: they sign and never leave. All others are data keys: they are unwrapped and
  never sign.
- A checkpoint is signed only by a `seal`, and only if its tree continues the tree signed last (RFC 9162 §2.1.4).
  The text is built here from typed fields.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from daemon.contract.merkle import EMPTY_ROOT, verify_consistency
from daemon.contract.note import Checkpoint, origin_of
from daemon.errors import AuthorityError, ConflictError, InputError, IntegrityError, TooMuchError
from hsm.pin import PinSource
from hsm.protocol import CLASS, MAX_NAMES, SignCheckpoint

FIRST_EPOCH = 1
MAX_SIZE = 1 << 53  # leaves
MAX_EXTENSIONS = 16
MAX_EXTENSION = 512  # characters

_LAWFUL = frozenset({"expire", "log", "case", "work", "transit", "hold"})
_PAIRS = frozenset({"seal", "form"})


@dataclass(frozen=True)
class Last:
    """What was signed last, the whole note included."""

    epoch: int
    size: int
    root: bytes
    key: str
    note: str


def lawful(name: str) -> bool:
    """Whether the law sets the end of this key (design, table of classes), and no drill or backup can move it."""
    return _class_of(name) in _LAWFUL


def is_pair(name: str) -> bool:
    """Whether `name` is a key pair rather than a data key."""
    return _class_of(name) in _PAIRS


def admit(names: Iterable[str], destroyed: Collection[str]) -> list[str]:
    """`names`, each once, in order; raise unless every one can exist and none was ever destroyed."""
    wanted = list(dict.fromkeys(names))
    if len(wanted) > MAX_NAMES:
        raise TooMuchError("hsm.too_many_names")
    for name in wanted:
        if not CLASS.fullmatch(name):
            raise InputError("hsm.name_unknown")  # not quoted: it may be anything
        if name in destroyed:
            raise ConflictError("hsm.key_destroyed", field=name)
    return wanted


def may_unwrap(names: Iterable[str]) -> None:
    """Raise unless all are data keys."""
    for name in names:
        if is_pair(name):
            raise AuthorityError("hsm.key_stays", field=name)


def judge(register: str, request: SignCheckpoint, last: Last | None) -> Checkpoint:
    """The checkpoint to sign, or the reason not to.

    The tree signed last may be signed again, with any proof: its first answer may have been lost.
    """
    if _class_of(request.key) != "seal":
        raise AuthorityError("hsm.key_signs_no_checkpoint", field=request.key)
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


def is_softhsm(module: str, model: str) -> bool:
    """Whether this module, or the token behind it (also one behind p11-kit), is SoftHSM: files on a disk."""
    return "softhsm" in module.rpartition("/")[2].lower() or model.startswith("SoftHSM")


def at_rest(source: PinSource, module: str, model: str | None) -> str:
    """`protected` only if the token (its `model`, None while never seen) and the PIN are proven off this disk."""
    token_elsewhere = model is not None and not is_softhsm(module, model)
    return "protected" if token_elsewhere and source is not PinSource.FILE else "unprotected"


def _class_of(name: str) -> str:
    return name.partition(".")[0]
