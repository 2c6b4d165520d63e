"""Which keys may sign: those given, and those that one of these vouches for by a statement, directly or through others.

Without a key given every key may, and whose it is remains open. A statement that follows another has the higher number, so a key
that signs a statement after the one by which it ended is refused.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from .faults import VerificationError
from .forms import KEY, SIZE, fits, second, unbase64
from .notes import Note, key_id, kind_of, read_notes, signs
from .source import Source, read_objects

KEYS, STATEMENTS = "keys.jsonl", "statements.txt"
FIELD = re.compile(r"([a-z][a-z0-9_]*) (.*)")
KINDS: dict[str, tuple[str, ...]] = {
    "endorsement": ("name", "serial", "kind", "public"),
    "destruction": ("name",),
    "token_enrolled": ("serial",),
    "token_retired": ("serial",),
    "clock_set": (),
    "custodians_set": (),
    "pin_cleared": (),
    "epoch_opened": ("epoch", "size", "root", "kept", "kept_root", "proven", "reason"),
    "ceremony": (),
}
"""The kinds of statement, and the fields that each must have once; it may have more."""


class Key(NamedTuple):
    der: bytes
    """SubjectPublicKeyInfo."""
    label: tuple[str, str, str]
    """(generation of seal, kind, serial of its token): no evidence, unless an endorsement says it."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, 64 hex digits."""
        return sha256(self.der).hexdigest()


class Statement(NamedTuple):
    note: Note
    kind: str
    number: int
    time: str
    fields: dict[str, list[str]]


class Word(NamedTuple):
    """That a key begins or ends."""

    number: int
    """Of the statement that says so."""
    time: str
    by: str
    """Fingerprint of the key that signed it."""


@dataclass
class Trust:
    """Which keys may sign, as far as the statements read so far say."""

    keys: dict[tuple[str, bytes], Key]
    """By name in a signature line and key id."""
    pinned: frozenset[str]
    roots: set[str]
    """Fingerprints that need no endorsement: the pinned ones, or without any, those that signed before one."""
    endorsed: dict[str, Word] = field(default_factory=dict)
    ended: dict[str, Word] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    """The kind of each statement."""
    openings: list[Statement] = field(default_factory=list)
    """Those by which an epoch of the log began."""
    logged: dict[int, int] = field(default_factory=dict)
    """Number of a statement by which a key ended to the entry that holds it."""
    after_end: Counter[str] = field(default_factory=Counter)
    before_start: Counter[str] = field(default_factory=Counter)


def read_keys(files: Source) -> dict[tuple[str, bytes], Key]:
    """The public keys by (name, key id), under each name that a register's key signs in."""
    keys: dict[tuple[str, bytes], Key] = {}
    for number, line in read_objects(files, KEYS):
        der = unbase64(line.get("public"))
        if not fits(line, KEY) or line["kind"] != kind_of(der):
            raise VerificationError("key_form", file=KEYS, line=number)
        key = Key(der, (line["key"], line["kind"], line["serial"]))
        for name in (line["name"], beside(line["name"], "statement"), beside(line["name"], "manifest")):
            ident = name, key_id(name, der)
            if ident in keys:
                raise VerificationError("key_twice", file=KEYS, line=number)
            keys[ident] = key
    return keys


def known_as(origin: str, names: list[str], trust: Trust) -> None:
    """The keys of a log's present epoch signed its earlier ones too, whose `names` are those of their checkpoints."""
    for (known, _), key in list(trust.keys.items()):
        if known == origin:
            trust.keys.update(((name, key_id(name, key.der)), key) for name in names)


def beside(origin: str, what: str) -> str:
    """First line of a statement or manifest of a log's register, and the name of its keys there."""
    return f"{origin.rpartition('/')[0]}/{what}"


