"""jukura-verify: checks an exported audit log with nothing but the public keys.

Runs anywhere with Python 3.11 and the library `cryptography`; it uses no code of the system that wrote the log, so
this one file is all that an auditor has to read. What it checks, in this order:

1. keys.jsonl: public keys, ECDSA P-256 or RSA 3072 (RSASSA-PSS);
2. statements.txt: what the key service signed beside the log, numbered without a gap, each by a key that may sign;
3. checkpoints.txt (and --known): signed notes (C2SP signed-note, tlog-checkpoint), one origin, growing sizes;
4. entries.jsonl: numbered 0, 1, 2 … without a gap, each of the fixed form in canonical JSON (RFC 8785);
5. the commitment of each opened field: SHA-256(0x02 ‖ name ‖ 0x00 ‖ salt ‖ canonical value);
6. at the size of each checkpoint, that the tree (RFC 9162 §2.1) over the entries has the signed root.

Which keys may sign: those given by --key, and those that one of these vouches for by a statement (`endorsement`),
directly or through others, as happens when a key is rotated or a token is taken in. Without --key every key may,
and whose it is remains open. A statement that follows another has the higher number, so a key that signs a statement
after the one by which it ended is refused. Checkpoints have no numbers: where the log holds an entry of the statement
(`key.statement`), a checkpoint over that entry is later and its signature by an ended key is refused; otherwise only
the times of two clocks tell, and what they say is shown as a finding. That a key signed nothing *before* it was
endorsed cannot be proven from the log alone; a kept checkpoint (--known) proves what it covers.

The first fault ends it. Memory does not grow with the log. Exit status: 0 verified, 1 not, 2 usage or unreadable.
Findings, marked [!!], do not change it: each wants an explanation.
"""

import argparse
import heapq
import io
import json
import re
import sys
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, reduce
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

