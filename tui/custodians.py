"""The file that names all custodians: JSON, a list of {id, name, public}, public as PEM or as base64 of DER."""

import base64
import binascii
from pathlib import Path

import msgspec

from daemon.contract import codec
from daemon.contract.keys import Custodian
from daemon.errors import InputError


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: str
    public: str


def read(file: Path) -> list[Custodian]:
    """The custodians in `file`; InputError where it cannot be read or does not fit."""
    try:
        entries = codec.decode(file.read_bytes(), list[_Entry])
        return [
            msgspec.convert({"id": e.id, "name": e.name, "public": _der(e.public)}, Custodian)
            for e in entries
        ]
    except (OSError, InputError, msgspec.ValidationError, binascii.Error):
        raise InputError("console.custodians_unreadable", field="set") from None


def _der(public: str) -> bytes:
    lines = [line for line in public.split() if line]
    if public.startswith("-----BEGIN"):
        body = public.partition("-----\n")[2].partition("-----END")[0]
        lines = body.split()
    return base64.b64decode("".join(lines), validate=True)