def check_signatures(note: Note, name: str, place: str, trust: Trust) -> list[str]:
    """The keys, by fingerprint, that signed. One must have; no signature in the name and id of a known key may be false."""
    mine = [(trust.keys[name, ident], made) for who, ident, made in note.signatures
            if who == name and (name, ident) in trust.keys]  # fmt: skip
    if not mine:
        raise VerificationError("unknown_signer", file=note.file, place=place)
    for key, made in mine:
        if key.fingerprint not in trust.roots | trust.endorsed.keys():
            if trust.pinned:
                raise VerificationError("foreign_key", file=note.file, place=place, key=key.fingerprint)
            trust.roots.add(key.fingerprint)
        if not signs(key.der, made, note.signed):
            raise VerificationError("bad_signature", file=note.file, place=place)
    return [key.fingerprint for key, _ in mine]


def check_not_ended(note: Note, place: str, signers: list[str], trust: Trust) -> None:
    """What was signed after all statements must not be signed by a key that ended by one."""
    for key in signers:
        if key in trust.ended:
            raise VerificationError(
                "ended_key", file=note.file, place=place, number=trust.ended[key].number, key=key
            )


def read_statements(files: Source, name: str, trust: Trust) -> None:
    """Check every statement, in order, and take in what it says of keys."""
    for note in read_notes(files, STATEMENTS, "statement_form"):
        made = _statement(note)
        place = f"number={made.number}"
        if note.text[0] != name:
            raise VerificationError("other_log", file=note.file, place=place)
        if made.number != len(trust.kinds) + 1:
            expected = len(trust.kinds) + 1
            raise VerificationError("statement_gap", file=note.file, expected=expected, found=made.number)
        signers = check_signatures(note, name, place, trust)
        check_not_ended(note, place, signers, trust)
        trust.kinds.append(made.kind)
        _take_in(made, Word(made.number, made.time, signers[0]), trust)


def _statement(note: Note) -> Statement:
    match note.text:
        case [_, kind, number, time, *rest] if SIZE.fullmatch(number) and second(time):
            found = [FIELD.fullmatch(line) for line in rest]
            fields: dict[str, list[str]] = {}
            for pair in filter(None, found):
                fields.setdefault(pair[1], []).append(pair[2])
            single = all(len(fields.get(name, [])) == 1 for name in KINDS.get(kind, ()))
            if kind in KINDS and all(found) and single:
                return Statement(note, kind, int(number), time, fields)
    raise VerificationError("statement_form", file=note.file, line=note.line)


def _take_in(made: Statement, word: Word, trust: Trust) -> None:
    fields = made.fields
    if made.kind == "endorsement":
        label = fields["name"][0], fields["kind"][0], fields["serial"][0]
        _begins(unbase64(fields["public"][0]), label, word, trust)
    elif made.kind == "destruction":
        _ends({(fields["name"][0], serial) for serial in fields.get("confirmed", [])}, word, trust)
    elif made.kind == "token_retired":
        _ends({(key.label[0], fields["serial"][0]) for key in trust.keys.values()}, word, trust)
    elif made.kind == "epoch_opened":
        trust.openings.append(made)


def _begins(der: bytes, label: tuple[str, str, str], word: Word, trust: Trust) -> None:
    """A key vouches for another, which from now on may sign."""
    key = next((key for key in trust.keys.values() if key.der == der), None)
    if key is None:  # of another use than the log, or never used
        return
    if key.label != label:
        raise VerificationError("key_label", key=key.fingerprint, number=word.number)
    if key.fingerprint not in trust.roots - trust.pinned:
        trust.endorsed.setdefault(key.fingerprint, word)


def _ends(pairs: set[tuple[str, str]], word: Word, trust: Trust) -> None:
    """The keys of these (name, serial) that have begun are no more, or in hands that are not ours."""
    for key in trust.keys.values():
        begun = key.fingerprint in trust.roots | trust.endorsed.keys()
        if begun and (key.label[0], key.label[2]) in pairs:
            trust.ended.setdefault(key.fingerprint, word)