KEYS, STATEMENTS, CHECKPOINTS, ENTRIES = "keys.jsonl", "statements.txt", "checkpoints.txt", "entries.jsonl"
FILES = KEYS, STATEMENTS, CHECKPOINTS, ENTRIES, "README.txt"
MAX_LINE = 1024 * 1024  # bytes
MAX_NOTE_LINES = 1000
MAX_INT = 2**53 - 1
MAX_COUNT = 10**10 - 1
HASH_SIZE = 32  # bytes
ECDSA_KIND, RSA_KIND, RSA_BITS = "ecdsa_p256", "rsa_pss_3072", 3072
PSS_TYPE = b"\xffjukura.jp/rsa-pss-3072-sha256"
CLOCKS_DIFFER = timedelta(days=1)
"""As far as register and key service may disagree about the time."""
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_TEXTS = """
signatures | 署名: チェックポイント{n}件を確認 ({origin}) | signatures: {n} checkpoints of {origin}
entries | 記録: {n}件 (0番から)、欠落・挿入・改変なし | entries: the first {n}, none missing, inserted or altered
opened | 開示項目: {n}件が記録時の約束値と一致 | opened fields: {n} match what was committed to
known | 控え: 以前のチェックポイント{n}件と一致 | known: agrees with {n} checkpoints kept earlier
statements | 鍵の証明書: {n}通の署名を確認、欠番なし | statements on keys: {n} signatures checked, no number missing
endorsed | 鍵 {key} は鍵 {by} が保証 (証明書{number}番、{time}) | key {key} is vouched for by {by} (statement {number}, {time})
pinned | 鍵: 指定された指紋の鍵と、それが保証した鍵だけが署名 | keys: only keys with the fingerprints given, and those they vouch for, have signed
tail | 未署名の末尾: {n}件は最後の署名より後の記録で、検証の対象外 | unsigned tail: {n} entries after the last signature are NOT verified
withheld | 非開示項目: {n}件の内容は確認できない | withheld fields: the content of {n} was not checked
unpinned | 鍵の持主は未確認。指紋を県から受け取ったものと照合すること: {key} | whose the key is was not checked; compare its fingerprint with the prefecture's: {key}
no_known | 控えの指定なし。ログ全体の差替えは確認できない | no known checkpoint given: a replacement of the whole log was not checked
clock_back | 時刻が直前の記録より前の記録が{n}件 (時計の修正など) | {n} entries have an earlier time than the one before (a corrected clock, or worse)
after_end | 鍵 {key} は証明書{number}番 ({time}) で終わったが、それより後の時刻の記録に{n}回署名 | key {key} ended by statement {number} ({time}) but has signed {n} checkpoints over entries of a later time
before_start | 鍵 {key} は証明書{number}番 ({time}) で保証されたが、1日以上前の時刻の記録に{n}回署名 | key {key} was endorsed by statement {number} ({time}) but has signed {n} checkpoints that end more than a day before
order | 保証された鍵がそれより前に署名していないことは、時刻によるほか確認できない | that an endorsed key signed nothing before its endorsement was checked by times alone
not_evidence | README.txt と鍵の名札・作成日は証拠ではなく、確認していない | README.txt and the keys' labels and dates are no evidence and were not checked
extra_files | 形式にないファイル{n}個は確認していない | {n} files that are not part of the format were not checked
verified | 結果: 検証できた | result: VERIFIED
not_verified | 結果: 検証できない | result: NOT VERIFIED
unreadable | 読めないファイルがある: {file} | a file cannot be read: {file}
line_cut | {file} {line}行目: 途中で切れている、長すぎる、またはUTF-8でない | {file} line {line}: cut off, too long or not UTF-8
not_canonical | {file} {line}行目: 正規形のJSONでない | {file} line {line}: not canonical JSON
key_form | {file} {line}行目: 公開鍵として読めない | {file} line {line}: not a public key of this format
key_twice | {file} {line}行目: 同じ鍵が二度ある | {file} line {line}: the same key twice
checkpoint_form | {file} {line}行目まで: チェックポイントの形式でない | {file} up to line {line}: not a checkpoint
checkpoint_order | {file}: サイズが{before}から{size}へ戻っている | {file}: size goes back from {before} to {size}
other_log | {file} {place}: 別のログのもの | {file} {place}: of another log
key_label | 鍵 {key} の名札が証明書{number}番と違う | the label of key {key} is not that of statement {number}
bad_signature | {file} {place}: 署名が正しくない | {file} {place}: the signature is false
unknown_signer | {file} {place}: keys.jsonl の鍵による署名がない | {file} {place}: not signed by any key of keys.jsonl
foreign_key | {file} {place}: 指定も保証もされていない鍵による署名 {key} | {file} {place}: signed by a key that was neither named nor vouched for: {key}
ended_key | {file} {place}: 証明書{number}番で終わった鍵による署名 {key} | {file} {place}: signed by a key that had ended by statement {number}: {key}
statement_form | {file} {line}行目まで: 証明書の形式でない | {file} up to line {line}: not a statement
statement_gap | {file}: {expected}番があるべき所に{found}番がある: 欠落・重複・入替え | {file}: statement {found} stands where {expected} should: one is missing, doubled or moved
statement_missing | 記録{seq}番にある証明書{number}番がない | statement {number} of entry {seq} is missing
statement_other | 証明書{number}番の種類が記録{seq}番と違う | statement {number} is not of the kind that entry {seq} says
nothing_signed | 署名されたチェックポイントがない | there is no signed checkpoint
entry_form | {file} {line}行目: 記録の形式でない | {file} line {line}: not an entry of this format
head_cut | 記録が0番から始まらず{found}番から始まる: 先頭が欠けている | the log starts at {found}, not 0: its head is cut off
sequence | {expected}番があるべき所に{found}番がある: 欠落・重複・挿入・入替え | entry {found} stands where {expected} should: one is missing, doubled, inserted or moved
other_epoch | 記録{seq}番: 別の期の記録である | entry {seq}: of another epoch
commitment | 記録{seq}番: 開示項目 {name} が記録時の約束値と違う | entry {seq}: opened field {name} is not what was committed to
tail_cut | {file} は{size}件に署名しているが記録は{found}件しかない: 末尾が欠けている | {file} signs {size} entries, only {found} are here: the tail is cut off
root | {file} サイズ{size}: 署名された値と記録が合わない: 記録の改変または差替え | {file} size {size}: the entries do not give the signed root: altered or replaced
"""
TEXTS = {code: texts for code, *texts in (line.split(" | ") for line in _TEXTS.strip().split("\n"))}
"""Everything it says, in Japanese and English. No value of an opened field is ever printed."""

