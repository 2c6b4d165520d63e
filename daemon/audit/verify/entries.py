"""Entries: their form and order, and that what is opened is what they committed to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from .epochs import Epochs
from .faults import VerificationError
from .forms import HASH_SIZE, canonical, hashes, parsed, unbase64
from .leaves import Leaf, leaf_of
from .source import Source, read_lines, read_objects
from .tree import included, leaf_hash
from .trust import Trust

BEFORE, AFTER = '{"leaf":"', '"}'
HELD = "held.jsonl"
PURGED, STATEMENT = "log.purged", "key.statement"


@dataclass
class Read:
    """What the entries read so far had."""

    trust: Trust
    epochs: Epochs
    opened: int = 0
    sealed: int = 0
    """Fields that entries committed to, opened or not."""
    clock_back: int = 0
    held: int = 0
    purges: list[tuple[Leaf, dict[str, Any]]] = field(default_factory=list)
    """(entry, opened fields) of each entry that tells of a purge."""


def read_entries(files: Source, names: list[str], first: int, read: Read) -> Iterator[tuple[bytes, str]]:
    """(leaf hash, time) of each entry, after checking its form, place, opened fields and statement."""
    expected, before = first, ""
    for name in names:
        for number, line in read_lines(files, name):
            leaf, opened = _entry(line, name, number)
            if leaf.seq != expected:
                raise VerificationError("sequence", expected=expected, found=leaf.seq)
            _take_in(leaf, opened, read)
            read.clock_back += leaf.time < before
            expected, before = expected + 1, leaf.time
            yield leaf_hash(leaf.text), leaf.time


def read_held(files: Source, first: int, end: int, root: bytes, read: Read) -> None:
    """Entries that outlived a purge: each before `first`, and in the tree of `end` leaves by its own proof."""
    before = -1
    for number, line in read_objects(files, HELD):
        leaf, proof = leaf_of(line.get("leaf")), hashes(line.get("proof"))
        if leaf is None or proof is None or not line.keys() <= {"leaf", "open", "proof"}:
            raise VerificationError("entry_form", file=HELD, line=number)
        if not before < leaf.seq < first:
            raise VerificationError("held_order", file=HELD, seq=leaf.seq)
        _take_in(leaf, line.get("open", {}), read)
        if not included(leaf.seq, end, leaf_hash(leaf.text), proof, root):
            raise VerificationError("held_proof", file=HELD, seq=leaf.seq)
        read.held, before = read.held + 1, leaf.seq


def _entry(line: str, name: str, number: int) -> tuple[Leaf, object]:
    """The entry of a line, and what is opened of it."""
    plain = _plain(line)
    if plain:
        return plain, {}
    whole = parsed(line)
    if whole is None:
        raise VerificationError("not_canonical", file=name, line=number)
    leaf = leaf_of(whole.get("leaf"))
    if leaf is None or not whole.keys() <= {"leaf", "open"}:
        raise VerificationError("entry_form", file=name, line=number)
    return leaf, whole.get("open", {})


def _plain(line: str) -> Leaf | None:
    """The entry of a line of which nothing is open, as most: what has no escape but \\" needs no reading as JSON."""
    inner = line[len(BEFORE) : -len(AFTER)]
    text = inner.replace('\\"', '"')
    if line != f"{BEFORE}{inner}{AFTER}" or text.replace('"', '\\"') != inner:
        return None
    return leaf_of(text)


def _take_in(leaf: Leaf, opened: object, read: Read) -> None:
    read.epochs.check_entry(leaf)
    read.opened += check_opened(leaf, opened)
    read.sealed += len(leaf.commitments)
    if leaf.action == STATEMENT:
        _check_logged(leaf, read.trust)
    if leaf.action == PURGED:
        read.purges.append((leaf, opened if isinstance(opened, dict) else {}))


def _check_logged(leaf: Leaf, trust: Trust) -> None:
    """The statement of which the log has an entry must be there, and of that kind."""
    number = leaf.counts.get("number", 0)
    if not 0 < number <= len(trust.kinds):
        raise VerificationError("statement_missing", seq=leaf.seq, number=number)
    if trust.kinds[number - 1] not in leaf.counts:
        raise VerificationError("statement_other", seq=leaf.seq, number=number)
    if any(word.number == number for word in trust.ended.values()):
        trust.logged.setdefault(number, leaf.seq)


def check_opened(leaf: Leaf, fields: object) -> int:
    """Each opened field must be what the leaf committed to; how many there are."""
    if not isinstance(fields, dict):
        raise VerificationError("commitment", seq=leaf.seq, name="-")
    for name, pair in fields.items():
        if leaf.commitments.get(name) != commitment(name, pair):
            raise VerificationError("commitment", seq=leaf.seq, name=ascii(name))
    return len(fields)


def commitment(name: str, pair: object) -> str:
    """What a leaf must say of the field `name` for `pair` = [salt, value]; empty where `pair` is no such pair."""
    match pair:
        case [salt, value] if len(unbase64(salt)) == HASH_SIZE:
            tagged = b"\x02" + name.encode() + b"\x00" + unbase64(salt)
            return sha256(tagged + canonical(value).encode()).hexdigest()
        case _:
            return ""
