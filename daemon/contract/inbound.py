"""What the national server asks of a register, over mutual TLS 1.3 on a socket of its own (`national-in`).

The caller is the certificate's SAN URI `urn:jukura:national:<register>`, from an authority that is not the municipalities'.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from daemon.contract.endpoint import Endpoint

MAX_WORDS = 500
"""Characters of what the 機構 says in words."""

Id = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{1,64}\Z")]
Code = Annotated[str, Meta(pattern=r"\A[0-9]{11}\Z")]
Item = Annotated[str, Meta(pattern=r"\A[a-z_]{1,40}\Z")]
Number = Annotated[int, Meta(ge=1, lt=2**62)]


class ErrorReport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """機構からの誤りの通報 (住基法30条の8): which record, and what is wrong with it. It changes no record."""

    id: Id
    """Names the report for ever: the same one again is answered and counts once."""
    code: Code
    """住民票コード of the record."""
    serial: Annotated[int, Meta(ge=1)] | None = None
    """更新順番号 of the version; None where it is about the newest."""
    items: Annotated[list[Item], Meta(max_length=40)] = []
    """Names of the items at fault, as in the row."""
    words: Annotated[str, Meta(max_length=MAX_WORDS)] = ""
    """What is wrong, in words."""


class ErrorOutcome(StrEnum):
    TAKEN = "taken"
    DUPLICATE = "duplicate"


class ErrorTaken(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of an error report."""

    outcome: ErrorOutcome
    municipality: str = ""
    """Which municipality is told (5 digits); empty where nobody's record has this code."""


class Again(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Asks for the messages with these numbers once more, the last included."""

    first: Number
    last: Number


class AgainTaken(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """They come by the ordinary line, each marked as a repeat.

    A number between `kept` and `given` that does not come was refused when it was sent, and its message has another one.
    """

    first: int
    last: int
    """The part of what was asked that can come; `first` is above `last` where nothing can."""
    kept: int
    """Numbers below this one are remembered no longer."""
    given: int
    """The highest number given so far."""


ERRORS = Endpoint("POST", "/v1/errors", ErrorReport, ErrorTaken)
AGAIN = Endpoint("POST", "/v1/messages/again", Again, AgainTaken)
ENDPOINTS = (ERRORS, AGAIN)