IDENTIFIER = re.compile(r"(?!.*[0-9]{11})[A-Za-z0-9._:/@-]{0,64}", re.ASCII)
CODE = re.compile(r"(?!.*[0-9]{4})[a-z0-9_.]{0,64}", re.ASCII)
NAME = re.compile(r"(?!.*[0-9]{4})[a-z][a-z0-9_]{0,31}", re.ASCII)
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)
SECOND = re.compile(TIME.pattern.replace(r"\.[0-9]{6}", ""), re.ASCII)
SEAL = re.compile(r"seal\.[1-9][0-9]{0,8}", re.ASCII)
SERIAL = re.compile(r"[^\x00-\x1f\x7f]{0,64}")
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
ORIGIN = re.compile(r"[a-z0-9.]+/[a-z]+/([1-9][0-9]{0,14})", re.ASCII)
SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
LINE = re.compile(r"[^\x00-\x1f]+")
FIELD = re.compile(r"([a-z][a-z0-9_]*) (.*)")
SIGNATURE = re.compile(r"— ([^\s+\x00-\x1f]+) ([A-Za-z0-9+/]+={0,2})")


class VerificationError(Exception):
    """The first fault: a key of TEXTS, and where it is."""

    def __init__(self, code: str, **where: object) -> None:
        super().__init__(code)
        self.code = code
        self.where = where


class Key(NamedTuple):
    der: bytes
    """SubjectPublicKeyInfo."""
    label: tuple[str, str, str]
    """(generation of seal, kind, serial of its token): no evidence, unless an endorsement says it."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, 64 hex digits."""
        return sha256(self.der).hexdigest()


class Note(NamedTuple):
    """A signed note (C2SP signed-note); none of its signatures is checked yet."""

    file: str
    line: int
    """The last one, in the file."""
    text: list[str]
    signatures: list[tuple[str, bytes, bytes]]
    """(name, key id, signature)."""

    @property
    def signed(self) -> bytes:
        """The bytes that are signed."""
        return "".join(f"{line}\n" for line in self.text).encode()


class Checkpoint(NamedTuple):
    note: Note
    size: int
    root: bytes

    @property
    def origin(self) -> str:
        """The log and its epoch."""
        return self.note.text[0]


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
    logged: dict[int, int] = field(default_factory=dict)
    """Number of a statement to the entry that holds it."""
    after_end: Counter[str] = field(default_factory=Counter)
    before_start: Counter[str] = field(default_factory=Counter)


@dataclass
class Report:
    """What was found on the way."""

    trust: Trust
    origin: str = ""
    checkpoints: int = 0
    known: int = 0
    verified: int = 0
    tail: int = 0
    opened: int = 0
    withheld: int = 0
    clock_back: int = 0
    signers: set[str] = field(default_factory=set)


