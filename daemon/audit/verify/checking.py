"""One export, from its first file to its last: the order in which `jukura-verify` checks."""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .checkpoints import Checkpoint, check_checkpoint, check_times, early, growing, read_checkpoints
from .entries import HELD, Read, read_entries, read_held
from .epochs import Epochs, Lost, read_epochs
from .faults import VerificationError
from .forms import EARLIER, HASH_SIZE, fits, hashes, unbase64
from .manifest import Manifest, check_files, check_manifest, read_manifest
from .purges import check_purge, check_root
from .receipts import Receipt, read_receipt
from .source import Folder, Source, read_lines, read_objects
from .tree import continues, push, root
from .trust import Trust, beside, known_as, read_keys, read_statements
from .witnesses import Cosigned, Witness

START, EARLIER_FILE, TIMESTAMPS = "start.txt", "earlier.jsonl", "timestamps.jsonl"


@dataclass(frozen=True)
class Asked:
    """What the auditor holds beside the export."""

    known: Path | None = None
    """Checkpoints kept earlier."""
    pinned: frozenset[str] = frozenset()
    """Fingerprints of keys that may sign."""
    witnesses: tuple[Witness, ...] = ()
    receipts: tuple[Path, ...] = ()


@dataclass
class Report:
    """What was found on the way."""

    trust: Trust
    manifest: Manifest
    read: Read
    epochs: Epochs
    cosigned: Cosigned
    extra: int = 0
    """Files that nobody signed for."""
    checkpoints: int = 0
    known: int = 0
    """Checkpoints kept earlier that the log agrees with,"""
    known_open: list[int] = field(default_factory=list)
    """and the sizes of those that could not be compared."""
    early: int = 0
    """Checkpoints that say to be older than an entry in them, by more than a day."""
    span: tuple[str, str] = ("", "")
    """When the checkpoints at both ends were signed; the first is empty where the log begins."""
    purged: tuple[int, int, int] = (0, 0, 0)
    """Purges that were told of; entries gone by the last of them; how many of the trees below were proven."""
    receipts: list[Receipt] = field(default_factory=list)
    timestamps: int = 0
    signers: set[str] = field(default_factory=set)

    @property
    def verified(self) -> int:
        """Entries of the span."""
        return self.manifest.end - self.manifest.first


def verify(files: Source, asked: Asked) -> Report:
    """Check an export; VerificationError at the first fault, OSError where a file cannot be read."""
    trust = Trust(read_keys(files), asked.pinned, set(asked.pinned))
    made = read_manifest(files)
    known_as(made.origin, made.earlier, trust)
    read_statements(files, beside(made.origin, "statement"), trust)
    epochs = read_epochs(made, trust)
    report = Report(trust, made, Read(trust, epochs), epochs, Cosigned(asked.witnesses))
    report.signers.update(check_manifest(made, trust))
    report.extra = check_files(made, files)
    last = _last(files)
    if HELD in made.files:
        read_held(files, made.first, last.size, last.root, report.read)
    report.receipts = [read_receipt(path) for path in asked.receipts]
    kept = _there([*_kept(asked.known), *(receipt.checkpoint for receipt in report.receipts)], report)
    _check_log(files, kept, report)
    proofs = dict(_proofs(files)) if EARLIER_FILE in made.files else {}
    _check_purges(report, proofs, last)
    _check_epochs(report, proofs, last)
    _check_older(kept, report, proofs, last)
    report.timestamps = sum(1 for _ in read_lines(files, TIMESTAMPS)) if TIMESTAMPS in made.files else 0
    return report


def _kept(known: Path | None) -> list[Checkpoint]:
    return list(read_checkpoints(Folder(known.parent), known.name, kept=True)) if known else []


def _there(kept: list[Checkpoint], report: Report) -> list[Checkpoint]:
    """Of the checkpoints kept earlier those whose entries must still be in the log; the others are lost, by statement."""
    there = []
    for claim in kept:
        signers = check_checkpoint(claim, report.epochs.origins, report.trust)
        opening = report.epochs.beyond(claim)
        if opening is None:
            there.append(claim)
        else:
            report.signers.update(signers)
            report.epochs.lost.append(Lost(claim, opening))
    return there


def _last(files: Source) -> Checkpoint:
    """The last checkpoint, whose signature is checked in its turn."""
    last = deque(read_checkpoints(files), maxlen=1)
    if not last:
        raise VerificationError("nothing_signed")
    return last[0]


