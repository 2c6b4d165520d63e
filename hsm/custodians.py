"""Who the custodians are (鍵管理者): the rules for a set of them, and the file that names the first ones."""

import json
from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from daemon.errors import InputError
from hsm.protocol import Custodian
from hsm.signatures import public_key

FEWEST = 2
MOST = 16
MAX_NAME = 64  # characters
_MAX_FILE = 256 * 1024  # bytes


def require_sound(custodians: Sequence[Custodian]) -> None:
    """Raise InputError unless they can be the custodians: two or more, no id and no key twice, each key one we take."""
    if not FEWEST <= len(custodians) <= MOST:
        raise InputError("hsm.custodians_count")
    for what in ({each.id for each in custodians}, {each.public for each in custodians}):
        if len(what) != len(custodians):
            raise InputError("hsm.custodian_twice")
    for each in custodians:
        if not 0 < len(each.name) <= MAX_NAME or not each.name.isprintable():
            raise InputError("hsm.custodian_malformed", field="name")
        public_key(each.public)


def fingerprint(custodian: Custodian) -> str:
    """The SHA-256 of a custodian's public key, in hexadecimal."""
    return sha256(custodian.public).hexdigest()


def read(file: Path) -> list[Custodian]:
    """The custodians in a JSON file: a list of {id, name, public}, public as PEM or as base64 of DER."""
    try:
        with file.open("rb") as stream:
            entries = json.loads(stream.read(_MAX_FILE))
    except OSError:
        raise InputError("hsm.custodians_unreadable") from None
    except ValueError:
        raise InputError("hsm.custodian_malformed", field="json") from None
    if not isinstance(entries, list):
        raise InputError("hsm.custodian_malformed", field="json")
    found = [_custodian(entry) for entry in entries]
    require_sound(found)
    return found


def _custodian(entry: dict[str, str]) -> Custodian:
    try:
        return msgspec.convert({**entry, "public": _der(entry["public"])}, Custodian)
    except (msgspec.ValidationError, KeyError, TypeError):
        raise InputError("hsm.custodian_malformed") from None


def _der(public: str) -> bytes:
    try:
        if public.startswith("-----BEGIN"):
            key = load_pem_public_key(public.encode())
            return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b64decode(public, validate=True)
    except (ValueError, UnsupportedAlgorithm, AttributeError):
        raise InputError("hsm.public_malformed") from None