def main(argv: list[str] | None = None) -> int:
    """The program; `argv` without its name."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    options = _options(argv)
    try:
        report = verify(options.folder, options.known, frozenset(options.key))
        extra = sum(1 for path in options.folder.iterdir() if path.name not in FILES)
    except VerificationError as no:
        say("[NG]", no.code, **no.where)
        say("[NG]", "not_verified")
        return 1
    except OSError as error:
        say("[NG]", "unreadable", file=ascii(Path(str(error.filename)).name))
        return 2
    _tell(report, extra)
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "jukura-verify", description="監査ログの検証 / Verifies an exported audit log."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="書き出されたフォルダ / the exported folder")
    parser.add_argument(
        "--known", type=Path, metavar="FILE", help="以前に控えたチェックポイント / checkpoints kept earlier"
    )
    parser.add_argument(
        "--key", type=_fingerprint, action="append", default=[], metavar="SHA256",
        help="公開鍵の指紋 (何度でも) / fingerprint of a key that may sign and vouch for others; may be repeated",
    )  # fmt: skip
    return parser.parse_args(argv)


def _fingerprint(text: str) -> str:
    plain = text.replace(":", "").lower()
    if not DIGEST.fullmatch(plain):
        raise argparse.ArgumentTypeError("64 hex digits")
    return plain


def _tell(report: Report, extra: int) -> None:
    trust = report.trust
    for code, n in (("signatures", report.checkpoints), ("statements", len(trust.kinds)),
                    ("entries", report.verified), ("opened", report.opened)):  # fmt: skip
        say("[OK]", code, n=n, origin=report.origin)
    for key, word in trust.endorsed.items():
        say("[OK]", "endorsed", key=key, **word._asdict())
    for checked, code in ((trust.pinned, "pinned"), (report.known, "known")):
        if checked:
            say("[OK]", code, n=report.known)
    for fingerprint in sorted(trust.roots - trust.pinned):
        say("[--]", "unpinned", key=fingerprint)
    for code, counter, words in (("after_end", trust.after_end, trust.ended),
                                 ("before_start", trust.before_start, trust.endorsed)):  # fmt: skip
        for key, n in counter.items():
            say("[!!]", code, key=key, n=n, number=words[key].number, time=words[key].time)
    counts = (("tail", report.tail), ("withheld", report.withheld), ("no_known", not report.known),
              ("clock_back", report.clock_back), ("order", len(report.signers & trust.endorsed.keys())),
              ("extra_files", extra), ("not_evidence", 1))  # fmt: skip
    for code, n in counts:
        if n:
            say("[--]", code, n=n)
    say("[OK]", "verified")


def say(mark: str, code: str, **values: object) -> None:
    """Print one text in both languages: [OK] checked, [--] not checked, [!!] to be explained, [NG] the fault."""
    for text in TEXTS[code]:
        print(mark, text.format(**values))


def verify(folder: Path, known: Path | None, pinned: frozenset[str]) -> Report:
    """Check `folder`; VerificationError at the first fault, OSError where a file cannot be read."""
    report = Report(Trust(read_keys(folder / KEYS), pinned, set(pinned)))
    kept = sorted(read_checkpoints(known), key=lambda note: note.size) if known else []
    signed = _growing(read_checkpoints(folder / CHECKPOINTS))
    first = next(signed, None)
    if first is None:
        raise VerificationError("nothing_signed")
    report.origin, report.known = first.origin, len(kept)
    epoch = _epoch(first)
    read_statements(folder / STATEMENTS, statement_name(first.origin), report.trust)
    entries = read_entries(folder / ENTRIES, epoch, report)
    peaks: list[bytes] = []
    last, coming = "", next(entries, None)
    for claim in heapq.merge([first], signed, kept, key=lambda note: note.size):
        signers = check_checkpoint(claim, report)
        while report.verified < claim.size:
            if coming is None:
                found = report.verified
                raise VerificationError("tail_cut", file=claim.note.file, size=claim.size, found=found)
            push(peaks, report.verified, coming[0])
            report.verified += 1
            last, coming = coming[1], next(entries, None)
        if root(peaks) != claim.root:
            raise VerificationError("root", file=claim.note.file, size=claim.size)
        check_times(claim, signers, report.trust, (last, coming[1] if coming else ""))
    report.checkpoints -= report.known
    report.tail = (coming is not None) + sum(1 for _ in entries)
    return report


def push(peaks: list[bytes], size: int, leaf: bytes) -> None:
    """Append one leaf hash to the tree of `size` leaves that is kept as its complete subtrees."""
    peaks.append(leaf)
    while size & 1:
        right, left = peaks.pop(), peaks.pop()
        peaks.append(sha256(b"\x01" + left + right).digest())
        size >>= 1


def root(peaks: list[bytes]) -> bytes:
    """The root over complete subtrees, largest first."""
    if not peaks:
        return sha256().digest()
    return reduce(lambda right, left: sha256(b"\x01" + left + right).digest(), reversed(peaks))


def check_checkpoint(claim: Checkpoint, report: Report) -> list[str]:
    """It is of this log, and a key that may sign has signed it; the fingerprints of those that did."""
    place = f"size={claim.size}"
    if claim.origin != report.origin:
        raise VerificationError("other_log", file=claim.note.file, place=place)
    signers = check_signatures(claim.note, claim.origin, place, report.trust)
    report.signers.update(signers)
    report.checkpoints += 1
    return signers


def check_signatures(note: Note, name: str, place: str, trust: Trust) -> list[str]:
    """A known key must have signed, and no signature of a known key may be false (signed-note, Signatures)."""
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


def check_times(claim: Checkpoint, signers: list[str], trust: Trust, around: tuple[str, str]) -> None:
    """Whether its signers had begun and not ended; `around` are the times of the last entry in it, and of the next."""
    last, coming = around
    for key in signers:
        end, start = trust.ended.get(key), trust.endorsed.get(key)
        if end and trust.logged.get(end.number, claim.size) < claim.size:
            where = {"file": claim.note.file, "place": f"size={claim.size}"}
            raise VerificationError("ended_key", **where, number=end.number, key=key)
        if end and last[:19] > end.time[:19]:
            trust.after_end[key] += 1
        if (
            start
            and coming
            and datetime.fromisoformat(coming) + CLOCKS_DIFFER < datetime.fromisoformat(start.time)
        ):
            trust.before_start[key] += 1


def read_statements(path: Path, name: str, trust: Trust) -> None:
    """Check every statement, in order, and take in what it says of keys; no file is none."""
    if not path.exists():
        return
    for note in read_notes(path, "statement_form"):
        made = _statement(note)
        place = f"number={made.number}"
        if note.text[0] != name:
            raise VerificationError("other_log", file=note.file, place=place)
        if made.number != len(trust.kinds) + 1:
            expected = len(trust.kinds) + 1
            raise VerificationError("statement_gap", file=note.file, expected=expected, found=made.number)
        signers = check_signatures(note, name, place, trust)
        for key in signers:
            if key in trust.ended:
                end = trust.ended[key].number
                raise VerificationError("ended_key", file=note.file, place=place, number=end, key=key)
        trust.kinds.append(made.kind)
        _take_in(made, Word(made.number, made.time, signers[0]), trust)


def _take_in(made: Statement, word: Word, trust: Trust) -> None:
    fields = made.fields
    if made.kind == "endorsement":
        label = fields["name"][0], fields["kind"][0], fields["serial"][0]
        begins(unbase64(fields["public"][0]), label, word, trust)
    elif made.kind == "destruction":
        ends({(fields["name"][0], serial) for serial in fields.get("confirmed", [])}, word, trust)
    elif made.kind == "token_retired":
        ends({(key.label[0], fields["serial"][0]) for key in trust.keys.values()}, word, trust)


def begins(der: bytes, label: tuple[str, str, str], word: Word, trust: Trust) -> None:
    """A key vouches for another, which from now on may sign."""
    key = next((key for key in trust.keys.values() if key.der == der), None)
    if key is None:  # of another use than the log, or never used
        return
    if key.label != label:
        raise VerificationError("key_label", key=key.fingerprint, number=word.number)
    if key.fingerprint not in trust.roots - trust.pinned:
        trust.endorsed.setdefault(key.fingerprint, word)


def ends(pairs: set[tuple[str, str]], word: Word, trust: Trust) -> None:
    """The keys of these (name, serial) that have begun are no more, or in hands that are not ours."""
    for key in trust.keys.values():
        begun = key.fingerprint in trust.roots | trust.endorsed.keys()
        if begun and (key.label[0], key.label[2]) in pairs:
            trust.ended.setdefault(key.fingerprint, word)


def _growing(notes: Iterator[Checkpoint]) -> Iterator[Checkpoint]:
    before = 0
    for note in notes:
        if note.size < before:
            raise VerificationError("checkpoint_order", file=note.note.file, before=before, size=note.size)
        before = note.size
        yield note


def _epoch(first: Checkpoint) -> int:
    found = ORIGIN.fullmatch(first.origin)
    if not found:
        raise VerificationError("checkpoint_form", file=first.note.file, line=1)
    return int(found[1])


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, text) of each line; every line ends with one U+000A."""
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(MAX_LINE):
            number += 1
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                raise VerificationError("line_cut", file=path.name, line=number) from None
            if not text.endswith("\n"):
                raise VerificationError("line_cut", file=path.name, line=number)
            yield number, text[:-1]


