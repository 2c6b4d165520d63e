"""What the key service signs beside checkpoints, and what custodians sign: texts that a person can read.

A statement is a signed note (C2SP signed-note) whose text is

    jukura.jp/<register>/statement
    <kind>
    <number>
    <time, UTC>
    <field> <value>        one line each, in the order of `FIELDS`

and a proposal is the same with `proposal` (or `cancel`) in the first line and the proposal's id for the number.
No line can smuggle in another: values with control characters are refused (`statement.malformed`).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from daemon.errors import InputError

_VALUE = re.compile(r"[^\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]*")
_FIELD = re.compile(r"[a-z][a-z0-9_]*")


class Kind(StrEnum):
    """What happened."""

    ENDORSEMENT = "endorsement"
    """An earlier pair vouches for a new one: name, serial, kind, public (base64 of the SubjectPublicKeyInfo)."""
    DESTRUCTION = "destruction"
    """A key was destroyed: name, confirmed and missing serials. Issued again when a missing token confirms."""
    TOKEN_ENROLLED = "token_enrolled"  # noqa: S105 - a kind, not a secret
    """serial, model, uri, keys (how many were wrapped for it)."""
    TOKEN_RETIRED = "token_retired"  # noqa: S105
    """serial, model, successor (a serial, or empty), keys."""
    CLOCK_SET = "clock_set"
    """before, after."""
    CUSTODIANS_SET = "custodians_set"
    """One line `custodian <id> <sha256 of public>` each."""
    PIN_CLEARED = "pin_cleared"
    """label."""
    EPOCH_OPENED = "epoch_opened"
    """The log goes on in a new epoch from less than was signed: see `daemon.contract.epochs`."""
    CEREMONY = "ceremony"
    """The transcript of a ceremony, one line a step."""


Lines = Sequence[tuple[str, str]]
"""Fields with their values, in order; a field may stand more than once."""


def statement_name(register: str) -> str:
    """First line of a statement."""
    return f"jukura.jp/{register}/statement"


def statement_text(register: str, kind: Kind, number: int, at: datetime, lines: Lines) -> bytes:
    """The bytes that the key service signs."""
    return _text(f"jukura.jp/{register}/statement", kind, str(number), at, lines)


def proposal_text(register: str, deed: str, ident: str, asked: datetime, lines: Lines) -> bytes:
    """The bytes that a custodian signs to agree."""
    return _text(f"jukura.jp/{register}/proposal", deed, ident, asked, lines)


def cancel_text(register: str, deed: str, ident: str, asked: datetime, lines: Lines) -> bytes:
    """The bytes that a custodian signs to cancel."""
    return _text(f"jukura.jp/{register}/cancel", deed, ident, asked, lines)


def lines_of(text: bytes) -> tuple[str, str, Mapping[str, list[str]]]:
    """First line, kind and fields of a statement's or proposal's text; `statement.malformed` for any other text."""
    try:
        head, kind, _, _, *rest, end = text.decode("utf-8").split("\n")
    except (UnicodeDecodeError, ValueError):
        raise InputError("statement.malformed") from None
    if end or not head.startswith("jukura.jp/"):
        raise InputError("statement.malformed")
    fields: dict[str, list[str]] = {}
    for line in rest:
        field, gap, value = line.partition(" ")
        if not gap or not _FIELD.fullmatch(field):
            raise InputError("statement.malformed")
        fields.setdefault(field, []).append(value)
    return head, kind, fields


def _text(head: str, kind: str, ident: str, at: datetime, lines: Lines) -> bytes:
    time = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    for field, value in lines:
        if not _FIELD.fullmatch(field) or not _VALUE.fullmatch(value):
            raise InputError("statement.malformed", field=field)
    body = [head, kind, ident, time, *(f"{field} {value}" for field, value in lines)]
    return "".join(f"{line}\n" for line in body).encode()
