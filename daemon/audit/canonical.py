"""Canonical JSON (RFC 8785) of the values that the log holds: one value, one text.

Numbers are integers that every reader holds exactly (|n| < 2^53); with that, no rule of RFC 8785 about
floating-point text is needed. Names are sorted by UTF-16 code units (RFC 8785 §3.2.3).
"""

import msgspec

from daemon.errors import IntegrityError

JSON = None | bool | int | str | list["JSON"] | dict[str, "JSON"]

MAX_INT = 2**53 - 1
# It writes what RFC 8785 §3.2.2.2 wants of a text, and what is no character it refuses.
_ENCODER = msgspec.json.Encoder()


def canonical(value: JSON) -> bytes:
    """The one text of `value`, UTF-8; `log.bad_entry` for floats, large integers, half characters, other types."""
    try:
        return _ENCODER.encode(_ordered(value))
    except (UnicodeEncodeError, RecursionError):
        raise IntegrityError("log.bad_entry") from None


def _ordered(value: object) -> object:
    # Each entry of the log comes through here some twenty times; nearly always with a text, else with a number.
    if type(value) is str or (type(value) is int and abs(value) <= MAX_INT):
        return value
    match value:
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case int() if abs(value) <= MAX_INT:
            return int(value)
        case list() | tuple():
            return [_ordered(inner) for inner in value]
        case dict() if all(isinstance(name, str) for name in value):
            # Where every name is ASCII its own order is that of UTF-16.
            order = None if all(map(str.isascii, value)) else _utf16
            return {str.__str__(name): _ordered(value[name]) for name in sorted(value, key=order)}
        case _:
            raise IntegrityError("log.bad_entry")


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")