def read_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of each line of a .jsonl file; each must be canonical."""
    for number, text in read_lines(path):
        value = parsed(text)
        if value is None:
            raise VerificationError("not_canonical", file=path.name, line=number)
        yield number, value


def parsed(text: object) -> dict[str, Any] | None:
    """The object in `text`, or None unless `text` is its one canonical form, which also rules out doubled names."""
    try:
        value = json.loads(text) if isinstance(text, str) else None
        return value if isinstance(value, dict) and canonical(value) == text else None
    except (ValueError, RecursionError):
        return None


def canonical(value: object) -> str:
    """RFC 8785 for values without floating-point numbers; ValueError for others."""
    return COMPACT.encode(_ordered(value))


def _ordered(value: object) -> object:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value, key=_utf16)}
    if isinstance(value, list):
        return [_ordered(inner) for inner in value]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_INT):
        raise ValueError
    return value


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def read_keys(path: Path) -> dict[tuple[str, bytes], Key]:
    """The public keys by (name, key id): under the name of the log, and under that of the statements."""
    keys: dict[tuple[str, bytes], Key] = {}
    for number, line in read_objects(path):
        der = unbase64(line.get("public"))
        sound = line.keys() == KEY.keys() and all(form(line[name]) for name, form in KEY.items())
        if not sound or line["kind"] != kind_of(der):
            raise VerificationError("key_form", file=path.name, line=number)
        key = Key(der, (line["key"], line["kind"], line["serial"]))
        for name in (line["name"], statement_name(line["name"])):
            ident = name, key_id(name, der)
            if ident in keys:
                raise VerificationError("key_twice", file=path.name, line=number)
            keys[ident] = key
    return keys


def statement_name(origin: str) -> str:
    """First line of the statements of a log's register, and the name of its keys there."""
    return origin.rpartition("/")[0] + "/statement"


