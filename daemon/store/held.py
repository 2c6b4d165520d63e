"""A notice that waits for another one (保留), as it lies in the truth, and what is kept of it in memory. Pure."""

from datetime import date, datetime
from typing import NamedTuple

from msgspec import Struct

from daemon.register.admission import Why


class Held(Struct, frozen=True, array_like=True):
    """Sealed under `work`."""

    sender: str
    """5 digits."""
    code: str
    """住民票コード that it names."""
    notice: str
    """The id that its sender gave it."""
    seq: int
    """The sender's count."""
    why: Why
    other: str
    """The municipality (5 digits) that has the person, or empty."""
    received: datetime
    """When it came first, UTC."""
    until: date
    """The last day (in Japan) on which it may still be applied."""
    body: bytes
    """The notice as JSON."""
    old: str = ""
    """The 住民票コード that it says its person had before, or empty."""


class Waiting(NamedTuple):
    """The same without the notice: what has to be known of it at any moment."""

    key: bytes
    sender: str
    code: str
    notice: str
    seq: int
    why: Why
    other: str
    received: datetime
    until: date
    old: str = ""

    @property
    def codes(self) -> set[str]:
        """Under which it is looked for: what comes before a change of the code names the old one."""
        return {self.code, self.old} if self.old else {self.code}


def waiting(key: bytes, held: Held) -> Waiting:
    """What is kept in memory of `held`, which lies under `key`."""
    return Waiting(
        key,
        held.sender,
        held.code,
        held.notice,
        held.seq,
        held.why,
        held.other,
        held.received,
        held.until,
        held.old,
    )
