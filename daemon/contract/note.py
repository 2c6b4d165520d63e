"""Checkpoints and statements as signed notes (C2SP signed-note and tlog-checkpoint).

Two kinds of key sign, and which one a key is stands in its SubjectPublicKeyInfo:

- ECDSA P-256 over SHA-256: signature type 0x02, the signature in DER (Ecdsa-Sig-Value);
- RSA of 3072 bits, RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 bytes (RFC 8017 §8.1), where a token has no
  elliptic curves. signed-note assigns it no type, so it stands under the private one, 0xff, followed by the identifier
  `jukura.jp/rsa-pss-3072-sha256`; the signature is the 384 bytes themselves.

Each extension line of ours is a name, a space and a value. `time` is the moment at which the key service signed, by its own record
of the clock: so a checkpoint says since when the tree below it stands.

A checkpoint that exists is well formed: its lines cannot smuggle in further lines, so a signer may build one from
what it was told and sign the text. Every failure is an IntegrityError: `log.bad_checkpoint` for the form,
`log.bad_signature` for the signature. A key is named after the origin of its log (tlog-checkpoint, Signatures);
generations of `seal` under one name differ by key id.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.contract.merkle import HASH_SIZE
from daemon.errors import IntegrityError

MAX_NOTE = 128 * 1024  # bytes; 16 signatures of the longest kind fit (signed-note, Format)
KEY_ID_SIZE = 4  # bytes
RSA_SIZE = 3072  # bits of a modulus
SALT_SIZE = 32  # bytes, as long as the digest

TIME = "time "
"""Begins the extension line that only the signer writes."""

_ECDSA_TYPE = b"\x02"
_PSS_TYPE = b"\xffjukura.jp/rsa-pss-3072-sha256"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_SIGNATURE = re.compile(r"— ([^\s+\x00-\x1f]+) ([A-Za-z0-9+/]+={0,2})")
_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_LINE = re.compile(r"[^\x00-\x1f\ud800-\udfff]+")
"""What one line of a note may hold: no control characters, no half of a surrogate pair."""


def origin_of(register: str, epoch: int) -> str:
    """The identity of one register's log in one epoch: first line of its checkpoints and name of its keys."""
    return f"jukura.jp/{register}/{epoch}"


