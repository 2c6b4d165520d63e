"""A receipt: one entry with the proof that it is in the log (C2SP tlog-proof)."""

import re
from pathlib import Path
from typing import NamedTuple

from .checkpoints import Checkpoint, checkpoint_of
from .entries import check_opened
from .faults import VerificationError
from .forms import HASH_SIZE, SIZE, parsed, unbase64
from .leaves import leaf_of
from .notes import note_of
from .source import Folder, read_lines
from .tree import included, leaf_hash

FIRST = "c2sp.org/tlog-proof@v1"
EXTRA = re.compile(r"extra (.+)")
INDEX = re.compile(r"index (.+)")


class Receipt(NamedTuple):
    checkpoint: Checkpoint
    seq: int
    action: str
    time: str
    opened: int


def read_receipt(path: Path) -> Receipt:
    """The receipt, if its entry is under its checkpoint; whose signature that is is not looked at here."""
    lines = [text for _, text in read_lines(Folder(path.parent), path.name)]
    gap = lines.index("") if "" in lines else 0
    head, body = lines[:gap], lines[gap + 1 :]
    extra, index = (EXTRA.fullmatch(head[1]), INDEX.fullmatch(head[2])) if len(head) > 2 else (None, None)  # noqa: PLR2004
    proof = [unbase64(line) for line in head[3:]]
    whole = parsed(unbase64(extra[1]).decode("utf-8", "replace")) if extra else None
    leaf = leaf_of(whole.get("leaf")) if whole else None
    sound = head[:1] == [FIRST] and all(len(each) == HASH_SIZE for each in proof)
    if not (
        sound and index and whole and leaf and SIZE.fullmatch(index[1]) and whole.keys() <= {"leaf", "open"}
    ):
        raise VerificationError("receipt_form", file=path.name)
    checkpoint = checkpoint_of(note_of(body, path.name, len(lines), "receipt_form"))
    if leaf.seq != int(index[1]) or not included(
        leaf.seq, checkpoint.size, leaf_hash(leaf.text), proof, checkpoint.root
    ):
        raise VerificationError("receipt_proof", file=path.name, seq=leaf.seq)
    return Receipt(checkpoint, leaf.seq, leaf.action, leaf.time, check_opened(leaf, whole.get("open", {})))
