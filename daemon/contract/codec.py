"""Strict JSON: what is not exactly what we expect is refused, with the name of the field where one is known.

An object that has the same name twice is refused (RFC 8259 §4 leaves the meaning open, so two readers could see two
different notices). The standard parser can tell; what is compact, and so the very text that its values have, cannot hold one, and
is read five times as fast. msgspec then checks the shape: types, missing and unknown fields. Refused as well: anything but UTF-8, NaN and Infinity, halves of surrogate pairs, whatever is nested too
deeply for the parser.
"""

import json
import re
from typing import Any, NoReturn, TypeVar

import msgspec

from daemon.errors import InputError

T = TypeVar("T")

_PATH = re.compile(r"`\$\.?([A-Za-z0-9_.\[\]]*)`")


class _Doubled:
    """Stands for an object that has one name twice, until someone asks for that object."""


_DOUBLED = _Doubled()


def _pairs(pairs: list[tuple[str, Any]]) -> object:
    names = dict(pairs)
    return names if len(names) == len(pairs) else _DOUBLED


def _constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def parse(body: bytes) -> object:
    """`body` as plain values; an object with a doubled name is refused only by `weigh`, so its neighbours can be used."""
    compact = _compact(body)
    return _any(body) if compact is None else compact[0]


def _compact(body: bytes) -> tuple[object] | None:
    """The value of a text that is what we would write of it ourselves: of no name or digit was anything lost. None of another one."""
    try:
        value = msgspec.json.decode(body)
        return (value,) if msgspec.json.encode(value) == body else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _any(body: bytes) -> object:
    try:
        # Decoded here: given bytes, json would guess UTF-16 and UTF-32 too.
        return json.loads(body.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
    except RecursionError:
        raise InputError("json.too_deep") from None
    except UnicodeDecodeError:
        raise InputError("json.not_utf8") from None
    except ValueError:
        raise InputError("json.malformed") from None


def weigh(value: object) -> int:
    """The size in bytes of a parsed value; InputError if it holds a doubled name or half a surrogate pair."""
    try:
        return len(msgspec.json.encode(value))
    except UnicodeEncodeError:
        raise InputError("json.half_character") from None
    except TypeError:
        raise InputError("json.doubled_name") from None
    except RecursionError:
        raise InputError("json.too_deep") from None


def shape(value: object, into: type[T]) -> T:
    """A parsed and weighed value as `into`, or an InputError that names the field."""
    try:
        return msgspec.convert(value, into)
    except msgspec.ValidationError as error:
        raise InputError("json.wrong_shape", field=field_of(error)) from None


def field_of(error: msgspec.ValidationError) -> str:
    """The name of the field at fault; empty where none is known."""
    found = _PATH.search(str(error))
    return found[1] if found else ""


def decode(body: bytes, into: type[T]) -> T:
    """`body` as `into`, or an InputError that names the field."""
    value = parse(body)
    try:
        weigh(value)
    except InputError as error:
        raise InputError(error.code, field=_at_fault(value, into)) from None
    return shape(value, into)


def _at_fault(value: object, into: type) -> str:
    """The first of `into`'s own fields that cannot be weighed by itself; empty if the fault lies elsewhere."""
    held = value if isinstance(value, dict) else {}
    for field in getattr(into, "__struct_fields__", ()):
        try:
            weigh(held.get(field))
        except InputError:
            return str(field)
    return ""


def encode(message: object) -> bytes:
    """`message` as compact JSON."""
    return msgspec.json.encode(message)
