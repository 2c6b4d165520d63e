"""What an entry of the log can be found by, although it is sealed: the people it is about, and the reference of its case. Pure."""

import unicodedata
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

CODE_DIGITS = 11
"""Of a 住民票コード."""

FIELDS = frozenset({"subject", "subjects", "terms", "application"})
"""The sealed fields that may mention something."""


class Kind(Enum):
    """What is mentioned; the value begins the content of each mention."""

    SUBJECT = b"\x01"
    """A person, by 住民票コード (an entry about nobody known says whom was asked for, as it was given)."""
    REFERENCE = b"\x02"
    """The application document (申請書等の番号) for which somebody acted."""


class Mention(NamedTuple):
    """One of them."""

    kind: Kind
    value: str

    @property
    def content(self) -> bytes:
        """What a label is made of; no two mentions have the same."""
        return self.kind.value + self.value.encode()


_SUBJECT, _REFERENCE = Kind.SUBJECT.value, Kind.REFERENCE.value


def mentioned(fields: Mapping[str, Any]) -> set[bytes]:
    """The contents of all that the sealed fields of one entry mention."""
    # Each entry comes through here as it is written.
    codes = [*fields.get("subjects", ()), fields.get("subject"), _asked_for(fields.get("terms"))]
    found = {_SUBJECT + code.encode() for code in codes if code}
    if application := str(fields.get("application", "")).strip():
        found.add(_REFERENCE + application.encode())
    return found


def _asked_for(terms: object) -> str:
    """Who was asked for by code; whoever was and was not shown was asked for nevertheless."""
    match terms:
        case {"code": str(typed)} if typed:
            return digits(typed)
        case _:
            return ""


def digits(typed: str) -> str:
    """The digits of a 住民票コード however it was typed; empty where they are not as many as one has."""
    found = "".join(char for char in unicodedata.normalize("NFKC", typed) if char.isdecimal())
    return found if len(found) == CODE_DIGITS else ""
