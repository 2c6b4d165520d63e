"""Manifests: what belongs together and left the register, as a text that the key service signs and a person can read.

    jukura.jp/<register>/manifest
    <kind>
    <its number, 32 hex digits>
    <time, UTC>
    <field> <value>                  one line each, in the order of the kind
    file <sha256> <bytes> <name>     one line for each file, by name

The signature lines of the note bear the name of the first line. No line can smuggle in another.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from daemon.errors import InputError

ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
FILE_NAME = re.compile(r"[a-z0-9][a-zA-Z0-9.-]{0,63}|README\.txt", re.ASCII)
"""A file of a manifest: no path, no hidden file."""
_FILE = re.compile(rf"file ([0-9a-f]{{64}}) (0|[1-9][0-9]{{0,15}}) ({FILE_NAME.pattern})", re.ASCII)
_HEAD = re.compile(r"jukura\.jp/[a-z]+/manifest\n", re.ASCII)
NAME = "manifest.txt"
"""The file that holds the signed note itself."""


class ManifestKind(StrEnum):
    """What it is of."""

    EXPORT = "export"
    """An export of the log for auditors (docs/audit/EXPORT.md); fields epoch, from, until, first, end."""


class File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file."""

    name: str
    sha256: Annotated[bytes, Meta(min_length=32, max_length=32)]
    size: int
    """Bytes."""


Lines = Sequence[tuple[str, str]]
"""Fields with their values, in order."""


def manifest_name(register: str) -> str:
    """First line of a manifest, and the name in its signature lines."""
    return f"jukura.jp/{register}/manifest"


def second(at: datetime) -> str:
    """A time as it stands in a manifest: UTC, to the second."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def files_of(note: bytes) -> list[File]:
    """What a manifest names, by name; InputError where it is none. Its signature is not checked."""
    try:
        text, _, _ = note.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise InputError("manifest.malformed") from None
    listed = [_FILE.fullmatch(line) for line in text.split("\n") if line.startswith("file ")]
    files = [File(name=line[3], sha256=bytes.fromhex(line[1]), size=int(line[2])) for line in listed if line]
    if not _HEAD.match(text) or len(files) != len(listed) or len({file.name for file in files}) != len(files):
        raise InputError("manifest.malformed")
    return files


def manifest_text(
    register: str, kind: ManifestKind, ident: str, at: datetime, *, lines: Lines, files: Iterable[File]
) -> bytes:
    """The bytes that the key service signs; whoever calls has checked what stands in them."""
    listed = sorted(files, key=lambda file: file.name)
    body = [
        manifest_name(register), kind, ident, second(at),
        *(f"{field} {value}" for field, value in lines),
        *(f"file {file.sha256.hex()} {file.size} {file.name}" for file in listed),
    ]  # fmt: skip
    return "".join(f"{line}\n" for line in body).encode()
