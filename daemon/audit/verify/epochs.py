"""Epochs: a log goes on from less than was signed only where the key service says so, with the custodians who agreed.

The tree of a new epoch begins with what is left of the old one. So every checkpoint of an old epoch must be in the tree, or be one of those
that a statement says are lost; and the first entry of an epoch must say the same as its statement.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from .checkpoints import Checkpoint, checkpoint_of
from .faults import VerificationError
from .forms import HASH_SIZE, SIZE, unbase64
from .leaves import Leaf
from .manifest import Manifest
from .notes import note_of
from .tree import root
from .trust import Statement, Trust, check_signatures

OPENED = "log.epoch_opened"
CUSTODIANS = 2


class Opening(NamedTuple):
    """What one statement says."""

    number: int
    time: str
    epoch: int
    size: int
    root: bytes
    """What was signed last in the epoch before."""
    kept: int
    kept_root: bytes
    """What the new one begins with."""
    proven: int
    """Of this much the key service had a proof that it is what was signed."""
    custodians: list[str]
    last: list[str]
    """The lines of the note that was signed last."""

    @property
    def told(self) -> dict[str, int | str]:
        """For the report."""
        return {"number": self.number, "epoch": self.epoch, "kept": self.kept, "size": self.size, "proven": self.proven,
                "time": self.time, "custodians": " ".join(each.split(" ")[0] for each in self.custodians)}  # fmt: skip


class Lost(NamedTuple):
    """A checkpoint that the auditor kept, of which entries are gone."""

    claim: Checkpoint
    opening: Opening


@dataclass
class Epochs:
    """All there were."""

    register: str
    openings: list[Opening]
    lost: list[Lost] = field(default_factory=list)
    unproven: list[Opening] = field(default_factory=list)
    """Openings whose kept tree could not be compared with the log."""
    compared: set[int] = field(default_factory=set)
    """Numbers of those that were."""

    def __post_init__(self) -> None:
        self.spans: list[Opening | None] = [None]
        """How each run of entries began; None for the first epoch."""
        for opening in self.openings:
            self.spans = [each for each in self.spans if each is None or each.kept < opening.kept]
            if opening.kept == 0:
                self.spans.clear()
            self.spans.append(opening)
        self.firsts = [0 if each is None else each.kept for each in self.spans]
        self.starts = {each.kept: each for each in self.spans if each is not None}
        """How the run of entries that begins there began. It is asked for at every entry, and of nearly none."""
        self.origins = {self.origin(each) for each in range(1, len(self.openings) + 2)}

    def origin(self, epoch: int) -> str:
        """Of its checkpoints."""
        return f"jukura.jp/{self.register}/{epoch}"

    def at(self, seq: int) -> Opening | None:
        """How the epoch of entry `seq` began."""
        return self.spans[bisect_right(self.firsts, seq) - 1]

    def check_entry(self, leaf: Leaf) -> None:
        """It is of the epoch that the statements say, and the first one of an epoch says so."""
        if leaf.epoch != (number_of(self.at(leaf.seq)) if self.starts else 1):
            raise VerificationError("other_epoch", seq=leaf.seq)
        began = self.starts.get(leaf.seq)
        if began is not None and leaf.action != OPENED:
            raise VerificationError("epoch_unsaid", seq=leaf.seq, epoch=leaf.epoch)
        if leaf.action == OPENED and (began is None or leaf.counts != _figures(began)):
            raise VerificationError("epoch_entry", seq=leaf.seq)

    def check_kept(self, size: int, peaks: list[bytes]) -> None:
        """Where an epoch begins, the tree is what its statement says."""
        began = self.starts.get(size)
        if began is not None:
            if root(peaks) != began.kept_root:
                raise VerificationError("epoch_kept", number=began.number, size=size)
            self.compared.add(began.number)

    def check_place(self, claim: Checkpoint) -> None:
        """A checkpoint of the export is of the epoch in which the log was of that size."""
        fitting = {number_of(self.at(max(claim.size - 1, 0))), number_of(self.at(claim.size))}
        if claim.origin not in {self.origin(each) for each in fitting}:
            raise VerificationError("checkpoint_epoch", **claim.place)

    def beyond(self, claim: Checkpoint) -> Opening | None:
        """The opening that took entries under a checkpoint kept earlier; `epoch_contradicted` where the checkpoint cannot be."""
        later = self._later(claim)
        if later and (
            claim.size > later[0].size or (claim.size == later[0].size and claim.root != later[0].root)
        ):
            raise VerificationError("epoch_contradicted", **claim.place, number=later[0].number)
        return next((each for each in later if each.kept < claim.size), None)

    def differs(self, claim: Checkpoint) -> Opening | None:
        """The opening that says that the log was not proven up to a checkpoint which it does not continue."""
        return next((each for each in self._later(claim) if each.proven < claim.size), None)

    def _later(self, claim: Checkpoint) -> list[Opening]:
        """What was opened after the epoch of a checkpoint."""
        return self.openings[int(claim.origin.rpartition("/")[2]) - 1 :]


def number_of(opening: Opening | None) -> int:
    """Of an epoch, by how it began."""
    return 1 if opening is None else opening.epoch


def read_epochs(made: Manifest, trust: Trust) -> Epochs:
    """Every epoch there was, up to that of the manifest, each as the one before lets it begin."""
    epochs = Epochs(made.register, [_opening(statement) for statement in trust.openings])
    before: Opening | None = None
    for expected, opening in enumerate(epochs.openings, start=2):
        if opening.epoch != expected:
            raise VerificationError(
                "epoch_order", number=opening.number, expected=expected, found=opening.epoch
            )
        _check_last(opening, before, epochs.origin(expected - 1), trust)
        before = opening
    if made.epoch != len(epochs.openings) + 1:
        raise VerificationError("epoch_manifest", found=made.epoch, expected=len(epochs.openings) + 1)
    return epochs


def _opening(made: Statement) -> Opening:
    fields = {name: values[0] for name, values in made.fields.items()}
    numbers = [fields[name] for name in ("epoch", "size", "kept", "proven")]
    roots = [unbase64(fields[name]) for name in ("root", "kept_root")]
    custodians = made.fields.get("custodian", [])
    sound = all(map(SIZE.fullmatch, numbers)) and all(len(each) == HASH_SIZE for each in roots)
    if not sound or len(set(custodians)) < CUSTODIANS:
        raise VerificationError("epoch_form", number=made.number)
    epoch, size, kept, proven = map(int, numbers)
    if proven > kept:
        raise VerificationError("epoch_form", number=made.number)
    last = made.fields.get("last", [])
    return Opening(made.number, made.time, epoch, size, roots[0], kept, roots[1], proven, custodians, last)


def _check_last(opening: Opening, before: Opening | None, origin: str, trust: Trust) -> None:
    """What was signed last is quoted, and signed; where nothing was, the epoch ends as it began."""
    place = f"number={opening.number}"
    if not opening.last:
        if before is None or (opening.size, opening.root) != (before.kept, before.kept_root):
            raise VerificationError("epoch_last", number=opening.number)
        return
    claim = checkpoint_of(
        note_of(opening.last, f"{OPENED} {opening.number}", len(opening.last), "checkpoint_form")
    )
    if (claim.origin, claim.size, claim.root) != (origin, opening.size, opening.root):
        raise VerificationError("epoch_last", number=opening.number)
    check_signatures(claim.note, origin, place, trust)


def _figures(opening: Opening) -> dict[str, int]:
    return {"number": opening.number, "first": opening.kept, "end": opening.size, "proven": opening.proven}