def _start(files: Source, first: int) -> list[bytes]:
    """The complete subtrees over the entries before the first, largest first; nothing of them is proven yet."""
    if first == 0:
        return []
    peaks = [unbase64(text) for _, text in read_lines(files, START)]
    if len(peaks) != first.bit_count() or not all(len(peak) == HASH_SIZE for peak in peaks):
        raise VerificationError("start_form", file=START)
    return peaks


def _check_log(files: Source, kept: list[Checkpoint], report: Report) -> None:
    """Every entry between the first checkpoint and the last, and at the size of each checkpoint the signed root."""
    made, trust, epochs = report.manifest, report.trust, report.epochs
    within = sorted(
        (claim for claim in kept if made.first <= claim.size <= made.end), key=lambda claim: claim.size
    )
    agreed = len(within)
    signed = growing(read_checkpoints(files), made.first, made.end)
    entries = read_entries(files, made.entries, made.first, report.read)
    peaks, size, time = _start(files, made.first), made.first, ""
    epochs.check_kept(size, peaks)
    for claim in heapq.merge(signed, within, key=lambda claim: claim.size):
        signers = check_checkpoint(claim, epochs.origins, trust)
        report.signers.update(signers)
        epochs.check_place(claim)
        while size < claim.size:
            coming = next(entries, None)
            if coming is None:
                raise VerificationError("tail_cut", file=claim.note.file, size=claim.size, found=size)
            push(peaks, size, coming[0])
            size, time = size + 1, coming[1]
            epochs.check_kept(size, peaks)
        if root(peaks) != claim.root:
            if (opening := epochs.differs(claim)) and any(claim is each for each in within):
                epochs.lost.append(Lost(claim, opening))
                agreed, report.checkpoints = agreed - 1, report.checkpoints + 1
                continue
            raise VerificationError("root", file=claim.note.file, size=claim.size)
        check_times(claim, signers, trust)
        _count(claim, time, report)
    if next(entries, None) is not None:
        raise VerificationError("beyond_end", end=made.end)
    report.known = agreed
    report.checkpoints -= len(within)


def _count(claim: Checkpoint, time: str, report: Report) -> None:
    report.checkpoints += 1
    report.early += early(claim, time)
    report.cosigned.look(claim)
    begins = report.span[0] or (claim.time if claim.size == report.manifest.first else "")
    report.span = begins, claim.time


def _proofs(files: Source) -> Iterator[tuple[int, list[bytes]]]:
    for number, line in read_objects(files, EARLIER_FILE):
        proof = hashes(line.get("proof"))
        if not fits(line, EARLIER) or proof is None:
            raise VerificationError("earlier_form", file=EARLIER_FILE, line=number)
        yield line["size"], proof


def _check_purges(report: Report, proofs: dict[int, list[bytes]], last: Checkpoint) -> None:
    proven = gone = 0
    for leaf, opened in report.read.purges:
        size, below = check_purge(leaf, opened, report.epochs.origins, report.trust)
        if size < gone:
            raise VerificationError("purge_form", seq=leaf.seq)
        gone, proven = size, proven + check_root(size, below, proofs, (last.size, last.root))
    report.purged = len(report.read.purges), gone, proven


def _check_epochs(report: Report, proofs: dict[int, list[bytes]], last: Checkpoint) -> None:
    """What each epoch began with is in the log, also where that is before the first entry here."""
    epochs = report.epochs
    for opening in filter(None, epochs.spans):
        if 0 < opening.kept < report.manifest.first and check_root(
            opening.kept, opening.kept_root, proofs, (last.size, last.root)
        ):
            epochs.compared.add(opening.number)
        if opening.kept and opening.number not in epochs.compared:
            epochs.unproven.append(opening)


def _check_older(
    kept: list[Checkpoint], report: Report, proofs: dict[int, list[bytes]], last: Checkpoint
) -> None:
    """Checkpoints kept earlier, and those of receipts, over less than is here or over more."""
    made, epochs = report.manifest, report.epochs
    for claim in kept:
        if made.first <= claim.size <= made.end:
            continue
        epochs.check_place(claim)
        check_times(claim, check_checkpoint(claim, epochs.origins, report.trust), report.trust)
        if claim.size > made.end or claim.size not in proofs:
            report.known_open.append(claim.size)
        elif (opening := epochs.differs(claim)) and not continues(
            claim.size, last.size, (claim.root, last.root), proofs[claim.size]
        ):
            epochs.lost.append(Lost(claim, opening))
        else:
            check_root(claim.size, claim.root, proofs, (last.size, last.root))
            report.known += 1