def key_id(name: str, der: bytes) -> bytes:
    """The 4 bytes that name a key beside its name; for RSA under a private type (signed-note, Signature types)."""
    private = kind_of(der) == RSA_KIND
    return sha256(name.encode() + b"\n" + PSS_TYPE + der if private else der).digest()[:4]


def kind_of(der: bytes) -> str:
    """How the key signs; empty for one of no kind of this format."""
    key = _loaded(der)
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return ECDSA_KIND
    return RSA_KIND if isinstance(key, RSAPublicKey) and key.key_size == RSA_BITS else ""


def signs(der: bytes, signature: bytes, text: bytes) -> bool:
    """Whether `signature` is that key's over `text`."""
    key = _loaded(der)
    try:
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, text, ECDSA(SHA256()))
        elif isinstance(key, RSAPublicKey):
            key.verify(signature, text, PSS(MGF1(SHA256()), SHA256.digest_size), SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


@cache
def _loaded(der: bytes) -> object:
    try:
        return load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        return None


def unbase64(text: object) -> bytes:
    """The bytes of `text`, or none unless it is their one base64 form (RFC 4648 §3.5)."""
    try:
        value = b64decode(str(text), validate=True)
    except ValueError:
        return b""
    return value if b64encode(value).decode() == text else b""


def read_notes(path: Path, broken: str) -> Iterator[Note]:
    """The notes of a file: text lines, an empty line, signature lines, an empty line. `broken` is said of others."""
    lines: list[str] = []
    number = 0
    for number, line in read_lines(path):
        if line == "" and "" in lines:
            gap = lines.index("")
            text, tail = lines[:gap], [SIGNATURE.fullmatch(line) for line in lines[gap + 1 :]]
            made = [(found[1], unbase64(found[2])) for found in tail if found]
            if len(made) != len(tail) or not all(map(LINE.fullmatch, text)):
                raise VerificationError(broken, file=path.name, line=number)
            yield Note(path.name, number, text, [(name, blob[:4], blob[4:]) for name, blob in made])
            lines = []
        else:
            lines.append(line)
        if len(lines) > MAX_NOTE_LINES:
            break
    if lines:
        raise VerificationError(broken, file=path.name, line=number)


def read_checkpoints(path: Path) -> Iterator[Checkpoint]:
    """The checkpoints of a file (tlog-checkpoint, Note text)."""
    for note in read_notes(path, "checkpoint_form"):
        match note.text:
            case [_, size, root, *_] if SIZE.fullmatch(size) and len(unbase64(root)) == HASH_SIZE:
                yield Checkpoint(note, int(size), unbase64(root))
            case _:
                raise VerificationError("checkpoint_form", file=note.file, line=note.line)


def _statement(note: Note) -> Statement:
    match note.text:
        case [_, kind, number, time, *rest] if SIZE.fullmatch(number) and _exists(SECOND, time):
            found = [FIELD.fullmatch(line) for line in rest]
            fields: dict[str, list[str]] = {}
            for pair in filter(None, found):
                fields.setdefault(pair[1], []).append(pair[2])
            single = all(len(fields.get(name, [])) == 1 for name in STATEMENT.get(kind, ()))
            if kind in STATEMENT and all(found) and single:
                return Statement(note, kind, int(number), time, fields)
    raise VerificationError("statement_form", file=note.file, line=note.line)


STATEMENT: dict[str, tuple[str, ...]] = {
    "endorsement": ("name", "serial", "kind", "public"),
    "destruction": ("name",),
    "token_enrolled": ("serial",),
    "token_retired": ("serial",),
    "clock_set": (),
    "custodians_set": (),
    "pin_cleared": (),
    "ceremony": (),
}
"""The kinds of statement, and the fields that each must have once; it may have more."""


Form = Callable[[object], bool]


def _matches(pattern: re.Pattern[str]) -> Form:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _number(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_INT


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT


def _exists(pattern: re.Pattern[str], value: object) -> bool:
    """A time of that form that exists."""
    try:
        return _matches(pattern)(value) and datetime.fromisoformat(str(value)) is not None
    except ValueError:
        return False


def _moment(value: object) -> bool:
    """A time in UTC with microseconds."""
    return _exists(TIME, value)


KEY: dict[str, Form] = {
    "from": _moment,
    "key": _matches(SEAL),
    "kind": lambda value: value in (ECDSA_KIND, RSA_KIND),
    "name": _matches(IDENTIFIER),
    "public": lambda value: isinstance(value, str),
    "serial": _matches(SERIAL),
}
"""The form of a public key's line."""

LEAF: dict[str, Form] = {
    "action": _matches(re.compile(r"[a-z_]{1,32}\.[a-z_]{1,32}", re.ASCII)),
    "actor": _matches(IDENTIFIER),
    "affair": _matches(IDENTIFIER),
    "code": _matches(CODE),
    "commitments": lambda value: _table(value, _matches(DIGEST)),
    "counts": lambda value: _table(value, _count),
    "epoch": _number,
    "format": lambda value: type(value) is int and value == 1,
    "outcome": lambda value: value in ("ok", "refused", "failed"),
    "seq": _number,
    "terminal": _matches(IDENTIFIER),
    "time": _moment,
}
"""The form of an entry: every name must be there, and no other."""


def _table(value: object, form: Form) -> bool:
    return isinstance(value, dict) and all(
        _matches(NAME)(name) and form(inner) for name, inner in value.items()
    )


def read_entries(path: Path, epoch: int, report: Report) -> Iterator[tuple[bytes, str]]:
    """(leaf hash, time) of each entry, after checking its form, place, opened fields and statement."""
    expected, before = 0, ""
    for number, line in read_objects(path):
        leaf = parsed(line.get("leaf"))
        sound = leaf is not None and leaf.keys() == LEAF.keys() and line.keys() <= {"leaf", "open"}
        if leaf is None or not sound or not all(form(leaf[name]) for name, form in LEAF.items()):
            raise VerificationError("entry_form", file=path.name, line=number)
        if leaf["seq"] != expected:
            code = "sequence" if expected else "head_cut"
            raise VerificationError(code, expected=expected, found=leaf["seq"])
        if leaf["epoch"] != epoch:
            raise VerificationError("other_epoch", seq=expected)
        check_opened(leaf, line.get("open", {}), report)
        if leaf["action"] == "key.statement":
            check_logged(leaf, report.trust)
        report.clock_back += leaf["time"] < before
        expected, before = expected + 1, leaf["time"]
        yield sha256(b"\x00" + line["leaf"].encode()).digest(), leaf["time"]


def check_logged(leaf: dict[str, Any], trust: Trust) -> None:
    """The statement of which the log has an entry must be there, and of that kind."""
    number = leaf["counts"].get("number", 0)
    if not 0 < number <= len(trust.kinds):
        raise VerificationError("statement_missing", seq=leaf["seq"], number=number)
    if trust.kinds[number - 1] not in leaf["counts"]:
        raise VerificationError("statement_other", seq=leaf["seq"], number=number)
    if any(word.number == number for word in trust.ended.values()):
        trust.logged.setdefault(number, leaf["seq"])


def check_opened(leaf: dict[str, Any], fields: object, report: Report) -> None:
    """Each opened field must be what the leaf committed to."""
    if not isinstance(fields, dict):
        raise VerificationError("commitment", seq=leaf["seq"], name="-")
    for name, pair in fields.items():
        if leaf["commitments"].get(name) != commitment(name, pair):
            raise VerificationError("commitment", seq=leaf["seq"], name=ascii(name))
    report.opened += len(fields)
    report.withheld += len(leaf["commitments"]) - len(fields)


def commitment(name: str, pair: object) -> str:
    """What a leaf must say of the field `name` for `pair` = [salt, value]; empty where `pair` is no such pair."""
    match pair:
        case [salt, value] if len(unbase64(salt)) == HASH_SIZE:
            tagged = b"\x02" + name.encode() + b"\x00" + unbase64(salt)
            return sha256(tagged + canonical(value).encode()).hexdigest()
        case _:
            return ""


if __name__ == "__main__":
    sys.exit(main())
