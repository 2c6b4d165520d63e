"""jukura-verify: checks an exported audit log with nothing but the public keys.

Runs anywhere with Python 3.11 and the library `cryptography`; it uses no code of the system that wrote the log, so
this one file is all that an auditor has to read. What it checks, in this order:

1. keys.jsonl: ECDSA P-256 public keys, and, with --key, that only the keys named there have signed;
2. checkpoints.txt (and --known): signed notes (C2SP signed-note, tlog-checkpoint), one origin, growing sizes;
3. entries.jsonl: numbered 0, 1, 2 … without a gap, each of the fixed form in canonical JSON (RFC 8785);
4. the commitment of each opened field: SHA-256(0x02 ‖ name ‖ 0x00 ‖ salt ‖ canonical value);
5. at the size of each checkpoint, that the tree (RFC 9162 §2.1) over the entries has the signed root.

The first fault ends it. Memory does not grow with the log. Exit status: 0 verified, 1 not, 2 usage or unreadable.
"""

import argparse
import heapq
import io
import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

FILES = KEYS, CHECKPOINTS, ENTRIES, README = "keys.jsonl", "checkpoints.txt", "entries.jsonl", "README.txt"
MAX_LINE = 1024 * 1024  # bytes
MAX_NOTE_LINES = 64
MAX_INT = 2**53 - 1
MAX_COUNT = 10**10 - 1
HASH_SIZE = 32  # bytes
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_TEXTS = """
signatures | 署名: チェックポイント{n}件を確認 ({origin}) | signatures: {n} checkpoints of {origin}
entries | 記録: {n}件 (0番から)、欠落・挿入・改変なし | entries: the first {n}, none missing, inserted or altered
opened | 開示項目: {n}件が記録時の約束値と一致 | opened fields: {n} match what was committed to
known | 控え: 以前のチェックポイント{n}件と一致 | known: agrees with {n} checkpoints kept earlier
pinned | 鍵: 指定された指紋の鍵だけが署名 | keys: only keys with the fingerprints given have signed
tail | 未署名の末尾: {n}件は最後の署名より後の記録で、検証の対象外 | unsigned tail: {n} entries after the last signature are NOT verified
withheld | 非開示項目: {n}件の内容は確認できない | withheld fields: the content of {n} was not checked
unpinned | 鍵の持主は未確認。指紋を県から受け取ったものと照合すること: {key} | whose the key is was not checked; compare its fingerprint with the prefecture's: {key}
no_known | 控えの指定なし。ログ全体の差替えは確認できない | no known checkpoint given: a replacement of the whole log was not checked
clock_back | 時刻が直前の記録より前の記録が{n}件 (時計の修正など) | {n} entries have an earlier time than the one before (a corrected clock, or worse)
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
other_log | {file}: 別のログのチェックポイントが混じっている | {file}: a checkpoint of another log
bad_signature | {file} サイズ{size}: 署名が正しくない | {file} size {size}: the signature is false
unknown_signer | {file} サイズ{size}: keys.jsonl の鍵による署名がない | {file} size {size}: not signed by any key of keys.jsonl
foreign_key | {file} サイズ{size}: 指定されていない鍵による署名 {key} | {file} size {size}: signed by a key that was not named: {key}
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
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
ORIGIN = re.compile(r"[a-z0-9.]+/[a-z]+/([1-9][0-9]{0,14})", re.ASCII)
SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
LINE = re.compile(r"[^\x00-\x1f]+")
SIGNATURE = re.compile(r"— ([^\s+\x00-\x1f]+) ([A-Za-z0-9+/]+={0,2})")


class VerificationError(Exception):
    """The first fault: a key of TEXTS, and where it is."""

    def __init__(self, code: str, **where: object) -> None:
        super().__init__(code)
        self.code = code
        self.where = where


class Key(NamedTuple):
    public: EllipticCurvePublicKey
    fingerprint: str
    """SHA-256 of the SubjectPublicKeyInfo, 64 hex digits."""


class Checkpoint(NamedTuple):
    file: str
    text: bytes
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes, bytes]]
    """(name, key id, DER signature)."""


@dataclass
class Report:
    """What was found on the way."""

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
    _tell(report, pinned=bool(options.key), extra=extra)
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
        help="公開鍵の指紋 (何度でも) / fingerprint of a key that may sign; may be repeated",
    )  # fmt: skip
    return parser.parse_args(argv)


def _fingerprint(text: str) -> str:
    plain = text.replace(":", "").lower()
    if not DIGEST.fullmatch(plain):
        raise argparse.ArgumentTypeError("64 hex digits")
    return plain


def _tell(report: Report, *, pinned: bool, extra: int) -> None:
    say("[OK]", "signatures", n=report.checkpoints, origin=report.origin)
    say("[OK]", "entries", n=report.verified)
    say("[OK]", "opened", n=report.opened)
    for checked, code in ((pinned, "pinned"), (report.known, "known")):
        if checked:
            say("[OK]", code, n=report.known)
    for fingerprint in sorted(report.signers if not pinned else ()):
        say("[--]", "unpinned", key=fingerprint)
    counts = (("tail", report.tail), ("withheld", report.withheld), ("no_known", not report.known),
              ("clock_back", report.clock_back), ("extra_files", extra), ("not_evidence", 1))  # fmt: skip
    for code, n in counts:
        if n:
            say("[--]", code, n=n)
    say("[OK]", "verified")


def say(mark: str, code: str, **values: object) -> None:
    """Print one text in both languages: [OK] checked, [--] not checked, [NG] the fault."""
    for text in TEXTS[code]:
        print(mark, text.format(**values))


def verify(folder: Path, known: Path | None, pinned: frozenset[str]) -> Report:
    """Check `folder`; VerificationError at the first fault, OSError where a file cannot be read."""
    keys, report = read_keys(folder / KEYS), Report()
    kept = sorted(read_notes(known), key=lambda note: note.size) if known else []
    signed = _growing(read_notes(folder / CHECKPOINTS))
    first = next(signed, None)
    if first is None:
        raise VerificationError("nothing_signed")
    report.origin, report.known = first.origin, len(kept)
    entries = read_entries(folder / ENTRIES, _epoch(first), report)
    peaks: list[bytes] = []
    for claim in heapq.merge([first], signed, kept, key=lambda note: note.size):
        check_signature(claim, keys, pinned, report)
        while report.verified < claim.size:
            leaf = next(entries, None)
            if leaf is None:
                raise VerificationError("tail_cut", file=claim.file, size=claim.size, found=report.verified)
            push(peaks, report.verified, leaf)
            report.verified += 1
        if root(peaks) != claim.root:
            raise VerificationError("root", file=claim.file, size=claim.size)
    report.checkpoints -= report.known
    report.tail = sum(1 for _ in entries)
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


def check_signature(
    note: Checkpoint, keys: dict[tuple[str, bytes], Key], pinned: frozenset[str], report: Report
) -> None:
    """A known key must have signed, and no signature of a known key may be false (signed-note, Signatures)."""
    if note.origin != report.origin:
        raise VerificationError("other_log", file=note.file)
    mine = [(keys[name, ident], made) for name, ident, made in note.signatures if (name, ident) in keys]
    if not mine:
        raise VerificationError("unknown_signer", file=note.file, size=note.size)
    for key, made in mine:
        if pinned and key.fingerprint not in pinned:
            raise VerificationError("foreign_key", file=note.file, size=note.size, key=key.fingerprint)
        try:
            key.public.verify(made, note.text, ECDSA(SHA256()))
        except InvalidSignature:
            raise VerificationError("bad_signature", file=note.file, size=note.size) from None
        report.signers.add(key.fingerprint)
    report.checkpoints += 1


def _growing(notes: Iterator[Checkpoint]) -> Iterator[Checkpoint]:
    before = 0
    for note in notes:
        if note.size < before:
            raise VerificationError("checkpoint_order", file=note.file, before=before, size=note.size)
        before = note.size
        yield note


def _epoch(note: Checkpoint) -> int:
    found = ORIGIN.fullmatch(note.origin)
    if not found:
        raise VerificationError("checkpoint_form", file=note.file, line=1)
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
    """The public keys by (name, key id); the id of an ECDSA key is the start of its fingerprint."""
    keys: dict[tuple[str, bytes], Key] = {}
    for number, line in read_objects(path):
        der = unbase64(line.get("public"))
        public = _public(der)
        sound = line.keys() == KEY.keys() and all(form(line[name]) for name, form in KEY.items())
        if public is None or not sound:
            raise VerificationError("key_form", file=path.name, line=number)
        ident = line["name"], sha256(der).digest()[:4]
        if ident in keys:
            raise VerificationError("key_twice", file=path.name, line=number)
        keys[ident] = Key(public, sha256(der).hexdigest())
    return keys


def _public(der: bytes) -> EllipticCurvePublicKey | None:
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None


def unbase64(text: object) -> bytes:
    """The bytes of `text`, or none unless it is their one base64 form (RFC 4648 §3.5)."""
    try:
        value = b64decode(str(text), validate=True)
    except ValueError:
        return b""
    return value if b64encode(value).decode() == text else b""


def read_notes(path: Path) -> Iterator[Checkpoint]:
    """The checkpoints of a file: text lines, an empty line, signature lines, an empty line."""
    lines: list[str] = []
    number = 0
    for number, line in read_lines(path):
        if line == "" and "" in lines:
            yield _note(path.name, number, lines)
            lines = []
        else:
            lines.append(line)
        if len(lines) > MAX_NOTE_LINES:
            break
    if lines:
        raise VerificationError("checkpoint_form", file=path.name, line=number)


def _note(file: str, number: int, lines: list[str]) -> Checkpoint:
    gap = lines.index("")
    text, tail = lines[:gap], [SIGNATURE.fullmatch(line) for line in lines[gap + 1 :]]
    made = [(found[1], unbase64(found[2])) for found in tail if found]
    sound = len(text) >= 3 and len(made) == len(tail) and all(map(LINE.fullmatch, text))  # noqa: PLR2004 - tlog-checkpoint
    if not sound or not SIZE.fullmatch(text[1]) or len(unbase64(text[2])) != HASH_SIZE:
        raise VerificationError("checkpoint_form", file=file, line=number)
    body = "".join(f"{line}\n" for line in text).encode()
    signatures = [(name, blob[:4], blob[4:]) for name, blob in made]
    return Checkpoint(file, body, text[0], int(text[1]), unbase64(text[2]), signatures)


Form = Callable[[object], bool]


def _matches(pattern: re.Pattern[str]) -> Form:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _number(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_INT


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT


def _moment(value: object) -> bool:
    """A time that exists, in UTC with microseconds."""
    try:
        return _matches(TIME)(value) and datetime.fromisoformat(str(value)) is not None
    except ValueError:
        return False


KEY: dict[str, Form] = {
    "from": _moment,
    "key": _matches(IDENTIFIER),
    "name": _matches(IDENTIFIER),
    "public": lambda value: isinstance(value, str),
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


def read_entries(path: Path, epoch: int, report: Report) -> Iterator[bytes]:
    """The leaf hash of each entry, after checking its form, place and opened fields."""
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
        report.clock_back += leaf["time"] < before
        expected, before = expected + 1, leaf["time"]
        yield sha256(b"\x00" + line["leaf"].encode()).digest()


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