@dataclass(frozen=True)
class Checkpoint:
    """A tree head: `size` leaves under `root`. Raises `log.bad_checkpoint` where a field breaks the form."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sound = {
            "origin": _LINE.fullmatch(self.origin),
            "size": _SIZE.fullmatch(str(self.size)),
            "root": len(self.root) == HASH_SIZE,
            "extensions": all(_LINE.fullmatch(line) for line in self.extensions),
        }
        for field, holds in sound.items():
            if not holds:
                raise IntegrityError("log.bad_checkpoint", field=field)

    def text(self) -> bytes:
        """The bytes that are signed: origin, size, root, extensions, each on a line (tlog-checkpoint, Note text)."""
        lines = (self.origin, str(self.size), _base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()

    @property
    def signed_at(self) -> datetime:
        """When it was signed, to the second; `log.bad_checkpoint` where it does not say so once."""
        times = [line.removeprefix(TIME) for line in self.extensions if line.startswith(TIME)]
        if len(times) != 1 or not _SECOND.fullmatch(times[0]):
            raise IntegrityError("log.bad_checkpoint", field="time")
        try:
            return datetime.fromisoformat(times[0])
        except ValueError:
            raise IntegrityError("log.bad_checkpoint", field="time") from None

    @classmethod
    def parse(cls, text: bytes) -> "Checkpoint":
        """The checkpoint whose `text` this is, to the byte; else `log.bad_checkpoint`."""
        match _utf8(text).split("\n"):
            case [origin, size, root, *extensions, ""] if _SIZE.fullmatch(size):
                return cls(origin, int(size), _unbase64(root), tuple(extensions))
            case _:
                raise IntegrityError("log.bad_checkpoint")


def time_line(at: datetime) -> str:
    """The extension line that says when a checkpoint was signed."""
    return f"{TIME}{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def key_id(name: str, public_der: bytes) -> bytes:
    """The 4 bytes that name a key beside its `name`, from its SubjectPublicKeyInfo (signed-note, Signature types).

    For ECDSA they are the start of SHA-256 over the SubjectPublicKeyInfo alone, without the name; for RSA over
    name ‖ 0x0A ‖ type and identifier ‖ SubjectPublicKeyInfo.
    """
    if not _NAME.fullmatch(name):
        raise IntegrityError("log.bad_checkpoint", field="name")
    private = isinstance(_loaded(public_der), RSAPublicKey)
    hashed = f"{name}\n".encode() + _PSS_TYPE + public_der if private else public_der
    return sha256(hashed).digest()[:KEY_ID_SIZE]


def vkey(name: str, public_der: bytes) -> str:
    """The line that names a public key to whoever checks (signed-note; transparency-dev/formats for its kind): name, key id in hex, and base64 of
    the kind and the SubjectPublicKeyInfo."""
    kind = _PSS_TYPE if isinstance(_loaded(public_der), RSAPublicKey) else _ECDSA_TYPE
    return f"{name}+{key_id(name, public_der).hex()}+{_base64(kind + public_der)}"


def signature_line(name: str, public_der: bytes, signature: bytes) -> str:
    """The line, without its newline, that carries `signature` over a note's text, as the key's kind gives it."""
    return f"— {name} {_base64(key_id(name, public_der) + signature)}"


def signed(text: bytes, *lines: str) -> str:
    """The note: `text`, an empty line, and the signature `lines`."""
    return _utf8(text) + "\n" + "".join(f"{line}\n" for line in lines)


def verify(note: str, name: str, public_der: bytes) -> Checkpoint:
    """The checkpoint that the key `name` signed; see `verify_text`."""
    return Checkpoint.parse(verify_text(note, name, public_der))


def verify_text(note: str, name: str, public_der: bytes) -> bytes:
    """The text that the key `name` signed, whatever it says; other keys' signatures are ignored.

    Raises `log.bad_signature` where that key did not sign, or where any signature in its name and id is false.
    """
    text, signatures = split(note)
    known = key_id(name, public_der)
    mine = [sig for who, ident, sig in signatures if who == name and compare_digest(ident, known)]
    if not mine:
        raise IntegrityError("log.bad_signature")
    check = _checker(public_der)
    for signature in mine:
        try:
            check(signature, text)
        except InvalidSignature:
            raise IntegrityError("log.bad_signature") from None
    return text


def split(note: str) -> tuple[bytes, list[tuple[str, bytes, bytes]]]:
    """The text of `note`, and its signatures as (name, key id, signature), none of them checked."""
    text, gap, tail = note.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or len(note.encode("utf-8", "replace")) > MAX_NOTE:
        raise IntegrityError("log.bad_checkpoint")
    return _bytes(text + "\n"), [_signature(line) for line in tail[:-1].split("\n")]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    found = _SIGNATURE.fullmatch(line)
    blob = _unbase64(found[2]) if found else b""
    if not found or len(blob) <= KEY_ID_SIZE:
        raise IntegrityError("log.bad_checkpoint", field="signature")
    return found[1], blob[:KEY_ID_SIZE], blob[KEY_ID_SIZE:]


def _checker(public_der: bytes) -> Callable[[bytes, bytes], None]:
    """How to check (signature, text) under this key: InvalidSignature where it is false."""
    key = _loaded(public_der)
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return lambda signature, text: key.verify(signature, text, ECDSA(SHA256()))
    if isinstance(key, RSAPublicKey) and key.key_size == RSA_SIZE:
        return lambda signature, text: key.verify(signature, text, PSS(MGF1(SHA256()), SALT_SIZE), SHA256())
    raise IntegrityError("log.bad_signature", field="key")


def _loaded(public_der: bytes) -> object:
    """The public key, of whatever kind; None for what is no key."""
    try:
        return load_der_public_key(public_der)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _unbase64(text: str) -> bytes:
    """`text` decoded; refused unless it is the one way to write its bytes (RFC 4648 §3.5)."""
    try:
        value = b64decode(text, validate=True)
    except ValueError:
        raise IntegrityError("log.bad_checkpoint") from None
    if _base64(value) != text:
        raise IntegrityError("log.bad_checkpoint")
    return value


def _utf8(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise IntegrityError("log.bad_checkpoint") from None


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise IntegrityError("log.bad_checkpoint") from None
