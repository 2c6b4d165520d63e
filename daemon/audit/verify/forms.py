"""What every value must look like, to the letter: JSON (RFC 8785), base64 (RFC 4648), times, identifiers, keys."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any

HASH_SIZE = 32  # bytes
MAX_INT = 2**53 - 1
KINDS = ECDSA_KIND, RSA_KIND = "ecdsa_p256", "rsa_pss_3072"

IDENTIFIER = re.compile(r"(?!.*[0-9]{11})[A-Za-z0-9._:/@-]{0,64}", re.ASCII)
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)
SECOND = re.compile(TIME.pattern.replace(r"\.[0-9]{6}", ""), re.ASCII)
SEAL = re.compile(r"seal\.[1-9][0-9]{0,8}", re.ASCII)
SERIAL = re.compile(r"[^\x00-\x1f\x7f]{0,64}")
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)

Form = Callable[[object], bool]
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


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


def unbase64(text: object) -> bytes:
    """The bytes of `text`, or none unless it is their one base64 form (RFC 4648 §3.5)."""
    try:
        value = b64decode(str(text), validate=True)
    except ValueError:
        return b""
    return value if b64encode(value).decode() == text else b""


def hashes(texts: object) -> list[bytes] | None:
    """The 32-byte values of a list of base64 texts; None where one is none."""
    if not isinstance(texts, list):
        return None
    values = [unbase64(text) for text in texts]
    return values if all(len(value) == HASH_SIZE for value in values) else None


def second(text: object) -> bool:
    """A time in UTC to the second that exists."""
    return _exists(SECOND, text)


def _matches(pattern: re.Pattern[str]) -> Form:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _number(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_INT


def _exists(pattern: re.Pattern[str], value: object) -> bool:
    try:
        return _matches(pattern)(value) and datetime.fromisoformat(str(value)) is not None
    except ValueError:
        return False


def _moment(value: object) -> bool:
    """A time in UTC with microseconds."""
    return _exists(TIME, value)


def fits(value: dict[str, Any] | None, forms: dict[str, Form]) -> bool:
    """Whether `value` has each of these names, and no other, in its form."""
    return (
        value is not None
        and value.keys() == forms.keys()
        and all(form(value[name]) for name, form in forms.items())
    )


KEY: dict[str, Form] = {
    "from": _moment,
    "key": _matches(SEAL),
    "kind": lambda value: value in KINDS,
    "name": _matches(IDENTIFIER),
    "public": lambda value: isinstance(value, str),
    "serial": _matches(SERIAL),
}
"""A public key's line."""

RANGE: dict[str, Form] = {
    "checkpoint": lambda value: isinstance(value, str),
    "end": _number,
    "first": lambda value: isinstance(value, str),
    "last": lambda value: isinstance(value, str),
    "root": lambda value: len(unbase64(value)) == HASH_SIZE,
}
"""What an entry `log.purged` says of what was deleted."""

EARLIER: dict[str, Form] = {"proof": lambda value: hashes(value) is not None, "size": _number}
"""A consistency proof."""
