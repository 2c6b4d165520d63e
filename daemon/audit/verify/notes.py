"""Signed notes (C2SP signed-note): how they are written, and which key signed one."""

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .faults import VerificationError
from .forms import ECDSA_KIND, RSA_KIND, unbase64
from .source import Source, read_lines

MAX_LINES = 1100
REST = "  "
RSA_BITS = 3072
PSS_TYPE = b"\xffjukura.jp/rsa-pss-3072-sha256"
LINE = re.compile(r"[^\x00-\x1f]+")
SIGNATURE = re.compile(r"— ([^\s+\x00-\x1f]+) ([A-Za-z0-9+/]+={0,2})")


class Note(NamedTuple):
    """A signed note; none of its signatures is checked yet."""

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


def read_notes(files: Source, name: str, broken: str, *, kept: bool = False) -> Iterator[Note]:
    """The notes of a file: text lines, an empty line, signature lines, an empty line. `broken` is said of others.

    What somebody has `kept` may lack the last line: a note by itself, as it was signed, has none. And it may come from paper, where the
    rest of a long line stands on the next, behind two spaces.
    """
    lines: list[str] = []
    number = 0
    for number, line in read_lines(files, name):
        if kept and lines and line.startswith(REST):
            lines[-1] += line.removeprefix(REST)
        elif line == "" and "" in lines:
            yield note_of(lines, name, number, broken)
            lines = []
        else:
            lines.append(line)
        if len(lines) > MAX_LINES:
            raise VerificationError(broken, file=name, line=number)
    if lines and not kept:
        raise VerificationError(broken, file=name, line=number)
    if lines:
        yield note_of(lines, name, number, broken)


def note_of(lines: list[str], file: str, number: int, broken: str) -> Note:
    """The note in `lines`: text, an empty line, signatures."""
    gap = lines.index("") if "" in lines else len(lines)
    text, tail = lines[:gap], [SIGNATURE.fullmatch(line) for line in lines[gap + 1 :]]
    made = [(found[1], unbase64(found[2])) for found in tail if found]
    if not tail or len(made) != len(tail) or not all(map(LINE.fullmatch, text)):
        raise VerificationError(broken, file=file, line=number)
    return Note(file, number, text, [(name, blob[:4], blob[4:]) for name, blob in made])


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
