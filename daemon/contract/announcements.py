"""Planned stops, as municipalities can ask for them: while one lasts, whatever else they ask is answered with 503."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from daemon.contract.endpoint import Empty, Endpoint

MAX_TEXT = 400  # characters

Moment = Annotated[datetime, Meta(tz=True)]
"""With its offset: nobody has to guess in which zone it is."""


class Announcement(Struct, frozen=True, kw_only=True):
    """One planned stop (計画停止)."""

    id: str
    begins: Moment
    ends: Moment
    text: str
    """Why, in the prefecture's words."""


class Announcements(Struct, frozen=True):
    """Those that are not over, the next one first."""

    announcements: list[Announcement]


ANNOUNCEMENTS = Endpoint("GET", "/v1/announcements", Empty, Announcements)
