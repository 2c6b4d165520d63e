"""Checkpoints (C2SP tlog-checkpoint): of this log, growing, signed by a key that could sign then."""

from collections.abc import Container, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from .faults import VerificationError
from .forms import HASH_SIZE, SIZE, second, unbase64
from .notes import Note, read_notes
from .source import Source
from .trust import Trust, check_signatures

CHECKPOINTS = "checkpoints.txt"
TIME = "time "
CLOCKS_DIFFER = timedelta(days=1)
"""As far as register and key service may disagree about the time."""


class Checkpoint(NamedTuple):
    note: Note
    size: int
    root: bytes
    time: str
    """When it was signed, by the key service's clock."""

    @property
    def origin(self) -> str:
        """The log and its epoch."""
        return self.note.text[0]

    @property
    def place(self) -> dict[str, str]:
        """For a fault."""
        return {"file": self.note.file, "place": f"size={self.size}"}


def checkpoint_of(note: Note) -> Checkpoint:
    """The checkpoint that a note is."""
    match note.text:
        case [_, size, root, *rest] if SIZE.fullmatch(size) and len(unbase64(root)) == HASH_SIZE:
            times = [line.removeprefix(TIME) for line in rest if line.startswith(TIME)]
            if len(times) == 1 and second(times[0]):
                return Checkpoint(note, int(size), unbase64(root), times[0])
    raise VerificationError("checkpoint_form", file=note.file, line=note.line)


def read_checkpoints(files: Source, name: str = CHECKPOINTS, *, kept: bool = False) -> Iterator[Checkpoint]:
    """The checkpoints of a file of the export, or of one that the auditor has `kept`."""
    return map(checkpoint_of, read_notes(files, name, "checkpoint_form", kept=kept))


def growing(claims: Iterator[Checkpoint], first: int, end: int) -> Iterator[Checkpoint]:
    """The same, if they begin at `first` (0: anywhere), end at `end`, and never go back in size or time."""
    before: Checkpoint | None = None
    for claim in claims:
        if before is None and first not in (0, claim.size):
            raise VerificationError("start_unsigned", file=claim.note.file, first=first, size=claim.size)
        if before and (claim.size < before.size or claim.time < before.time):
            raise VerificationError(
                "checkpoint_order", file=claim.note.file, before=before.size, size=claim.size
            )
        yield claim
        before = claim
    if before is None:
        raise VerificationError("nothing_signed")
    if before.size != end:
        raise VerificationError("end_unsigned", file=before.note.file, size=before.size, end=end)


def check_checkpoint(claim: Checkpoint, origins: Container[str], trust: Trust) -> list[str]:
    """It is of this log, in one of its epochs, and a key that may sign has signed it; the fingerprints of those that did."""
    if claim.origin not in origins:
        raise VerificationError("other_log", **claim.place)
    return check_signatures(claim.note, claim.origin, claim.place["place"], trust)


def check_times(claim: Checkpoint, signers: list[str], trust: Trust) -> None:
    """Its signers had begun and not ended.

    Where the log holds an entry of the statement by which a key ended, a checkpoint over that entry is later, whatever it says.
    Otherwise only its time tells, which the holder of a key can write as he likes: that is a finding.
    """
    for key in signers:
        end, start = trust.ended.get(key), trust.endorsed.get(key)
        if end and trust.logged.get(end.number, claim.size) < claim.size:
            raise VerificationError("ended_key", **claim.place, number=end.number, key=key)
        trust.after_end[key] += bool(end and claim.time > end.time)
        trust.before_start[key] += bool(start and claim.time < start.time)


def early(claim: Checkpoint, last: str) -> bool:
    """Whether it says to be signed more than a day before the `last` entry that it covers."""
    return bool(last) and datetime.fromisoformat(claim.time) + CLOCKS_DIFFER < datetime.fromisoformat(last)
