"""How far the first load of a register has come: its mark in META, its figures, and how they stand in the log."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.errors import ConflictError

One = TypeVar("One")
Other = TypeVar("Other")

MARK = b"migration"
"""In META while a load is under way: `Mark`."""
SECRET = 32  # bytes


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """How far a load has come."""

    secret: bytes
    """What the ids are drawn from; it goes with the mark."""
    people: int = 0
    rows: int = 0
    digest: bytes = b""
    """SHA-256 over the ids of all versions, in order."""

    @classmethod
    def new(cls) -> "Mark":
        """Of a load that begins."""
        return cls(secrets.token_bytes(SECRET))

    @classmethod
    def of(cls, kept: bytes) -> "Mark":
        """As it was kept."""
        return msgspec.msgpack.decode(kept, type=cls)

    def kept(self) -> bytes:
        """As it is kept."""
        return msgspec.msgpack.encode(self)

    def require_same(self, last: "Mark", at: "Mark") -> None:
        """Raise where a load that was cut off here comes past this point, from `last` to `at`, in another way."""
        passes = last.people < self.people <= at.people
        if passes and (at.people, at.digest) != (self.people, self.digest):
            raise ConflictError("migration.other_source")


@dataclass
class Totals:
    """What became of the histories."""

    people: int = 0
    rows: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    """Versions that the transition table would not have let follow, by its code; they are in."""
    refused: Counter[str] = field(default_factory=Counter)
    """People who cannot be taken over, by the code of the first fault."""


def act(action: Action, totals: Totals, *, digest: bytes = b"", code: str = "") -> Act:
    """The entry of `action`; the digest is that of all rows so far."""
    counts = {"people": totals.people, "rows": totals.rows, "warnings": totals.warnings.total()}
    return Act(
        action,
        "jukurad",
        Outcome.FAILED if code else Outcome.OK,
        code=code,
        counts=counts,
        sealed={"digest": digest.hex(), "warnings": dict(totals.warnings)},
    )


async def together(one: Awaitable[One], other: Awaitable[Other]) -> tuple[One, Other]:
    """Both results, once both have ended; what the second raised, or else the first."""
    first, second = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(second, BaseException):
        raise second
    if isinstance(first, BaseException):
        raise first
    return first, second
