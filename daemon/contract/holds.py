"""Notices that are held (保留), as both municipalities concerned may see them, and the two people who can cancel one.

A 転入 usually comes before the 消除 of the municipality that the person leaves. Until that one comes it waits here, and every
answer about the person says so (転入保留中).
"""

from datetime import date

from msgspec import Struct

from daemon.contract.endpoint import Empty, Endpoint


class Hold(Struct, frozen=True, kw_only=True):
    """One held notice."""

    hold: str
    """Opaque reference, for `CancelHold`."""
    sender: str
    """The municipality (5 digits) whose notice waits."""
    other: str
    """The municipality that has the person, whose 消除 is waited for; empty where the sender's own notices are."""
    notice: str
    """The sender's id of the notice."""
    code: str
    """住民票コード that it names; on a console masked."""
    why: str
    """`elsewhere`, or `gap`: earlier counts of the sender have not come."""
    seq: int
    """The sender's count."""
    since: date
    """The day (in Japan) on which it came."""
    until: date
    """The last day on which it may still be applied."""


class Pending(Struct, frozen=True, kw_only=True):
    """A notice that waits about a person, as an answer about them says it: no more than this."""

    sender: str
    """The municipality (5 digits) whose notice waits."""
    why: str
    """`elsewhere`: 転入保留中, the municipality that has the person has not struck them off; or `gap`."""
    since: date
    """The day (in Japan) on which it came."""
    until: date
    """The last day on which it may still be applied."""


class Holds(Struct, frozen=True):
    """The oldest first."""

    holds: list[Hold]


class CancelHold(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """取りやめ: asked by one person, done when a second one asks for the same."""

    hold: str
    reason: str
    """In words; sealed in the log."""


class HoldCancelled(Struct, frozen=True):
    """Whether it is cancelled now; False where a second person still has to ask."""

    done: bool


HOLDS = Endpoint("GET", "/v1/holds", Empty, Holds)
"""Of the municipality that asks: those it sent, and those that wait for it."""
ENDPOINTS = (HOLDS,)

CONSOLE_HOLDS = Endpoint("GET", "/v1/holds", Empty, Holds)
CANCEL_HOLD = Endpoint("POST", "/v1/holds/cancel", CancelHold, HoldCancelled)
CONSOLE_ENDPOINTS = (CONSOLE_HOLDS, CANCEL_HOLD)
