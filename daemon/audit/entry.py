"""One entry of the log: a public header, and sealed fields that are commitments in the leaf (design, section 5).

The leaf is what the tree hashes and what anyone may see: canonical JSON of the header and, for each sealed field,
SHA-256(0x02 ‖ name ‖ 0x00 ‖ salt ‖ canonical value). Salts and values are only in the *secret*, which the caller
encrypts under `log.<fiscal year>`; with that key destroyed, 256 bits of salt leave nothing to guess against.

A header has no room for a person: its strings are identifiers in ASCII without a run of 11 digits and its counts
have 10 digits at the most, so neither a name nor a 住民票コード nor an 個人番号 fits. Every breach is an IntegrityError (`log.bad_entry`, `log.bad_commitment`).
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from daemon.audit.action import Action
from daemon.audit.canonical import JSON, MAX_INT, canonical
from daemon.errors import IntegrityError

FORMAT: Literal[1] = 1
SALT_SIZE = 32  # bytes
MAX_COUNT = 10**10 - 1  # ten digits
FIELD_TAG = b"\x02"  # 0x00 and 0x01 are the tree's own (RFC 9162 §2.1.1)

IDENTIFIER = re.compile(r"(?!.*[0-9]{11})[A-Za-z0-9._:/@-]{0,64}", re.ASCII)
CODE = re.compile(r"(?!.*[0-9]{4})[a-z0-9_.]{0,64}", re.ASCII)
_NAME = re.compile(r"(?!.*[0-9]{4})[a-z][a-z0-9_]{0,31}", re.ASCII)
KEPT = 1024
"""Texts of a header of which is known whether they are in order: few are in use, and each entry has the same again."""


@lru_cache(KEPT)
def _is_identifier(text: str) -> bool:
    return IDENTIFIER.fullmatch(text) is not None


@lru_cache(KEPT)
def _is_code(text: str) -> bool:
    return CODE.fullmatch(text) is not None


@lru_cache(KEPT)
def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


class Outcome(StrEnum):
    """How it ended."""

    OK = "ok"
    REFUSED = "refused"
    """A rule forbade it; nothing changed."""
    FAILED = "failed"
    """It was allowed and did not work."""


class Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What anyone may know of an entry. Raises `log.bad_entry` where a field breaks the form."""

    epoch: int
    """Of the log, from 1."""
    seq: int
    """Place in the tree, from 0."""
    time: datetime
    """When it happened; written as UTC with microseconds."""
    actor: str
    """An operator's id, `municipality:<5 digits>`, `system`; empty where unknown."""
    terminal: str
    """Item 17; empty where no terminal took part."""
    action: Action
    outcome: Outcome
    affair: str = ""
    """Id in the catalogue of affairs (事務)."""
    code: str = ""
    """The error's code where the outcome is not ok."""
    counts: dict[str, int] = {}
    """Public figures such as `hits`."""

    def __post_init__(self) -> None:
        sound = {
            "epoch": 1 <= self.epoch <= MAX_INT,
            "seq": 0 <= self.seq <= MAX_INT,
            "time": self.time.tzinfo is not None,
            "actor": _is_identifier(self.actor),
            "terminal": _is_identifier(self.terminal),
            "affair": _is_identifier(self.affair),
            "code": _is_code(self.code),
            "counts": not self.counts
            or all(_is_name(name) and 0 <= n <= MAX_COUNT for name, n in self.counts.items()),
        }
        if not all(sound.values()):
            raise IntegrityError("log.bad_entry", field=next(field for field in sound if not sound[field]))


class Sealed(NamedTuple):
    """A sealed field, open: with both parts anyone can check the commitment."""

    salt: bytes
    value: JSON


class Opened(NamedTuple):
    """An entry with its sealed fields, all of them checked against the leaf."""

    header: Header
    fields: dict[str, Sealed]


_FieldName = Annotated[str, Meta(pattern=rf"\A{_NAME.pattern}\Z")]
_Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class _Leaf(Header, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Literal[1]
    commitments: dict[_FieldName, _Digest]


def seal_parts(header: Header, fields: Mapping[str, JSON], salt: Callable[[], bytes]) -> tuple[bytes, bytes]:
    """The leaf, and the secret that the caller must encrypt; `salt` gives 32 fresh random bytes a call."""
    sealed = {name: Sealed(salt(), fields[name]) for name in sorted(fields)}
    commitments = {name: commitment(name, field) for name, field in sealed.items()}
    return _leaf(header, commitments), msgspec.msgpack.encode(sealed)


def commitment(name: str, field: Sealed) -> str:
    """The commitment to one field, 64 hex digits."""
    if len(field.salt) != SALT_SIZE:
        raise IntegrityError("log.bad_entry", field="fields")
    return sha256(_opening(name) + field.salt + canonical(field.value)).hexdigest()


@lru_cache(KEPT)
def _opening(name: str) -> bytes:
    """How what is hashed of a field begins."""
    if not _is_name(name):
        raise IntegrityError("log.bad_entry", field="fields")
    return FIELD_TAG + name.encode() + b"\x00"


def header_of(leaf: bytes) -> Header:
    """The header in `leaf`; `log.bad_entry` unless the leaf is canonical and whole."""
    return _parsed(leaf)[0]


def public_of(leaf: bytes) -> tuple[Header, list[str]]:
    """As `header_of`, and the names of the sealed fields."""
    header, commitments = _parsed(leaf)
    return header, sorted(commitments)


def opened(leaf: bytes, secret: bytes) -> Opened:
    """The entry with every field that its leaf commits to; `log.bad_commitment` if one differs or is missing."""
    header, commitments = _parsed(leaf)
    fields = _secret(secret)
    if fields.keys() != commitments.keys():
        raise IntegrityError("log.bad_commitment")
    for name, field in fields.items():
        if not compare_digest(commitment(name, field), commitments[name]):
            raise IntegrityError("log.bad_commitment", field=name)
    return Opened(header, fields)


def _leaf(header: Header, commitments: Mapping[str, str]) -> bytes:
    """Canonical JSON (RFC 8785), put together directly: an entry's texts are of forms in which nothing needs an escape."""
    time = _written(header.time)
    sealed = ",".join(f'"{name}":"{commitments[name]}"' for name in sorted(commitments))
    counts = ",".join(f'"{name}":{int(header.counts[name])}' for name in sorted(header.counts))
    return (
        f'{{"action":"{header.action}","actor":"{header.actor}","affair":"{header.affair}","code":"{header.code}",'
        f'"commitments":{{{sealed}}},"counts":{{{counts}}},"epoch":{header.epoch},"format":{FORMAT},'
        f'"outcome":"{header.outcome}","seq":{header.seq},"terminal":"{header.terminal}","time":"{time}Z"}}'
    ).encode()


@lru_cache(16)
def _written(time: datetime) -> str:
    """The same for all entries of a commit."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _parsed(leaf: bytes) -> tuple[Header, dict[str, str]]:
    try:
        whole = msgspec.json.decode(leaf, type=_Leaf)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise IntegrityError("log.bad_entry") from None
    header = Header(**{name: getattr(whole, name) for name in Header.__struct_fields__})
    if _leaf(header, whole.commitments) != leaf:
        raise IntegrityError("log.bad_entry")
    return header, whole.commitments


def _secret(secret: bytes) -> dict[str, Sealed]:
    try:
        fields = msgspec.msgpack.decode(secret, type=dict[str, tuple[bytes, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise IntegrityError("log.bad_commitment") from None
    return {name: Sealed(salt, value) for name, (salt, value) in fields.items()}
