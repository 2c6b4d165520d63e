"""Canonical JSON (RFC 8785) of the values that the log holds: one value, one text.

Numbers are integers that every reader holds exactly (|n| < 2^53); with that, no rule of RFC 8785 about
floating-point text is needed. Names are sorted by UTF-16 code units (RFC 8785 §3.2.3).
"""

import json

from daemon.errors import IntegrityError

JSON = None | bool | int | str | list["JSON"] | dict[str, "JSON"]

MAX_INT = 2**53 - 1
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical(value: JSON) -> bytes:
    """The one text of `value`, UTF-8; `log.bad_entry` for floats, large integers, half characters, other types."""
    try:
        return _ENCODER.encode(_ordered(value)).encode("utf-8")
    except (UnicodeEncodeError, RecursionError):
        raise IntegrityError("log.bad_entry") from None


def _ordered(value: object) -> object:
    match value:
        case None | bool() | str():
            return value
        case int() if abs(value) <= MAX_INT:
            return int(value)
        case list() | tuple():
            return [_ordered(inner) for inner in value]
        case dict() if all(isinstance(name, str) for name in value):
            return {name: _ordered(value[name]) for name in sorted(value, key=_utf16)}
        case _:
            raise IntegrityError("log.bad_entry")


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")
