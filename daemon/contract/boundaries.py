"""Announced 廃置分合・境界変更 (地方自治法7条), as the console asks for them: two people announce one, two take one back.

From the day named the municipality `new` may notify (異動事由 38) of people whom `old` had. Without it nobody may.
"""

from datetime import date

from msgspec import Struct

from daemon.contract.endpoint import Empty, Endpoint


class BoundaryChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People of `old` come to belong to `new`. One 廃置分合 is as many of these as it has municipalities that end."""

    old: str
    """The municipality (5 digits) that has them until the day before; it may be one that the day abolishes."""
    new: str
    """The municipality (5 digits) that has them from the day on, and sends the notices."""
    on: date
    """The day."""


class BoundaryChanges(Struct, frozen=True):
    """By day, then by code."""

    changes: list[BoundaryChange]


class BoundaryAsked(Struct, frozen=True):
    """Whether it counts now; False where a second person still has to ask for the same, within 24 hours."""

    done: bool


BOUNDARIES = Endpoint("GET", "/v1/boundaries", Empty, BoundaryChanges)
ANNOUNCE_BOUNDARY = Endpoint("POST", "/v1/boundaries", BoundaryChange, BoundaryAsked)
WITHDRAW_BOUNDARY = Endpoint("POST", "/v1/boundaries/withdrawals", BoundaryChange, BoundaryAsked)
"""Before the day only: afterwards notices may have been taken under it."""
BOUNDARY_ENDPOINTS = (BOUNDARIES, ANNOUNCE_BOUNDARY, WITHDRAW_BOUNDARY)
